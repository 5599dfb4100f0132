// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LoanFlags, LoanState, LoanTerms, Owed, Prepayment} from "../../interfaces/ILoanLedger.sol";
import {Packing} from "../base/Packing.sol";
import {RandomTerms} from "../base/RandomTerms.sol";
import {ILibraryHarness} from "../harness/ILibraryHarness.sol";
import {DayByDayLoan} from "../models/DayByDayLoan.sol";
import {Test} from "../Test.sol";

/// @notice Random terms and random histories, in the libraries and in a simulation day by day.
contract WaterfallLibTest is Test {
    using DayByDayLoan for DayByDayLoan.State;

    uint256 private constant FIRST_DAY = 20_454;

    ILibraryHarness private _libraries;
    uint256 private _seed;

    function setUp() public {
        _libraries = ILibraryHarness(deployArtifact("LibraryHarness", ""));
    }

    function testAgreesWithTheSimulation(uint256 seed) public {
        _live(seed, RandomTerms.draw(seed, FIRST_DAY), 6);
    }

    /// @dev Likewise where a prepayment may come whenever nothing is due.
    function testAgreesWithTheSimulationOfPrepaidLoans(uint256 seed, bool isSmaller) public {
        LoanTerms memory terms = RandomTerms.draw(seed, FIRST_DAY);
        terms.prepayment = isSmaller ? Prepayment.SmallerInstalments : Prepayment.ShorterTerm;
        _live(seed, terms, 6);
    }

    /// @dev Asked on any day, the library answers the same whether or not it accrued on the way.
    function testAccruingEveryDayChangesNothing(uint256 seed) public {
        _seed = seed;
        bytes memory witness = Packing.witness(RandomTerms.draw(seed, FIRST_DAY));
        LoanState memory rare;
        LoanState memory daily;
        rare.loan.accruedOn = daily.loan.accruedOn = uint24(FIRST_DAY);
        uint256 last = FIRST_DAY + _random(1, 70);
        Owed memory owed;
        for (uint256 day = FIRST_DAY; day <= last; ++day) {
            (owed, daily) = _libraries.accrue(daily, witness, day);
        }
        Owed memory once;
        (once, rare) = _libraries.accrue(rare, witness, last);
        _assertSame(once, owed);
        vm.assertEq(abi.encode(rare), abi.encode(daily));
    }

    function _live(uint256 seed, LoanTerms memory terms, uint256 touches) private {
        _seed = seed;
        bytes memory witness = Packing.witness(terms);
        uint256 today = FIRST_DAY + _random(0, 5);
        DayByDayLoan.State memory simulated = DayByDayLoan.start(terms, today);
        LoanState memory state;
        if (_random(0, 3) == 0) state = _carry(terms, witness, simulated);
        state.loan.accruedOn = uint24(today);

        for (uint256 touch; touch < touches && !simulated.isRepaid(); ++touch) {
            today += _random(0, 4) == 0 ? _random(0, 90) : _random(0, 30);
            simulated.liveTo(today);
            Owed memory owed;
            (owed, state) = _libraries.accrue(state, witness, today);
            _assertSame(owed, simulated.owed());
            vm.assertEq(state.loan.penaltyUnitDays, simulated.penaltyUnitDays, "unit-days");
            state = _touch(witness, state, simulated, owed);
            vm.assertEq(state.loan.nextInstalment, simulated.next, "next");
            vm.assertEq(state.loan.penaltyRepaidMinor, simulated.penaltyRepaid, "penalty repaid");
        }
    }

    function _carry(
        LoanTerms memory terms,
        bytes memory witness,
        DayByDayLoan.State memory simulated
    ) private returns (LoanState memory state) {
        uint256 outstanding = _random(1, terms.principalMinor);
        uint256 penalty = _random(0, 1_000);
        uint256 interest = _random(0, 1_000);
        simulated.carry(penalty, interest, outstanding);
        state = _libraries.credit(witness, outstanding);
        state.loan.flags |= LoanFlags.DUE_AT_ONCE;
        state.dueAtOnce.carriedPenaltyMinor = uint64(penalty);
        state.dueAtOnce.carriedInterestMinor = uint64(interest);
    }

    function _touch(
        bytes memory witness,
        LoanState memory state,
        DayByDayLoan.State memory simulated,
        Owed memory owed
    ) private returns (LoanState memory moved) {
        uint256 due = owed.penaltyMinor + owed.interestMinor + owed.principalMinor;
        if (owed.daysPastDue > 20 && !simulated.isAccelerated && _random(0, 3) == 0) {
            simulated.accelerate();
            moved = _libraries.accelerate(state, witness, simulated.today);
            vm.assertEq(
                moved.dueAtOnce.acceleratedInterestMinor, simulated.acceleratedInterest, "interest"
            );
            return moved;
        }
        bool isPrepayable = due == 0 && !simulated.isAccelerated
            && simulated.terms.prepayment != Prepayment.NotAllowed;
        if (isPrepayable && _random(0, 1) == 0) return _prepay(witness, state, simulated);
        uint256 most = due + owed.currentMinor;
        if (most == 0) return state;
        return _repay(witness, state, simulated, _random(0, 2) == 0 ? most : _random(1, most));
    }

    function _prepay(
        bytes memory witness,
        LoanState memory state,
        DayByDayLoan.State memory simulated
    ) private returns (LoanState memory moved) {
        uint256 next = simulated.next;
        uint256 most = simulated.balance[next] - simulated.principal[next];
        if (simulated.principal[next] == 0) --most;
        if (most == 0) return state;
        uint256 amount = _random(0, 4) == 0 ? most : _random(1, most);
        uint256 interest;
        (interest, moved) = _libraries.prepay(state, witness, simulated.today, amount);
        vm.assertEq(interest, simulated.prepay(amount), "interest of a prepayment");
        for (uint256 i = next; i < simulated.balance.length; ++i) {
            (uint256 balance, uint256 rowInterest, uint256 principal) =
                _libraries.reduced(moved, witness, i);
            vm.assertEq(balance, simulated.balance[i], "balance");
            vm.assertEq(principal, simulated.principal[i], "principal");
            if (balance != 0) vm.assertEq(rowInterest, simulated.interest[i], "interest");
        }
    }

    function _repay(
        bytes memory witness,
        LoanState memory state,
        DayByDayLoan.State memory simulated,
        uint256 amount
    ) private returns (LoanState memory moved) {
        (uint256 penalty, uint256 interest, uint256 principal) = simulated.repay(amount);
        uint256[3] memory parts;
        bool isCleared;
        (parts, isCleared, moved) = _libraries.repay(state, witness, simulated.today, amount);
        vm.assertEq(parts[0], penalty, "penalty");
        vm.assertEq(parts[1], interest, "interest");
        vm.assertEq(parts[2], principal, "principal");
        vm.assertEq(penalty + interest + principal, amount, "nothing lost");
        vm.assertEq(
            isCleared, simulated.isRepaid() && simulated.owed().penaltyMinor == 0, "cleared"
        );
    }

    function _random(uint256 lowest, uint256 highest) private returns (uint256) {
        _seed = uint256(keccak256(abi.encode(_seed)));
        return lowest + _seed % (highest - lowest + 1);
    }

    function _assertSame(Owed memory actual, Owed memory expected) private pure {
        vm.assertEq(actual.penaltyMinor, expected.penaltyMinor, "penaltyMinor");
        vm.assertEq(actual.interestMinor, expected.interestMinor, "interestMinor");
        vm.assertEq(actual.principalMinor, expected.principalMinor, "principalMinor");
        vm.assertEq(actual.currentMinor, expected.currentMinor, "currentMinor");
        vm.assertEq(actual.payoffInterestMinor, expected.payoffInterestMinor, "payoffInterestMinor");
        vm.assertEq(actual.payoffFeeMinor, expected.payoffFeeMinor, "payoffFeeMinor");
        vm.assertEq(
            actual.outstandingPrincipalMinor,
            expected.outstandingPrincipalMinor,
            "outstandingPrincipalMinor"
        );
        vm.assertEq(actual.arrearsMinor, expected.arrearsMinor, "arrearsMinor");
        vm.assertEq(actual.daysPastDue, expected.daysPastDue, "daysPastDue");
    }
}
