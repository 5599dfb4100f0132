// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {ILedgerErrors, ILedgerEvents, LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

contract ServeNoticeTest is ServicingTest {
    bytes32 private constant STEP = "overdue_7";
    bytes32 private constant LETTER = keccak256("letter");
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_terms());
        vm.warp(_noon(20260212));
    }

    function testAnchorsTheHashAndTheTime() public {
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.NoticeServed(_loanId, LETTER, STEP);
        _serve(_loanId, STEP, LETTER);
        vm.assertEq(ledger.noticeServedAt(_loanId, LETTER), _noon(20260212));
    }

    function testTheSameStepMayBeServedAgainWithAnotherLetter() public {
        _serve(_loanId, STEP, LETTER);
        _serve(_loanId, STEP, keccak256("second letter"));
    }

    function testTheSameLetterMayBeServedOnAnotherLoan() public {
        LoanTerms memory other = _terms();
        other.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        bytes32 otherId = _originate(other);
        _serve(_loanId, STEP, LETTER);
        _serve(otherId, STEP, LETTER);
    }

    function testRevertsOnTheSameLetterTwice() public {
        _serve(_loanId, STEP, LETTER);
        vm.warp(_noon(20260213));
        _expectRevert(
            _loanId,
            "overdue_30",
            LETTER,
            abi.encodeWithSelector(ILedgerErrors.NoticeAlreadyServed.selector, _loanId, LETTER)
        );
        vm.assertEq(ledger.noticeServedAt(_loanId, LETTER), _noon(20260212));
    }

    function testRevertsOnIncompleteNotices() public {
        bytes memory incomplete = abi.encodeWithSelector(ILedgerErrors.NoticeIncomplete.selector);
        _expectRevert(_loanId, "", LETTER, incomplete);
        _expectRevert(_loanId, STEP | bytes32(uint256(1)), LETTER, incomplete);
        _expectRevert(_loanId, hex"ff", LETTER, incomplete);
        _expectRevert(_loanId, STEP, 0, incomplete);
    }

    function testRevertsOnUnknownLoans() public {
        _expectRevert(
            "nobody's",
            STEP,
            LETTER,
            abi.encodeWithSelector(ILedgerErrors.LoanUnknown.selector, bytes32("nobody's"))
        );
    }

    function testServesAfterWriteOffAndAfterClosing() public {
        _writeOff(_terms());
        _serve(_loanId, "written_off", LETTER);
        _payoff(_terms(), stranger);
        _serve(_loanId, "closed", keccak256("receipt"));
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
            ledger.serveNotice(_loanId, STEP, LETTER);
        }
    }

    function _serve(bytes32 loanId, bytes32 step, bytes32 contentHash) private {
        vm.prank(servicer);
        ledger.serveNotice(loanId, step, contentHash);
    }

    function _expectRevert(bytes32 loanId, bytes32 step, bytes32 contentHash, bytes memory revertData)
        private
    {
        vm.expectRevert(revertData);
        _serve(loanId, step, contentHash);
    }
}
