// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {ILoanLedger, Loan, LoanTerms, Owed, Status} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

contract WriteOffTest is LoanTest {
    bytes32 private constant REASON = "uncollectible";
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_terms());
        vm.warp(_noon(20260310));
    }

    function testTellsWhatWasOwed() public {
        // First: 30 days beyond grace on 412,000; second: two on 408,000.
        uint64 penalty = 30 * 206 + 2 * 204;
        Owed memory before = _owed(_terms());
        vm.expectEmit(address(ledger));
        emit ILoanLedger.LoanWrittenOff(_loanId, PRINCIPAL, 20_000, penalty, REASON);
        _writeOff();

        Loan memory expected;
        expected.status = Status.WrittenOff;
        expected.disbursedAt = uint40(_noon(20260105));
        expected.accruedOn = uint32(SlowCalendar.daysOf(20260310));
        expected.penaltyUnitDays = 412_000 * 30 + 408_000 * 2;
        expected.controlledMinor = PRINCIPAL;
        _assertSame(ledger.loanOf(_loanId), expected);
        _assertSame(_owed(_terms()), before);
    }

    /// @dev The debt survives: penalty goes on as if nothing had happened.
    function testTheClaimSurvives() public {
        Owed memory foretold = ledger.owedAt(_terms(), _noon(20270101));
        _writeOff();
        vm.warp(_noon(20270101));
        _assertSame(_owed(_terms()), foretold);
    }

    function testMovesNoMoney() public {
        _writeOff();
        vm.assertEq(token.balanceOf(address(ledger)), PRINCIPAL);
        vm.assertEq(token.balanceOf(lender), 0);
    }

    /* ONLY IN ARREARS */

    function testRevertsUntilTheLastSecondOfGrace() public {
        uint256[4] memory times =
            [_noon(20260106), _midnight(20260205), _noon(20260206), _lastSecond(20260208)];
        for (uint256 i; i < times.length; ++i) {
            vm.warp(times[i]);
            _expectRevert(abi.encodeWithSelector(ILoanLedger.NotInArrears.selector, _loanId));
        }
        vm.warp(_lastSecond(20260208) + 1);
        _writeOff();
        _assertStatus(_loanId, Status.WrittenOff);
    }

    function testRevertsOnceTheArrearsAreRepaid() public {
        uint64 penalty = _owed(_terms()).penaltyMinor;
        _repay(_terms(), stranger, penalty + 412_000 + 407_999);
        vm.assertEq(_owed(_terms()).arrearsMinor, 1);
        _repay(_terms(), stranger, 1);
        _expectRevert(abi.encodeWithSelector(ILoanLedger.NotInArrears.selector, _loanId));
    }

    /// @dev Unpaid penalty alone is no arrears.
    function testRevertsOnPenaltyAlone() public {
        _repay(_terms(), stranger, _owed(_terms()).penaltyMinor + 412_000 + 408_000);
        vm.assertEq(_owed(_terms()).arrearsMinor, 0);
        _expectRevert(abi.encodeWithSelector(ILoanLedger.NotInArrears.selector, _loanId));
    }

    /* STATUS AND CALLER */

    function testRevertsUnlessActive() public {
        _writeOff();
        _expectRevert(_statusInvalid(Status.WrittenOff));
        _payoff(_terms(), stranger);
        _expectRevert(_statusInvalid(Status.Closed));
    }

    function testRevertsBeforeDisbursement() public {
        LoanTerms memory approved = _terms();
        approved.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        bytes32 approvedId = _originate(approved);
        vm.warp(_noon(20260310));
        vm.expectRevert(
            abi.encodeWithSelector(
                ILoanLedger.LoanStatusInvalid.selector, approvedId, Status.Approved
            )
        );
        vm.prank(servicer);
        ledger.writeOff(approved, REASON);
    }

    function testRevertsOnUnknownTerms() public {
        LoanTerms memory terms = _terms();
        terms.graceDays = 0;
        bytes32 loanId = ledger.idOf(terms);
        vm.expectRevert(abi.encodeWithSelector(ILoanLedger.LoanUnknown.selector, loanId));
        vm.prank(servicer);
        ledger.writeOff(terms, REASON);
    }

    function testRevertsForAnyoneButAServicer() public {
        address[7] memory others =
            [lender, borrower, stranger, outsider, admin, registrar, guardian];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IAccessManaged.AccessManagedUnauthorized.selector, others[i]
                )
            );
            vm.prank(others[i]);
            ledger.writeOff(_terms(), REASON);
        }
    }

    function _writeOff() private {
        vm.prank(servicer);
        ledger.writeOff(_terms(), REASON);
    }

    function _expectRevert(bytes memory revertData) private {
        vm.expectRevert(revertData);
        _writeOff();
    }

    function _statusInvalid(Status status) private view returns (bytes memory) {
        return abi.encodeWithSelector(ILoanLedger.LoanStatusInvalid.selector, _loanId, status);
    }
}
