// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Consent, ICoLending, Member} from "../../interfaces/ICoLending.sol";
import {ILoanLedger, LoanFlags, Owed, Status} from "../../interfaces/ILoanLedger.sol";
import {IPartyRegistry} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {Test} from "../Test.sol";

/// @notice A co-lending and the loan it gave.
struct CoLoan {
    ICoLending coLending;
    bytes witness;
}

/// @title CoLendingHandler
/// @notice Lives through co-lent loans at random. Every action either is impossible now, and does
/// nothing, or has to succeed; after each, nobody is entitled to less than before.
contract CoLendingHandler is Test {
    ILoanLedger private immutable LEDGER;
    ISettlementToken private immutable TOKEN;
    IPartyRegistry private immutable REGISTRY;

    CoLoan[] private _coLoans;
    address[] private _frozenInTurn;
    address private _payer;
    address private _servicer;
    address private _guardian;
    address private _bank;
    uint256 private _bankPayments = 1 << 128;

    /// @notice All that was ever sent to a co-lending, by whatever way.
    mapping(ICoLending coLending => uint256) public sentMinor;
    mapping(string action => uint256) public doneCount;

    modifier watched(string memory action) {
        uint256[][] memory before = _entitlements();
        _;
        uint256[][] memory then = _entitlements();
        for (uint256 i; i < before.length; ++i) {
            for (uint256 j; j < before[i].length; ++j) vm.assertLe(before[i][j], then[i][j]);
        }
        ++doneCount[action];
    }

    constructor(ILoanLedger ledger, ISettlementToken token, IPartyRegistry registry) {
        (LEDGER, TOKEN, REGISTRY) = (ledger, token, registry);
    }

    function begin(
        CoLoan[] calldata coLoans,
        address payer,
        address servicer,
        address guardian,
        address bank
    ) external {
        for (uint256 i; i < coLoans.length; ++i) {
            _coLoans.push(coLoans[i]);
            _frozenInTurn.push(address(coLoans[i].coLending));
        }
        Member[] memory members = coLoans[0].coLending.members();
        for (uint256 i; i < members.length; ++i) _frozenInTurn.push(members[i].party);
        (_payer, _servicer, _guardian, _bank) = (payer, servicer, guardian, bank);
    }

    /* ACTIONS */

    function repay(uint256 seed, uint64 amountSeed) external {
        CoLoan memory coLoan = _pick(seed);
        uint64 repayable = _repayable(coLoan);
        if (repayable == 0) return;
        _repay(coLoan, uint64(bound(amountSeed, 1, seed >> 8 & 1 == 0 ? 1_000 : repayable)));
    }

    function payoff(uint256 seed) external {
        CoLoan memory coLoan = _pick(seed);
        // Seldom, or no loan would live long.
        if (!_isCarried(coLoan) || seed >> 8 & 31 != 0) return;
        _payoff(coLoan);
    }

    function writeOff(uint256 seed) external {
        CoLoan memory coLoan = _pick(seed);
        if (_statusOf(coLoan) != Status.Active || _owed(coLoan).arrearsMinor == 0) return;
        _writeOff(coLoan);
    }

    /// @dev The first member has more than half of the commitments.
    function accelerate(uint256 seed) external {
        CoLoan memory coLoan = _pick(seed);
        if (_statusOf(coLoan) != Status.Active || _owed(coLoan).daysPastDue <= 5) return;
        uint8 flags = LEDGER.loanOf(LEDGER.idOf(coLoan.witness)).loan.flags;
        if (flags & LoanFlags.ACCELERATED == 0) _accelerate(coLoan);
    }

    /// @dev Saying yes or no to something moves no money.
    function say(uint256 seed) external {
        ICoLending coLending = _pick(seed).coLending;
        Member[] memory members = coLending.members();
        _say(coLending, members[(seed >> 8) % members.length].party, bytes32(seed >> 16 & 3));
    }

    /// @dev Money nobody meant for a co-lending.
    function stray(uint256 seed, uint256 amountSeed) external {
        CoLoan memory coLoan = _pick(seed);
        if (!REGISTRY.isActive(address(coLoan.coLending))) return;
        _stray(coLoan.coLending, bound(amountSeed, 1, 100_000));
    }

    function distribute(uint256 seed) external {
        ICoLending coLending = _pick(seed).coLending;
        bool isFetching = LEDGER.claimableMinor(address(coLending)) != 0
            && REGISTRY.isActive(address(coLending));
        if (TOKEN.balanceOf(address(coLending)) == 0 && !isFetching) return;
        _distribute(coLending);
    }

    function claim(uint256 seed) external {
        ICoLending coLending = _pick(seed).coLending;
        Member[] memory members = coLending.members();
        address party = members[(seed >> 8) % members.length].party;
        bool isAble = REGISTRY.isActive(party) && REGISTRY.isActive(address(coLending));
        if (!isAble || coLending.owedMinor(party) == 0) return;
        _claim(coLending, party);
    }

    function freeze(uint256 seed) external watched("freeze") {
        address party = _frozenInTurn[seed % _frozenInTurn.length];
        bool isActive = REGISTRY.isActive(party);
        vm.prank(_guardian);
        if (isActive) REGISTRY.freeze(party, "court order");
        else REGISTRY.unfreeze(party, "order lifted");
    }

    function wait_(uint256 secondsSeed) external watched("wait") {
        vm.warp(vm.getBlockTimestamp() + bound(secondsSeed, 1 hours, 20 days));
    }

    /* ONE CALL EACH */

    function _repay(CoLoan memory coLoan, uint64 amountMinor) private watched("repay") {
        _fund(amountMinor);
        vm.prank(_payer);
        sentMinor[coLoan.coLending] += LEDGER.repay(coLoan.witness, amountMinor);
    }

    function _payoff(CoLoan memory coLoan) private watched("payoff") {
        Owed memory owed = _owed(coLoan);
        uint64 amountMinor = uint64(
            owed.penaltyMinor + owed.interestMinor + owed.payoffInterestMinor
                + owed.outstandingPrincipalMinor + owed.payoffFeeMinor
        );
        _fund(amountMinor);
        vm.prank(_payer);
        sentMinor[coLoan.coLending] += LEDGER.payoff(coLoan.witness, amountMinor);
    }

    /// @dev Proceeds not used repay the debt: they come from the ledger.
    function _writeOff(CoLoan memory coLoan) private watched("writeOff") {
        uint256 before = _arrived(coLoan.coLending);
        vm.prank(_servicer);
        LEDGER.writeOff(coLoan.witness, "uncollectible");
        sentMinor[coLoan.coLending] += _arrived(coLoan.coLending) - before;
    }

    function _accelerate(CoLoan memory coLoan) private watched("accelerate") {
        uint256 before = _arrived(coLoan.coLending);
        address decisive = coLoan.coLending.members()[0].party;
        bytes memory call = abi.encodeCall(LEDGER.accelerate, (coLoan.witness, "default"));
        uint256 actBy = vm.getBlockTimestamp();
        bytes32 digest = coLoan.coLending.actDigestOf(call, actBy);
        vm.prank(decisive);
        coLoan.coLending.giveConsent(digest);
        coLoan.coLending.act(call, actBy, "");
        sentMinor[coLoan.coLending] += _arrived(coLoan.coLending) - before;
    }

    function _say(ICoLending coLending, address party, bytes32 digest) private watched("say") {
        bool isGiven = coLending.consentOf(digest, party) == Consent.Given;
        vm.prank(party);
        if (isGiven) coLending.withdrawConsent(digest);
        else coLending.giveConsent(digest);
    }

    function _stray(ICoLending coLending, uint256 amountMinor) private watched("stray") {
        _fund(amountMinor);
        sentMinor[coLending] += amountMinor;
        vm.prank(_payer);
        TOKEN.transfer(address(coLending), amountMinor);
    }

    function _distribute(ICoLending coLending) private watched("distribute") {
        coLending.distribute();
    }

    function _claim(ICoLending coLending, address party) private watched("claim") {
        uint256 before = TOKEN.balanceOf(party);
        vm.prank(party);
        uint256 claimed = coLending.claim();
        vm.assertEq(TOKEN.balanceOf(party), before + claimed);
    }

    /* STEPS */

    function _pick(uint256 seed) private view returns (CoLoan memory) {
        return _coLoans[seed % _coLoans.length];
    }

    /// @dev What is here or held for it.
    function _arrived(ICoLending coLending) private view returns (uint256) {
        return TOKEN.balanceOf(address(coLending)) + LEDGER.claimableMinor(address(coLending));
    }

    function _fund(uint256 amountMinor) private {
        vm.prank(_bank);
        TOKEN.mint(_payer, amountMinor, bytes32(++_bankPayments));
        vm.prank(_payer);
        TOKEN.approve(address(LEDGER), amountMinor);
    }

    function _statusOf(CoLoan memory coLoan) private view returns (Status) {
        return LEDGER.loanOf(LEDGER.idOf(coLoan.witness)).loan.status;
    }

    function _isCarried(CoLoan memory coLoan) private view returns (bool) {
        Status status = _statusOf(coLoan);
        return status == Status.Active || status == Status.WrittenOff;
    }

    function _owed(CoLoan memory coLoan) private view returns (Owed memory) {
        return LEDGER.owedAt(coLoan.witness, vm.getBlockTimestamp());
    }

    function _repayable(CoLoan memory coLoan) private view returns (uint64) {
        if (!_isCarried(coLoan)) return 0;
        Owed memory owed = _owed(coLoan);
        return uint64(
            owed.penaltyMinor + owed.interestMinor + owed.principalMinor + owed.currentMinor
        );
    }

    function _entitlements() private view returns (uint256[][] memory entitled) {
        entitled = new uint256[][](_coLoans.length);
        for (uint256 i; i < entitled.length; ++i) {
            ICoLending coLending = _coLoans[i].coLending;
            Member[] memory members = coLending.members();
            entitled[i] = new uint256[](members.length);
            for (uint256 j; j < members.length; ++j) {
                address party = members[j].party;
                entitled[i][j] = coLending.paidMinor(party) + coLending.owedMinor(party);
            }
        }
    }
}
