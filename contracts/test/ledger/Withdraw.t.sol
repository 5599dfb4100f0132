// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    ILedgerErrors,
    ILedgerEvents,
    LoanState,
    LoanTerms,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

contract WithdrawTest is ServicingTest {
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_terms());
    }

    function testReleasesToTheBorrower() public {
        LoanState memory expected = ledger.loanOf(_loanId);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.ProceedsWithdrawn(_loanId, 150_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(ledger), borrower, 150_000);
        _withdraw(borrower, 150_000);

        vm.assertEq(token.balanceOf(borrower), 150_000);
        expected.account.controlledMinor -= 150_000;
        expected.account.withdrawnMinor = 150_000;
        _assertSame(ledger.loanOf(_loanId), expected);
    }

    function testTheShareIsForAllWithdrawalsTogether() public {
        _withdraw(borrower, SELF_PAID_MAX - 1);
        _withdraw(borrower, 1);
        _expectRevert(1, _aboveShare(SELF_PAID_MAX, 1));
    }

    function testRevertsOnOneUnitAboveTheShare() public {
        _expectRevert(SELF_PAID_MAX + 1, _aboveShare(0, SELF_PAID_MAX + 1));
        _expectRevert(type(uint64).max, _aboveShare(0, type(uint64).max));
    }

    function testRevertsOnMoreThanIsControlled() public {
        vm.startPrank(borrower);
        ledger.pay(_witness(_terms()), _agreement(_terms()), steelmaker, MATERIALS_CAP, MATERIALS, EVIDENCE);
        ledger.pay(_witness(_terms()), _agreement(_terms()), outfitter, MACHINES_CAP - 1, MACHINES, EVIDENCE);
        vm.stopPrank();
        _expectRevert(
            2,
            abi.encodeWithSelector(
                ILedgerErrors.ControlledBalanceExceeded.selector, uint64(1), uint64(2)
            )
        );
        _withdraw(borrower, 1);
    }

    function testRevertsOnNothing() public {
        _expectRevert(0, abi.encodeWithSelector(ILedgerErrors.AmountZero.selector));
    }

    function testRevertsForAnyoneElse() public {
        address[7] memory others =
            [lender, servicer, stranger, outsider, admin, bank, guardian];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(ILedgerErrors.CallerNotPermitted.selector, others[i])
            );
            _withdraw(others[i], 1);
        }
    }

    function testRevertsWhileTheBorrowerIsFrozen() public {
        _freeze(borrower);
        _expectRevert(1, abi.encodeWithSelector(ISettlementToken.PartyNotActive.selector, borrower));
        vm.assertEq(_account(_loanId).withdrawnMinor, 0);
    }

    function testRevertsOnUnknownTerms() public {
        LoanTerms memory terms = _terms();
        terms.selfPaidMinorMax = PRINCIPAL;
        bytes32 loanId = _id(terms);
        vm.expectRevert(_unknown(loanId));
        vm.prank(borrower);
        ledger.withdraw(_witness(terms), _agreement(terms), 1);
    }

    function testRevertsUnlessActive() public {
        vm.warp(_noon(20260102));
        LoanTerms memory approved = _terms();
        approved.agreement = "L-2026-0002";
        bytes32 approvedId = _originate(approved);
        vm.expectRevert(_statusInvalid(approvedId, Status.Approved));
        vm.prank(borrower);
        ledger.withdraw(_witness(approved), _agreement(approved), 1);

        vm.warp(_noon(20260209));
        _writeOff(_terms());
        _expectRevert(1, _statusInvalid(_loanId, Status.WrittenOff));

        _payoff(_terms(), stranger);
        _expectRevert(1, _statusInvalid(_loanId, Status.Closed));
    }

    function _withdraw(address caller, uint64 amountMinor) private {
        vm.prank(caller);
        ledger.withdraw(_witness(_terms()), _agreement(_terms()), amountMinor);
    }

    function _expectRevert(uint64 amountMinor, bytes memory revertData) private {
        vm.expectRevert(revertData);
        _withdraw(borrower, amountMinor);
    }

    function _aboveShare(uint64 withdrawn, uint64 amountMinor) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ILedgerErrors.SelfPaidShareExceeded.selector, withdrawn, amountMinor, SELF_PAID_MAX
        );
    }
}
