// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILoanLedger, LoanTerms, Owed, Status} from "../../interfaces/ILoanLedger.sol";
import {IPartyRegistry} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {Packing} from "../base/Packing.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";
import {DayByDayLoan} from "../models/DayByDayLoan.sol";
import {EventBook} from "../models/EventBook.sol";
import {Test} from "../Test.sol";

/// @notice Who plays along: two lenders, two borrowers, a guarantor, two payees and a stranger.
struct Players {
    address[8] parties;
    address servicer;
    address guardian;
    address bank;
}

/// @notice What the simulations say was repaid of a loan, by parts.
struct Parts {
    uint256 penalty;
    uint256 interest;
    uint256 principal;
    uint256 fee;
}

/// @title HandlerBase
/// @notice What the handler knows: the loans, a simulation of each, and a book of all events.
abstract contract HandlerBase is Test {
    using DayByDayLoan for DayByDayLoan.State;

    /// @dev Some places are kept for restructurings.
    uint256 internal constant ORIGINATED_MAX = 10;
    uint256 internal constant LOANS_MAX = 14;

    ILoanLedger internal immutable LEDGER;
    ISettlementToken internal immutable TOKEN;
    IPartyRegistry internal immutable REGISTRY;
    EventBook public immutable BOOK;

    Players internal _players;
    mapping(address party => uint256) internal _keys;
    bytes32[] public loanIds;
    bytes32 public lastTouched;
    mapping(bytes32 loanId => bytes) private _terms;
    mapping(bytes32 loanId => bytes) private _simulated;
    mapping(bytes32 loanId => Parts) private _parts;
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
        Players memory players,
        uint256[8] memory keys
    ) {
        (LEDGER, TOKEN, REGISTRY) = (ledger, token, registry);
        _players = players;
        for (uint256 i; i < 8; ++i) _keys[players.parties[i]] = keys[i];
        BOOK = new EventBook(address(token));
    }

    /* WHAT THE INVARIANTS ASK */

    function loanCount() external view returns (uint256) {
        return loanIds.length;
    }

    function termsOf(bytes32 loanId) public view returns (LoanTerms memory) {
        return abi.decode(_terms[loanId], (LoanTerms));
    }

    function partsOf(bytes32 loanId) external view returns (Parts memory) {
        return _parts[loanId];
    }

    /// @notice The simulated loan, today.
    function simulatedOf(bytes32 loanId) public view returns (DayByDayLoan.State memory state) {
        state = abi.decode(_simulated[loanId], (DayByDayLoan.State));
        state.liveTo(_today());
    }

    /// @notice Who the debt is owed to now.
    function lenderOf(bytes32 loanId) public view returns (address) {
        address assignee = LEDGER.loanOf(loanId).assignee;
        return assignee == address(0) ? termsOf(loanId).lender : assignee;
    }

    /* WHAT IT WRITES DOWN */

    function _add(bytes32 loanId, LoanTerms memory terms) internal {
        loanIds.push(loanId);
        _terms[loanId] = abi.encode(terms);
        lastTouched = loanId;
    }

    function _simulate(bytes32 loanId, DayByDayLoan.State memory state) internal {
        _simulated[loanId] = abi.encode(state);
        lastTouched = loanId;
    }

    function _simulateRepayment(bytes32 loanId, DayByDayLoan.State memory state, uint256 amountMinor)
        internal
    {
        (uint256 penalty, uint256 interest, uint256 principal) = state.repay(amountMinor);
        _count(loanId, Parts(penalty, interest, principal, 0));
        _simulate(loanId, state);
        if (state.isRepaid() && state.owed().penaltyMinor == 0) ++doneCount["closed"];
        if (!_isActive(lenderOf(loanId))) ++doneCount["held"];
    }

    function _count(bytes32 loanId, Parts memory more) internal {
        Parts storage sums = _parts[loanId];
        sums.penalty += more.penalty;
        sums.interest += more.interest;
        sums.principal += more.principal;
        sums.fee += more.fee;
    }

    /// @dev Money arrives for `party`, which lets the ledger take just that.
    function _fund(address party, uint256 amountMinor) internal booked("fund") {
        vm.prank(_players.bank);
        TOKEN.mint(party, amountMinor, keccak256(abi.encode(++_bankPayments)));
        vm.prank(party);
        TOKEN.approve(address(LEDGER), amountMinor);
    }

    function _burnFrom(address party, uint256 amountMinor) internal booked("burn") {
        vm.prank(party);
        TOKEN.approve(_players.bank, amountMinor);
        vm.prank(_players.bank);
        TOKEN.burn(party, amountMinor, keccak256(abi.encode(++_bankPayments)));
    }

    /* CHOICES */

    /// @dev Lets up to five days pass, and mixes the bits of a seed: the fuzzer likes small numbers.
    function _begin(uint256 seed) internal returns (uint256 mixed) {
        mixed = uint256(keccak256(abi.encode(seed)));
        vm.warp(vm.getBlockTimestamp() + (mixed >> 200) % 5 days);
    }

    /// @dev A loan in this status, from a random one on; zero when there is none.
    function _pick(uint256 seed, Status status)
        internal
        view
        returns (bytes32 loanId, LoanTerms memory terms)
    {
        uint256 count = loanIds.length;
        for (uint256 i; i < count; ++i) {
            loanId = loanIds[(seed % count + i) % count];
            if (LEDGER.loanOf(loanId).loan.status == status) return (loanId, termsOf(loanId));
        }
        loanId = 0;
    }

    function _pickCarried(uint256 seed)
        internal
        view
        returns (bytes32 loanId, LoanTerms memory terms)
    {
        (loanId, terms) = _pick(seed, seed >> 8 & 1 == 0 ? Status.Active : Status.WrittenOff);
        if (loanId == 0) (loanId, terms) = _pick(seed, Status.Active);
    }

    function _payer(uint256 seed, LoanTerms memory terms) internal view returns (address) {
        if (seed % 8 == 0) return terms.lender;
        return seed % 4 == 1 ? _players.parties[7] : terms.borrower;
    }

    function _anyParty(uint256 seed) internal view returns (address) {
        return _players.parties[(seed >> 8) % 8];
    }

    function _isActive(address party) internal view returns (bool) {
        return REGISTRY.isActive(party);
    }

    function _areActive(LoanTerms memory terms) internal view returns (bool) {
        if (!_isActive(terms.lender) || !_isActive(terms.borrower)) return false;
        return terms.guarantor == address(0) || _isActive(terms.guarantor);
    }

    /// @dev Most that can be taken of a party now.
    function _takeable(address party, uint256 due, uint256 left) internal view returns (uint256) {
        uint256 there = _least(TOKEN.balanceOf(party), TOKEN.allowance(party, address(LEDGER)));
        return _least(_least(due, left), there);
    }

    function _due(Owed memory owed) internal pure returns (uint256) {
        return owed.penaltyMinor + owed.interestMinor + owed.principalMinor;
    }

    function _today() internal view returns (uint256) {
        return (vm.getBlockTimestamp() + 8 hours) / 1 days;
    }

    function _isPast(uint32 date) internal view returns (bool) {
        return _today() > SlowCalendar.daysOf(date);
    }

    /* WHAT CALLS SHOW */

    /// @dev Every page, or for calls about no instalment none.
    function _witness(LoanTerms memory terms) internal pure returns (bytes memory) {
        return Packing.witness(terms);
    }

    function _agreement(LoanTerms memory terms) internal pure returns (bytes memory) {
        return Packing.agreement(terms);
    }

    function _sign(address party, bytes32 digest) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[party], digest);
        return abi.encodePacked(r, s, v);
    }

    function _least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
