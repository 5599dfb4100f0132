// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {
    Account,
    LoanFlags,
    LoanTerms,
    Owed,
    PurposeCap,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {RandomTerms} from "../base/RandomTerms.sol";
import {DayByDayLoan} from "../models/DayByDayLoan.sol";
import {HandlerBase} from "./HandlerBase.sol";

/// @title AgreementHandler
/// @notice Random agreements: originated, revoked, cancelled, disbursed, used, restructured, assigned.
abstract contract AgreementHandler is HandlerBase {
    using DayByDayLoan for DayByDayLoan.State;
    using Strings for uint256;

    uint256 private _drawn;

    function originate(uint256 seed) external {
        seed = _begin(seed);
        LoanTerms memory terms = _randomTerms(seed);
        bool isFull = loanIds.length >= ORIGINATED_MAX;
        if (isFull || LEDGER.isPaused() || !_areActive(terms)) return;
        _originate(terms);
    }

    function revokeSignature(uint256 seed) external {
        seed = _begin(seed);
        LoanTerms memory terms = _randomTerms(seed);
        _revokeSignature(terms, seed >> 40 & 1 == 0 ? terms.lender : terms.borrower);
    }

    function cancel(uint256 seed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Approved);
        if (loanId == 0 || seed >> 32 & 3 != 0) return;
        _cancel(terms, seed >> 40 & 1 == 0 ? terms.lender : terms.borrower);
    }

    function cancelSignatures(uint256 seed) external {
        seed = _begin(seed);
        _cancelSignatures(_anyParty(seed));
    }

    function disburse(uint256 seed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Approved);
        if (loanId == 0 || LEDGER.isPaused() || _isPast(terms.disburseBy)) return;
        if (!_isActive(terms.lender) || !_isActive(terms.borrower)) return;
        _fund(terms.lender, terms.principalMinor);
        _disburse(loanId, terms, seed >> 16 & 1 == 0 ? terms.lender : _players.servicer);
    }

    function pay(uint256 seed, uint256 amountSeed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Active);
        if (loanId == 0 || !_isActive(terms.borrower) || _isAccelerated(loanId)) return;
        uint256 index = (seed >> 16) % terms.purposes.length;
        PurposeCap memory agreed = terms.purposes[index];
        address payee = _players.parties[5 + (agreed.payeeCategory == 0 ? seed >> 24 & 1 : 0)];
        uint256 left = agreed.capMinor - LEDGER.spentMinor(loanId, agreed.purpose);
        uint256 most = _least(left, LEDGER.loanOf(loanId).account.controlledMinor);
        if (most == 0 || !_isActive(payee)) return;
        _pay(terms, payee, uint64(bound(amountSeed, 1, most)), agreed.purpose);
    }

    function withdraw(uint256 seed, uint256 amountSeed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Active);
        if (loanId == 0 || !_isActive(terms.borrower) || _isAccelerated(loanId)) return;
        Account memory account = LEDGER.loanOf(loanId).account;
        uint256 most =
            _least(terms.selfPaidMinorMax - account.withdrawnMinor, account.controlledMinor);
        if (most == 0) return;
        _withdraw(terms, uint64(bound(amountSeed, 1, most)));
    }

    function restructure(uint256 seed) external {
        seed = _begin(seed);
        (bytes32 priorId, LoanTerms memory prior) = _pick(seed, Status.Active);
        if (priorId == 0 || loanIds.length == LOANS_MAX || LEDGER.isPaused()) return;
        DayByDayLoan.State memory simulated = simulatedOf(priorId);
        Owed memory owed = simulated.owed();
        if (owed.outstandingPrincipalMinor == 0 || seed >> 32 & 3 == 0) return;
        LoanTerms memory terms = _randomTerms(seed);
        (terms.lender, terms.borrower) = (lenderOf(priorId), prior.borrower);
        terms.lenderNonce = REGISTRY.partyOf(terms.lender).signatureNonce;
        terms.borrowerNonce = REGISTRY.partyOf(terms.borrower).signatureNonce;
        terms.priorLoanId = priorId;
        if (terms.principalMinor < owed.outstandingPrincipalMinor) {
            uint64 more = uint64(owed.outstandingPrincipalMinor) - terms.principalMinor;
            terms.principalMinor += more;
            terms.instalments[terms.instalments.length - 1].principalMinor += more;
        }
        if (!_areActive(terms)) return;
        _restructure(prior, terms, owed);
    }

    function assign(uint256 seed, uint256 priceSeed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pickCarried(seed);
        if (loanId == 0) return;
        address seller = lenderOf(loanId);
        address buyer = _players.parties[seller == _players.parties[0] ? 1 : 0];
        if (!_isActive(buyer) || !_isActive(seller)) return;
        uint64 price = uint64(priceSeed % 1_000_000_000);
        if (price != 0) _fund(buyer, price);
        _assign(terms, seller, buyer, price);
    }

    function revokeMandate(uint256 seed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Active);
        if (loanId == 0 || terms.mandateMinorMax == 0 || seed >> 32 & 7 != 0) return;
        if (LEDGER.loanOf(loanId).loan.flags & LoanFlags.MANDATE_REVOKED != 0) return;
        _revokeMandate(terms);
    }

    /* ONE CALL EACH, BETWEEN THE START AND THE END OF A RECORDING */

    function _originate(LoanTerms memory terms) private booked("originate") {
        bytes32 digest = LEDGER.digestOf(_witness(terms), _agreement(terms));
        bytes32 loanId = LEDGER.originate(
            _witness(terms),
            _agreement(terms),
            _sign(terms.lender, digest),
            _sign(terms.borrower, digest),
            terms.guarantor == address(0) ? bytes("") : _sign(terms.guarantor, digest)
        );
        _add(loanId, terms);
    }

    function _revokeSignature(LoanTerms memory terms, address party) private booked("revokeSignature") {
        vm.prank(party);
        LEDGER.revokeSignature(_witness(terms));
        Status status = LEDGER.loanOf(LEDGER.idOf(_witness(terms))).loan.status;
        vm.assertEq(uint256(status), uint256(Status.Revoked));
    }

    function _cancel(LoanTerms memory terms, address party) private booked("cancel") {
        vm.prank(party);
        LEDGER.cancel(_witness(terms));
    }

    function _cancelSignatures(address party) private booked("cancelSignatures") {
        vm.prank(party);
        REGISTRY.cancelSignatures();
    }

    function _disburse(bytes32 loanId, LoanTerms memory terms, address caller)
        private
        booked("disburse")
    {
        vm.prank(caller);
        LEDGER.disburse(_witness(terms), _agreement(terms));
        _simulate(loanId, DayByDayLoan.start(terms, _today()));
    }

    function _pay(LoanTerms memory terms, address payee, uint64 amountMinor, bytes32 purpose)
        private
        booked("pay")
    {
        uint256 before = TOKEN.balanceOf(payee);
        vm.prank(terms.borrower);
        LEDGER.pay(_witness(terms), _agreement(terms), payee, amountMinor, purpose, "invoice");
        vm.assertEq(TOKEN.balanceOf(payee), before + amountMinor);
    }

    function _withdraw(LoanTerms memory terms, uint64 amountMinor) private booked("withdraw") {
        vm.prank(terms.borrower);
        LEDGER.withdraw(_witness(terms), _agreement(terms), amountMinor);
    }

    function _restructure(LoanTerms memory prior, LoanTerms memory terms, Owed memory owed)
        private
        booked("restructure")
    {
        bytes32 digest = LEDGER.digestOf(_witness(terms), _agreement(terms));
        bytes32 loanId = LEDGER.restructure(
            _witness(prior),
            _witness(terms),
            _agreement(terms),
            _sign(terms.lender, digest),
            _sign(terms.borrower, digest),
            terms.guarantor == address(0) ? bytes("") : _sign(terms.guarantor, digest)
        );
        _add(loanId, terms);
        DayByDayLoan.State memory simulated = DayByDayLoan.start(terms, _today());
        simulated.carry(
            owed.penaltyMinor,
            owed.interestMinor + owed.payoffInterestMinor,
            owed.outstandingPrincipalMinor
        );
        _simulate(loanId, simulated);
    }

    function _assign(LoanTerms memory terms, address seller, address buyer, uint64 price)
        private
        booked("assign")
    {
        bytes32 digest =
            LEDGER.assignmentDigestOf(_witness(terms), buyer, price, terms.disburseBy + 10_000_000);
        LEDGER.assign(
            _witness(terms),
            buyer,
            price,
            terms.disburseBy + 10_000_000,
            _sign(seller, digest),
            _sign(buyer, digest)
        );
    }

    function _revokeMandate(LoanTerms memory terms) private booked("revokeMandate") {
        vm.prank(terms.borrower);
        LEDGER.revokeMandate(_witness(terms));
    }

    function _isAccelerated(bytes32 loanId) internal view returns (bool) {
        return LEDGER.loanOf(loanId).loan.flags & LoanFlags.ACCELERATED != 0;
    }

    function _randomTerms(uint256 seed) private returns (LoanTerms memory terms) {
        terms = RandomTerms.draw(seed, _today());
        terms.agreement = bytes32(bytes(string.concat("L-", (++_drawn).toString())));
        terms.lender = _players.parties[seed & 1];
        terms.borrower = _players.parties[2 + (seed >> 1 & 1)];
        if (seed >> 2 & 1 == 0) RandomTerms.guarantee(terms, seed, _players.parties[4]);
        terms.lenderNonce = REGISTRY.partyOf(terms.lender).signatureNonce;
        terms.borrowerNonce = REGISTRY.partyOf(terms.borrower).signatureNonce;
        terms.guarantorNonce = REGISTRY.partyOf(terms.guarantor).signatureNonce;
    }
}
