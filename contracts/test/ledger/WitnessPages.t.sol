// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerErrors, LoanTerms, Owed, Status} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

/// @notice Which pages a call needs, and that nobody can make a correct witness fail. A loan of 36
/// instalments from February 2026 on: pages of 12, the first twelve falling due until January 2027.
contract WitnessPagesTest is ServicingTest {
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_long());
    }

    /* WHAT A CALL NEEDS */

    function testARepaymentNeedsThePagesFromTheNextInstalmentToTheFirstNotDue() public {
        _repayPages(0, 1, 1);
        vm.warp(_noon(20270105));
        // All twelve of the first page are due, and the first of the second is the current one.
        _expectNotShown(0, 1, 12);
        _expectNotShown(1, 2, 0);
        _repayPages(0, 2, 1);
    }

    function testLaterPagesServeOnceTheFirstIsRepaid() public {
        vm.warp(_noon(20270105));
        Owed memory owed = _owed(_long());
        uint64 due = uint64(owed.penaltyMinor + owed.interestMinor + owed.principalMinor);
        _repay(_long(), borrower, due);
        vm.assertEq(_loan(_loanId).nextInstalment, 12);
        _expectNotShown(0, 1, 12);
        _repayPages(1, 1, 100);
        vm.assertEq(_loan(_loanId).paidOnNextMinor, 100);
    }

    function testEveryCallServesWithTheFullWitness() public {
        vm.warp(_noon(20280601));
        _repayPages(0, 3, 500_000);
        _repayPages(0, 3, 500_000);
    }

    function testAPayoffAndAViewNeedNoMore() public {
        vm.warp(_noon(20260210));
        bytes memory witness = _witness(_long(), 0, 1);
        _assertSame(ledger.owedAt(witness, vm.getBlockTimestamp()), _owed(_long()));
        _fundForLedger(borrower, 2 * PRINCIPAL);
        vm.prank(borrower);
        ledger.payoff(witness, 2 * PRINCIPAL);
        _assertStatus(_loanId, Status.Closed);
    }

    function testDisbursingNeedsTheFirstPage() public {
        LoanTerms memory terms = _long();
        terms.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        _originate(terms);
        vm.warp(_noon(20260105));
        _fundForLedger(lender, PRINCIPAL);
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.InstalmentNotShown.selector, 0));
        vm.prank(lender);
        ledger.disburse(_witness(terms, 1, 2), _agreement(terms));
        vm.prank(lender);
        ledger.disburse(_witness(terms, 0, 1), _agreement(terms));
        _assertStatus(_id(terms), Status.Active);
    }

    function testOriginatingNeedsEveryPage() public {
        LoanTerms memory terms = _long();
        terms.agreement = "L-2026-0002";
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.InstalmentNotShown.selector, 0));
        ledger.digestOf(_witness(terms, 1, 2), _agreement(terms));
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.InstalmentNotShown.selector, 35));
        ledger.digestOf(_witness(terms, 0, 2), _agreement(terms));
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.InstalmentNotShown.selector, 35));
        ledger.digestOf(_witness(terms, 0, 0), _agreement(terms));
    }

    function testCallsAboutNoInstalmentNeedNoPage() public {
        bytes memory witness = _witness(_long(), 0, 0);
        vm.startPrank(borrower);
        ledger.pay(witness, _agreement(_long()), steelmaker, 1, MATERIALS, EVIDENCE);
        ledger.withdraw(witness, _agreement(_long()), 1);
        vm.stopPrank();
        bytes32 digest = ledger.assignmentDigestOf(witness, factor, 0, 20991231);
        ledger.assign(
            witness, factor, 0, 20991231, _sign(lenderKey, digest), _sign(factorKey, digest)
        );
        vm.assertEq(ledger.loanOf(_loanId).assignee, factor);
    }

    function testRepayingPastTheLastPageShownFails() public {
        // Eleven instalments are repaid ahead; the twelfth is current, and the page ends with it.
        LoanTerms memory terms = _long();
        while (_loan(_loanId).nextInstalment < 11) _repay(terms, borrower, _repayableMinor(terms));
        _repayPages(0, 1, type(uint64).max);
        vm.assertEq(_loan(_loanId).nextInstalment, 12);
        _expectNotShown(0, 1, 12);
    }

    /* GRIEFING */

    /// @dev The witness a writer makes shows the pages from the next instalment to the first not due plus
    /// one more. Whatever others repay before it lands on the same day, it serves.
    function testOthersRepaymentsDoNotOutrunADefaultWitness(uint256 daySeed, uint256 seed) public {
        LoanTerms memory terms = _long();
        vm.warp(bound(daySeed, _midnight(20260105), _lastSecond(20281231)));
        bytes memory witness = _defaultWitness(terms);
        for (uint256 i; i < 2; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint64 most = _repayableMinor(terms);
            if (most == 0) return;
            _repay(terms, stranger, seed & 1 == 0 ? most : uint64(bound(seed >> 8, 1, most)));
            if (_loan(_loanId).status == Status.Closed) return;
            // A second full repayment would repay an instalment of the next month ahead.
            if (seed & 1 == 0) break;
        }
        _fundForLedger(borrower, 1);
        vm.prank(borrower);
        vm.assertEq(ledger.repay(witness, 1), 1);
    }

    /// @dev Nor do prepayments, write-offs, assignments or acceleration.
    function testOthersActsDoNotInvalidateAFullWitness(uint8 act) public {
        LoanTerms memory terms = _long();
        bytes memory witness = _witness(terms);
        if (act % 4 == 0) {
            _prepay(terms, 300_000);
        } else if (act % 4 == 1) {
            _assign(terms, 0);
        } else {
            _useAll(terms);
            vm.warp(_noon(20260401));
            if (act % 4 == 2) _writeOff(terms);
            else _accelerate(terms);
        }
        _fundForLedger(borrower, 1);
        vm.prank(borrower);
        vm.assertEq(ledger.repay(witness, 1), 1);
    }

    function _long() private view returns (LoanTerms memory terms) {
        terms = _termsWithAll();
        terms.instalments = _termsOf(36).instalments;
    }

    function _repayPages(uint256 first, uint256 count, uint64 amountMinor) private {
        _fundForLedger(borrower, 500_000);
        vm.prank(borrower);
        ledger.repay(_witness(_long(), first, count), amountMinor);
    }

    function _expectNotShown(uint256 first, uint256 count, uint256 index) private {
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.InstalmentNotShown.selector, index));
        ledger.repay(_witness(_long(), first, count), 1);
    }

    function _defaultWitness(LoanTerms memory terms) private view returns (bytes memory) {
        uint256 next = _loan(_loanId).nextInstalment;
        uint256 notDue = next;
        uint256 count = terms.instalments.length;
        uint32 today = SlowCalendar.dateOf((vm.getBlockTimestamp() + 8 hours) / 1 days);
        while (notDue < count && terms.instalments[notDue].dueOn <= today) ++notDue;
        uint256 last = notDue + 1 < count ? notDue + 1 : count - 1;
        return _witness(terms, next / 12, last / 12 - next / 12 + 1);
    }
}
