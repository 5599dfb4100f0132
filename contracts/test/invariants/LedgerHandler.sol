// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    ILoanLedger,
    Instalment,
    Loan,
    LoanTerms,
    Owed,
    PurposeCap,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {IPartyRegistry} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";
import {DayByDayLoan} from "../models/DayByDayLoan.sol";
import {EventBook} from "../models/EventBook.sol";
import {Test} from "../Test.sol";

/// @notice Who plays along.
struct Players {
    address[2] lenders;
    uint256[2] lenderKeys;
    address[2] borrowers;
    uint256[2] borrowerKeys;
    address[2] payees;
    address stranger;
    address servicer;
    address guardian;
    address bank;
}

/// @title LedgerHandler
/// @notice Lives through loans at random. Every action either is impossible now, and does nothing, or
/// has to succeed. Beside the ledger runs a simulation of each loan and a book of all events.
contract LedgerHandler is Test {
    using DayByDayLoan for DayByDayLoan.State;

    uint256 private constant LOANS_MAX = 12;

    ILoanLedger private immutable LEDGER;
    ISettlementToken private immutable TOKEN;
    IPartyRegistry private immutable REGISTRY;
    EventBook public immutable BOOK;

    Players private _players;
    bytes32[] public loanIds;
    mapping(bytes32 loanId => bytes) private _terms;
    mapping(bytes32 loanId => bytes) private _simulated;
    mapping(string action => uint256) public doneCount;
    uint256 private _bankPayments;

    modifier booked(string memory action) {
        vm.recordLogs();
        _;
        BOOK.read(vm.getRecordedLogs());
        ++doneCount[action];
    }

    constructor(
        ILoanLedger ledger,
        ISettlementToken token,
        IPartyRegistry registry,
        Players memory players
    ) {
        (LEDGER, TOKEN, REGISTRY) = (ledger, token, registry);
        _players = players;
        BOOK = new EventBook(address(token));
    }

    /* ACTIONS */

    function originate(uint256 seed) external {
        // The fuzzer likes small numbers; terms want all bits.
        seed = uint256(keccak256(abi.encode(seed)));
        Players memory players = _players;
        (uint256 i, uint256 j) = (seed % 2, (seed >> 8) % 2);
        if (loanIds.length == LOANS_MAX) return;
        if (!_isActive(players.lenders[i]) || !_isActive(players.borrowers[j])) return;
        LoanTerms memory terms = _randomTerms(seed, players.lenders[i], players.borrowers[j]);
        _originate(terms, players.lenderKeys[i], players.borrowerKeys[j]);
    }

    function disburse(uint256 seed) external {
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Approved);
        if (loanId == 0 || !_isActive(terms.lender) || !_isActive(terms.borrower)) return;
        _fund(terms.lender, terms.principalMinor);
        _disburse(loanId, terms, seed >> 16 & 1 == 0 ? terms.lender : _players.servicer);
    }

    function pay(uint256 seed, uint256 amountSeed) external {
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Active);
        if (loanId == 0 || !_isActive(terms.borrower)) return;
        uint256 index = (seed >> 16) % terms.purposes.length;
        PurposeCap memory agreed = terms.purposes[index];
        address payee = _players.payees[agreed.payeeCategory == 0 ? seed >> 24 & 1 : index];
        uint256 left = agreed.capMinor - LEDGER.spentMinor(loanId, agreed.purpose);
        uint256 most = _least(left, LEDGER.loanOf(loanId).controlledMinor);
        if (most == 0 || !_isActive(payee)) return;
        uint64 amountMinor = uint64(bound(amountSeed, 1, most));
        _pay(terms, payee, amountMinor, agreed.purpose);
    }

    function withdraw(uint256 seed, uint256 amountSeed) external {
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Active);
        if (loanId == 0 || !_isActive(terms.borrower)) return;
        Loan memory loan = LEDGER.loanOf(loanId);
        uint256 most = _least(terms.selfPaidMinorMax - loan.withdrawnMinor, loan.controlledMinor);
        if (most == 0) return;
        _withdraw(terms, uint64(bound(amountSeed, 1, most)));
    }

    function repay(uint256 seed, uint256 amountSeed) external {
        (bytes32 loanId, LoanTerms memory terms) = _pickCarried(seed);
        if (loanId == 0) return;
        address payer = _payer(seed >> 16, terms);
        if (!_isActive(payer)) return;
        uint64 most = LEDGER.repayableAt(terms, vm.getBlockTimestamp());
        // A little beyond what can be repaid, to be clipped; often all of it.
        uint64 offered = uint64(bound(amountSeed, 1, uint256(most) + most / 8 + 1));
        if (seed >> 40 & 3 == 0) offered = most;
        _fund(payer, offered);
        _repay(loanId, terms, payer, offered, uint64(_least(offered, most)));
    }

    function payoff(uint256 seed) external {
        (bytes32 loanId, LoanTerms memory terms) = _pickCarried(seed);
        // Seldom, or no loan would live long.
        if (loanId == 0 || seed >> 32 & 3 != 0) return;
        address payer = _payer(seed >> 16, terms);
        if (!_isActive(payer)) return;
        uint64 amountMinor = LEDGER.payoffAt(terms, vm.getBlockTimestamp());
        if (amountMinor != 0) _fund(payer, amountMinor);
        _payoff(loanId, terms, payer, amountMinor);
    }

    function writeOff(uint256 seed) external {
        (bytes32 loanId, LoanTerms memory terms) = _pick(seed, Status.Active);
        if (loanId == 0 || LEDGER.owedAt(terms, vm.getBlockTimestamp()).arrearsMinor == 0) return;
        _writeOff(terms);
    }

    function freeze(uint256 seed) external {
        address party = _anyParty(seed);
        // Frozen more seldom than unfrozen, so that most can act most of the time.
        if (_isActive(party) && seed >> 16 & 3 != 0) return;
        _freeze(party);
    }

    function claim(uint256 seed) external {
        for (uint256 i; i < 7; ++i) {
            address party = _anyParty(((seed % 7) + i) << 8);
            if (LEDGER.claimableMinor(party) == 0 || !_isActive(party)) continue;
            return _claim(party);
        }
    }

    /// @dev Money a party holds leaves through the bank.
    function burn(uint256 seed, uint256 amountSeed) external {
        address party = _anyParty(seed);
        uint256 balance = TOKEN.balanceOf(party);
        if (balance == 0 || !_isActive(party)) return;
        _burn(party, bound(amountSeed, 1, balance));
    }

    function wait_(uint256 secondsSeed) external booked("wait") {
        vm.warp(vm.getBlockTimestamp() + bound(secondsSeed, 1 hours, 20 days));
    }

    /* WHAT THE INVARIANTS ASK */

    function loanCount() external view returns (uint256) {
        return loanIds.length;
    }

    function termsOf(bytes32 loanId) public view returns (LoanTerms memory) {
        return abi.decode(_terms[loanId], (LoanTerms));
    }

    /// @notice The simulated loan, today.
    function simulatedOf(bytes32 loanId) public view returns (DayByDayLoan.State memory state) {
        state = abi.decode(_simulated[loanId], (DayByDayLoan.State));
        state.liveTo(_today());
    }

    /* ONE CALL EACH, BETWEEN THE START AND THE END OF A RECORDING */

    function _originate(LoanTerms memory terms, uint256 lenderKey, uint256 borrowerKey)
        private
        booked("originate")
    {
        bytes32 digest = LEDGER.digestOf(terms);
        bytes32 loanId =
            LEDGER.originate(terms, _sign(lenderKey, digest), _sign(borrowerKey, digest));
        loanIds.push(loanId);
        _terms[loanId] = abi.encode(terms);
    }

    function _disburse(bytes32 loanId, LoanTerms memory terms, address caller)
        private
        booked("disburse")
    {
        vm.prank(caller);
        LEDGER.disburse(terms);
        _simulated[loanId] = abi.encode(DayByDayLoan.start(terms, _today()));
    }

    function _pay(LoanTerms memory terms, address payee, uint64 amountMinor, bytes32 purpose)
        private
        booked("pay")
    {
        uint256 before = TOKEN.balanceOf(payee);
        vm.prank(terms.borrower);
        LEDGER.pay(terms, payee, amountMinor, purpose, "invoice");
        vm.assertEq(TOKEN.balanceOf(payee), before + amountMinor);
    }

    function _withdraw(LoanTerms memory terms, uint64 amountMinor) private booked("withdraw") {
        vm.prank(terms.borrower);
        LEDGER.withdraw(terms, amountMinor);
    }

    function _repay(
        bytes32 loanId,
        LoanTerms memory terms,
        address payer,
        uint64 offered,
        uint64 expected
    ) private booked("repay") {
        DayByDayLoan.State memory simulated = simulatedOf(loanId);
        simulated.repay(expected);
        _simulated[loanId] = abi.encode(simulated);
        vm.prank(payer);
        vm.assertEq(LEDGER.repay(terms, offered), expected);
        if (!_isActive(terms.lender)) ++doneCount["held"];
        if (simulated.isRepaid()) ++doneCount["closed"];
    }

    function _payoff(bytes32 loanId, LoanTerms memory terms, address payer, uint64 amountMinor)
        private
        booked("payoff")
    {
        DayByDayLoan.State memory simulated = simulatedOf(loanId);
        Owed memory owed = simulated.owed();
        vm.assertEq(
            amountMinor,
            owed.penaltyMinor + owed.interestMinor + owed.payoffInterestMinor
                + owed.outstandingPrincipalMinor
        );
        simulated.penaltyRepaid += owed.penaltyMinor;
        simulated.interestRepaid += owed.interestMinor + owed.payoffInterestMinor;
        simulated.principalRepaid = terms.principalMinor;
        _simulated[loanId] = abi.encode(simulated);
        vm.prank(payer);
        vm.assertEq(LEDGER.payoff(terms, amountMinor), amountMinor);
    }

    function _writeOff(LoanTerms memory terms) private booked("writeOff") {
        vm.prank(_players.servicer);
        LEDGER.writeOff(terms, "uncollectible");
    }

    function _freeze(address party) private booked("freeze") {
        bool isActive = _isActive(party);
        vm.prank(_players.guardian);
        if (isActive) REGISTRY.freeze(party, "court order");
        else REGISTRY.unfreeze(party, "order lifted");
    }

    function _claim(address party) private booked("claim") {
        uint64 expected = LEDGER.claimableMinor(party);
        vm.prank(party);
        vm.assertEq(LEDGER.claim(), expected);
    }

    function _burn(address party, uint256 amountMinor) private booked("burn") {
        vm.prank(party);
        TOKEN.approve(_players.bank, amountMinor);
        vm.prank(_players.bank);
        TOKEN.burn(party, amountMinor, bytes32(++_bankPayments));
    }

    /// @dev Money arrives for `party`, which lets the ledger take it.
    function _fund(address party, uint256 amountMinor) private booked("fund") {
        vm.prank(_players.bank);
        TOKEN.mint(party, amountMinor, bytes32(++_bankPayments));
        vm.prank(party);
        TOKEN.approve(address(LEDGER), amountMinor);
    }

    /* CHOICES */

    function _randomTerms(uint256 seed, address lender, address borrower)
        private
        view
        returns (LoanTerms memory terms)
    {
        uint256 today = _today();
        terms.agreement = bytes32(bytes1(uint8(0x41 + loanIds.length)));
        (terms.lender, terms.borrower) = (lender, borrower);
        (terms.currency, terms.method, terms.dayCount) = ("CNY", "custom", "act/360");
        terms.rounding = seed >> 16 & 1 == 0 ? bytes32("half_even") : bytes32("half_up");
        terms.penaltyRatePpm = uint32((seed >> 24) % 1_000_001);
        terms.penaltyYearDays = seed >> 17 & 1 == 0 ? 360 : 365;
        terms.graceDays = uint16((seed >> 48) % 12);
        terms.utcOffsetMinutes = 480;
        terms.signBy = SlowCalendar.dateOf(today);
        terms.disburseOn = terms.signBy;
        terms.disburseBy = SlowCalendar.dateOf(today + 30);
        terms.documentHash = "agreement text";
        terms.instalments = _randomInstalments(seed >> 64, today + 30);
        for (uint256 i; i < terms.instalments.length; ++i) {
            terms.principalMinor += terms.instalments[i].principalMinor;
        }
        terms.selfPaidMinorMax = uint64((seed >> 128) % terms.principalMinor);
        terms.purposes = new PurposeCap[](2);
        terms.purposes[0] = PurposeCap("materials", 101, terms.principalMinor);
        terms.purposes[1] = PurposeCap("sundries", 0, terms.principalMinor / 2 + 1);
    }

    function _randomInstalments(uint256 seed, uint256 day)
        private
        pure
        returns (Instalment[] memory rows)
    {
        rows = new Instalment[](seed % 5 + 1);
        for (uint256 i; i < rows.length; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            day += seed % 40 + 1;
            rows[i] = Instalment({
                dueOn: SlowCalendar.dateOf(day),
                principalMinor: uint64(seed >> 16) % 1_000_000_000 + 2,
                interestMinor: uint64(seed >> 96) % 50_000_000
            });
        }
    }

    function _pick(uint256 seed, Status status)
        private
        view
        returns (bytes32 loanId, LoanTerms memory terms)
    {
        uint256 count = loanIds.length;
        for (uint256 i; i < count; ++i) {
            loanId = loanIds[(seed % count + i) % count];
            if (LEDGER.loanOf(loanId).status != status) continue;
            terms = termsOf(loanId);
            bool isTooLate = _today() > SlowCalendar.daysOf(terms.disburseBy);
            if (status != Status.Approved || !isTooLate) return (loanId, terms);
        }
        loanId = 0;
    }

    function _pickCarried(uint256 seed)
        private
        view
        returns (bytes32 loanId, LoanTerms memory terms)
    {
        (loanId, terms) = _pick(seed, seed >> 8 & 1 == 0 ? Status.Active : Status.WrittenOff);
        if (loanId == 0) (loanId, terms) = _pick(seed, Status.Active);
    }

    function _payer(uint256 seed, LoanTerms memory terms) private view returns (address) {
        if (seed % 8 == 0) return terms.lender;
        return seed % 4 == 1 ? _players.stranger : terms.borrower;
    }

    function _anyParty(uint256 seed) private view returns (address) {
        uint256 which = (seed >> 8) % 7;
        if (which < 2) return _players.lenders[which];
        if (which < 4) return _players.borrowers[which - 2];
        return which < 6 ? _players.payees[which - 4] : _players.stranger;
    }

    function _isActive(address party) private view returns (bool) {
        return REGISTRY.isActive(party);
    }

    function _today() private view returns (uint256) {
        return (vm.getBlockTimestamp() + 8 hours) / 1 days;
    }

    function _sign(uint256 privateKey, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
