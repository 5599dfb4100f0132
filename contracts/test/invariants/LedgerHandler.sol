// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Account,
    CollectableBy,
    ILedgerErrors,
    ILoanLedger,
    LoanFlags,
    LoanTerms,
    Owed,
    Prepayment,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {IPartyRegistry} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {DayByDayLoan} from "../models/DayByDayLoan.sol";
import {AgreementHandler} from "./AgreementHandler.sol";
import {HandlerBase, Parts, Players} from "./HandlerBase.sol";

/// @title LedgerHandler
/// @notice Lives through loans at random. Every action either is impossible now, and does nothing, or
/// has to succeed and to take what the simulation says.
contract LedgerHandler is AgreementHandler {
    using DayByDayLoan for DayByDayLoan.State;

    uint256 private _letters;

    constructor(
        ILoanLedger ledger,
        ISettlementToken token,
        IPartyRegistry registry,
        Players memory players,
        uint256[8] memory keys
    ) HandlerBase(ledger, token, registry, players, keys) {}

    function repay(uint256 seed, uint256 amountSeed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pickCarried(seed);
        if (loanId == 0) return;
        address payer = _payer(seed >> 16, terms);
        Owed memory owed = simulatedOf(loanId).owed();
        uint256 most = _due(owed) + owed.currentMinor;
        if (most == 0 || !_isActive(payer)) return;
        // A little beyond what can be repaid, to be clipped; often all of it.
        uint256 offered = bound(amountSeed, 1, most + most / 8 + 1);
        if (seed >> 40 & 3 == 0) offered = most;
        _fund(payer, offered);
        _repay(loanId, terms, payer, uint64(offered), uint64(_least(offered, most)));
    }

    function collect(uint256 seed, uint256 amountSeed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pickCarried(seed);
        if (loanId == 0 || terms.mandateMinorMax == 0 || !_isActive(terms.borrower)) return;
        if (LEDGER.loanOf(loanId).loan.flags & LoanFlags.MANDATE_REVOKED != 0) return;
        uint256 due = _due(simulatedOf(loanId).owed());
        if (due == 0) return;
        _fund(terms.borrower, bound(amountSeed, 1, due + 1));
        uint256 left = terms.mandateMinorMax - LEDGER.loanOf(loanId).account.collectedMinor;
        uint64 expected = uint64(_takeable(terms.borrower, due, left));
        if (expected == 0) return;
        address caller = _players.servicer;
        if (terms.collectableBy == CollectableBy.Lender) caller = lenderOf(loanId);
        if (terms.collectableBy == CollectableBy.Anyone) caller = _players.parties[7];
        _collect(loanId, terms, caller, expected);
    }

    function prepay(uint256 seed, uint256 amountSeed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Active);
        if (loanId == 0 || terms.prepayment == Prepayment.NotAllowed) return;
        DayByDayLoan.State memory simulated = simulatedOf(loanId);
        if (_due(simulated.owed()) != 0 || simulated.isAccelerated) return;
        uint256 i = simulated.next;
        uint256 most = simulated.balance[i] - simulated.principal[i];
        if (simulated.principal[i] == 0) --most;
        if (most == 0 || !_isActive(terms.borrower)) return;
        _prepay(loanId, terms, simulated, uint64(bound(amountSeed, 1, most)));
    }

    function payoff(uint256 seed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pickCarried(seed);
        // Seldom, or no loan would live long.
        if (loanId == 0 || seed >> 32 & 3 != 0) return;
        address payer = _payer(seed >> 16, terms);
        if (!_isActive(payer)) return;
        Owed memory owed = simulatedOf(loanId).owed();
        uint256 amount = owed.penaltyMinor + owed.interestMinor + owed.payoffInterestMinor
            + owed.outstandingPrincipalMinor + owed.payoffFeeMinor;
        _fund(payer, amount);
        _payoff(loanId, terms, payer, owed, uint64(amount));
    }

    function callGuarantee(uint256 seed, uint256 amountSeed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pickCarried(seed);
        if (loanId == 0 || terms.guarantor == address(0) || !_isActive(terms.guarantor)) return;
        Owed memory owed = simulatedOf(loanId).owed();
        uint256 due = _due(owed);
        if (due == 0) return;
        bool isLate = owed.daysPastDue > terms.guaranteeAfterDays;
        _fund(terms.guarantor, bound(amountSeed, 1, due));
        uint256 left = terms.guaranteeMinorMax - LEDGER.loanOf(loanId).account.guaranteedMinor;
        uint64 expected = uint64(_takeable(terms.guarantor, due, left));
        if (expected == 0) return;
        address caller = isLate && seed >> 32 & 1 == 0 ? lenderOf(loanId) : terms.guarantor;
        _callGuarantee(loanId, terms, caller, expected);
    }

    function reimburse(uint256 seed, uint256 amountSeed) external {
        seed = _begin(seed);
        for (uint256 i; i < loanIds.length; ++i) {
            bytes32 loanId = loanIds[(seed % loanIds.length + i) % loanIds.length];
            Account memory account = LEDGER.loanOf(loanId).account;
            uint256 left = account.guaranteedMinor - account.reimbursedMinor;
            if (left == 0 || (_isLive(loanId) && _due(simulatedOf(loanId).owed()) != 0)) continue;
            LoanTerms memory terms = termsOf(loanId);
            if (!_isActive(terms.borrower)) return;
            uint64 amount = uint64(bound(amountSeed, 1, left));
            _fund(terms.borrower, amount);
            return _reimburse(terms, amount);
        }
    }

    function accelerate(uint256 seed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Active);
        if (loanId == 0 || terms.accelerateAfterDays == 0 || _isAccelerated(loanId)) return;
        DayByDayLoan.State memory simulated = simulatedOf(loanId);
        if (simulated.owed().daysPastDue <= terms.accelerateAfterDays) return;
        _accelerate(loanId, terms, simulated, seed >> 32 & 1 == 0);
    }

    function writeOff(uint256 seed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Active);
        if (loanId == 0 || seed >> 32 & 1 == 0) return;
        DayByDayLoan.State memory simulated = simulatedOf(loanId);
        if (simulated.owed().arrearsMinor == 0) return;
        _writeOff(loanId, terms, simulated);
    }

    function serveNotice(uint256 seed) external {
        seed = _begin(seed);
        (bytes32 loanId,) = _pick(seed, Status.Active);
        if (loanId != 0) _serveNotice(loanId, bytes32(++_letters));
    }

    /// @dev Two items: one that succeeds, one that fails.
    function batch(uint256 seed) external {
        seed = _begin(seed);
        (bytes32 loanId, LoanTerms memory terms) = _pickCarried(seed);
        if (loanId == 0 || !_isActive(terms.borrower)) return;
        Owed memory owed = simulatedOf(loanId).owed();
        if (_due(owed) + owed.currentMinor < 2) return;
        _fund(terms.borrower, 1);
        _batch(loanId, terms);
    }

    /// @dev A frozen party claims once the order is lifted.
    function claim(uint256 seed) external {
        seed = _begin(seed);
        for (uint256 i; i < 8; ++i) {
            address party = _anyParty(((seed % 8) + i) << 8);
            if (LEDGER.claimableMinor(party) == 0) continue;
            if (!_isActive(party)) _freeze(party);
            return _claim(party);
        }
    }

    function pause(uint256 seed) external {
        seed = _begin(seed);
        // Paused more seldom than unpaused.
        if (!LEDGER.isPaused() && seed >> 16 & 7 != 0) return;
        _pause();
    }

    function freeze(uint256 seed) external {
        seed = _begin(seed);
        address party = _anyParty(seed);
        // Frozen more seldom than unfrozen, so that most can act most of the time.
        if (_isActive(party) && seed >> 16 & 1 != 0) return;
        _freeze(party);
    }

    /// @dev Money a party holds leaves through the bank.
    function burn(uint256 seed, uint256 amountSeed) external {
        seed = _begin(seed);
        address party = _anyParty(seed);
        uint256 balance = TOKEN.balanceOf(party);
        if (balance == 0 || !_isActive(party)) return;
        _burnFrom(party, bound(amountSeed, 1, balance));
    }

    function wait_(uint256 secondsSeed) external booked("wait") {
        vm.warp(vm.getBlockTimestamp() + bound(secondsSeed, 1 hours, 20 days));
    }

    /* ONE CALL EACH, BETWEEN THE START AND THE END OF A RECORDING */

    function _repay(
        bytes32 loanId,
        LoanTerms memory terms,
        address payer,
        uint64 offered,
        uint64 expected
    ) private booked("repay") {
        _simulateRepayment(loanId, simulatedOf(loanId), expected);
        vm.prank(payer);
        vm.assertEq(LEDGER.repay(_witness(terms), offered), expected);
    }

    function _collect(bytes32 loanId, LoanTerms memory terms, address caller, uint64 expected)
        private
        booked("collect")
    {
        _simulateRepayment(loanId, simulatedOf(loanId), expected);
        vm.prank(caller);
        vm.assertEq(LEDGER.collect(_witness(terms)), expected);
    }

    function _prepay(
        bytes32 loanId,
        LoanTerms memory terms,
        DayByDayLoan.State memory simulated,
        uint64 principal
    ) private {
        uint256 interest = simulated.prepay(principal);
        uint256 fee = simulated.feeOn(principal);
        _count(loanId, Parts(0, interest, principal, fee));
        _simulate(loanId, simulated);
        _fund(terms.borrower, principal + interest + fee);
        _callPrepay(terms, principal, uint64(principal + interest + fee));
    }

    function _callPrepay(LoanTerms memory terms, uint64 principal, uint64 expected)
        private
        booked("prepay")
    {
        vm.prank(terms.borrower);
        vm.assertEq(LEDGER.prepay(_witness(terms), principal, expected), expected);
    }

    function _payoff(
        bytes32 loanId,
        LoanTerms memory terms,
        address payer,
        Owed memory owed,
        uint64 expected
    ) private booked("payoff") {
        uint256 interest = owed.interestMinor + owed.payoffInterestMinor;
        _count(
            loanId,
            Parts(
                owed.penaltyMinor, interest, owed.outstandingPrincipalMinor, owed.payoffFeeMinor
            )
        );
        lastTouched = loanId;
        vm.prank(payer);
        vm.assertEq(LEDGER.payoff(_witness(terms), expected), expected);
    }

    function _callGuarantee(bytes32 loanId, LoanTerms memory terms, address caller, uint64 expected)
        private
        booked("callGuarantee")
    {
        _simulateRepayment(loanId, simulatedOf(loanId), expected);
        vm.prank(caller);
        vm.assertEq(LEDGER.callGuarantee(_witness(terms), expected), expected);
    }

    function _reimburse(LoanTerms memory terms, uint64 amountMinor) private booked("reimburse") {
        vm.prank(terms.borrower);
        vm.assertEq(LEDGER.reimburse(_witness(terms), amountMinor), amountMinor);
    }

    function _accelerate(
        bytes32 loanId,
        LoanTerms memory terms,
        DayByDayLoan.State memory simulated,
        bool isByLender
    ) private booked("accelerate") {
        simulated.accelerate();
        _applyControlled(loanId, simulated);
        vm.prank(isByLender ? lenderOf(loanId) : _players.servicer);
        LEDGER.accelerate(_witness(terms), "in default");
    }

    function _writeOff(bytes32 loanId, LoanTerms memory terms, DayByDayLoan.State memory simulated)
        private
        booked("writeOff")
    {
        _applyControlled(loanId, simulated);
        vm.prank(_players.servicer);
        LEDGER.writeOff(_witness(terms), "uncollectible");
    }

    /// @dev Unused proceeds repay what they can.
    function _applyControlled(bytes32 loanId, DayByDayLoan.State memory simulated) private {
        Owed memory owed = simulated.owed();
        uint256 controlled = LEDGER.loanOf(loanId).account.controlledMinor;
        _simulateRepayment(loanId, simulated, _least(controlled, _due(owed) + owed.currentMinor));
    }

    function _serveNotice(bytes32 loanId, bytes32 letter) private booked("serveNotice") {
        vm.prank(_players.servicer);
        LEDGER.serveNotice(loanId, "overdue_7", letter);
    }

    function _batch(bytes32 loanId, LoanTerms memory terms) private booked("batch") {
        _simulateRepayment(loanId, simulatedOf(loanId), 1);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(LEDGER.repay, (_witness(terms), 1));
        calls[1] = abi.encodeCall(LEDGER.repay, (_witness(terms), 0));
        vm.prank(terms.borrower);
        bytes[] memory errors = LEDGER.batch(calls);
        vm.assertEq(errors[0], "");
        vm.assertEq(bytes32(bytes4(errors[1])), bytes32(ILedgerErrors.AmountZero.selector));
    }

    function _claim(address party) private booked("claim") {
        uint64 expected = LEDGER.claimableMinor(party);
        vm.prank(party);
        vm.assertEq(LEDGER.claim(), expected);
    }

    function _pause() private booked("pause") {
        bool isPaused = LEDGER.isPaused();
        vm.prank(_players.guardian);
        if (isPaused) LEDGER.unpause();
        else LEDGER.pause();
    }

    function _freeze(address party) private booked("freeze") {
        bool isActive = _isActive(party);
        vm.prank(_players.guardian);
        if (isActive) REGISTRY.freeze(party, "court order");
        else REGISTRY.unfreeze(party, "order lifted");
    }

    function _isLive(bytes32 loanId) private view returns (bool) {
        Status status = LEDGER.loanOf(loanId).loan.status;
        return status == Status.Active || status == Status.WrittenOff;
    }
}
