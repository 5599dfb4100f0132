// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {ILedgerErrors, ILoanLedger, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

interface IServicingOf {
    function SERVICING() external view returns (address);
}

/// @notice The ledger's second half: its code runs on the ledger's storage, as the ledger's caller; by
/// itself it knows no loans and moves no money.
contract ServicingDelegationTest is ServicingTest {
    ILoanLedger private _servicing;
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_termsWithAll());
        vm.warp(_noon(20260310));
        _servicing = ILoanLedger(IServicingOf(address(ledger)).SERVICING());
    }

    /* CALLED DIRECTLY */

    function testCalledDirectlyItFindsNoLoans() public {
        bytes memory witness = _witness(_termsWithAll());
        bytes[] memory calls = new bytes[](9);
        calls[0] = abi.encodeCall(ledger.cancel, (witness));
        calls[1] = abi.encodeCall(ledger.collect, (witness));
        calls[2] = abi.encodeCall(ledger.payoff, (witness, type(uint64).max));
        calls[3] = abi.encodeCall(ledger.revokeMandate, (witness));
        calls[4] = abi.encodeCall(ledger.prepay, (witness, 1, 1));
        calls[5] = abi.encodeCall(ledger.callGuarantee, (witness, 1));
        calls[6] = abi.encodeCall(ledger.reimburse, (witness, 1));
        calls[7] = abi.encodeCall(ledger.accelerate, (witness, "reason"));
        calls[8] = abi.encodeCall(ledger.assign, (witness, factor, 0, 20991231, "", ""));
        address[4] memory callers = [lender, borrower, guarantor, servicer];
        for (uint256 i; i < calls.length; ++i) {
            for (uint256 j; j < callers.length; ++j) {
                vm.prank(callers[j]);
                (bool isDone, bytes memory answer) = address(_servicing).call(calls[i]);
                vm.assertFalse(isDone);
                vm.assertEq(answer, _unknown(_loanId));
            }
        }
    }

    /// @dev Roles are given for the ledger's address: there are none for this one.
    function testCalledDirectlyItKnowsNoRoles() public {
        bytes memory unauthorized =
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, servicer);
        vm.startPrank(servicer);
        vm.expectRevert(unauthorized);
        _servicing.writeOff(_witness(_termsWithAll()), "reason");
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, guardian)
        );
        vm.prank(guardian);
        _servicing.pause();
    }

    function testCalledDirectlyItChangesNothingOfTheLedger() public {
        LoanTerms memory terms = _termsWithAll();
        terms.agreement = "L-2026-0002";
        vm.prank(lender);
        _servicing.revokeSignature(_witness(terms));
        _assertStatus(_id(terms), Status.None);
        vm.warp(_noon(20260102));
        _assertStatus(_originate(terms), Status.Approved);
    }

    /// @dev A restructuring there needs signatures for its address, and a prior loan it does not have.
    function testCalledDirectlyItRestructuresNothing() public {
        LoanTerms memory terms = _terms();
        (terms.agreement, terms.priorLoanId) = ("R-2026-0001", _loanId);
        (terms.disburseOn, terms.disburseBy, terms.signBy) = (20260310, 20260310, 20260310);
        for (uint256 i; i < 3; ++i) terms.instalments[i].dueOn += 600;
        Signatures memory given = _signatures(terms);
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, lender));
        _servicing.restructure(
            _witness(_termsWithAll()),
            _witness(terms),
            _agreement(terms),
            given.lender,
            given.borrower,
            ""
        );
    }

    function testTheLedgersOwnCallsAreNotThere() public {
        vm.expectRevert(bytes(""));
        _servicing.repay(_witness(_termsWithAll()), 1);
        vm.expectRevert(bytes(""));
        _servicing.claim();
    }

    /* CALLED THROUGH THE LEDGER */

    function testTheCallerStaysTheCaller() public {
        // The borrower's own right, a role, and a right of neither.
        vm.prank(borrower);
        ledger.revokeMandate(_witness(_termsWithAll()));
        vm.prank(servicer);
        ledger.accelerate(_witness(_termsWithAll()), "reason");
        vm.expectRevert(_notPermitted(address(ledger)));
        vm.prank(address(ledger));
        ledger.callGuarantee(_witness(_termsWithAll()), 1);
        vm.expectRevert(_notPermitted(address(_servicing)));
        vm.prank(address(_servicing));
        ledger.callGuarantee(_witness(_termsWithAll()), 1);
    }

    function testWhatIsDelegatedIsStoredInTheLedger() public {
        _accelerate(_termsWithAll());
        vm.assertGt(ledger.loanOf(_loanId).loan.flags, 0);
        // Wherever the loan would be in the code's own storage, there is nothing.
        for (uint256 slot; slot < 16; ++slot) {
            bytes32 place = keccak256(abi.encode(_loanId, slot));
            vm.assertEq(vm.load(address(_servicing), place), bytes32(0));
        }
    }

    function testErrorsAndAnswersComeBackWhole() public {
        vm.expectRevert(_aboveMax(_payoffMinor(_termsWithAll()), 1));
        ledger.payoff(_witness(_termsWithAll()), 1);
        uint64 amountMinor = _payoffMinor(_termsWithAll());
        vm.assertEq(_payoff(_termsWithAll(), stranger), amountMinor);
    }

    /// @dev Signatures are for the ledger's address, though the code that checks them is elsewhere.
    function testTheDomainIsTheLedgers() public {
        _assign(_termsWithAll(), 0);
        vm.assertEq(ledger.loanOf(_loanId).assignee, factor);
    }
}
