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
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

contract PayTest is ServicingTest {
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_terms());
    }

    function testPaysThePayeeFromTheControlledAccount() public {
        LoanState memory expected = ledger.loanOf(_loanId);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.ProceedsPaid(_loanId, steelmaker, MATERIALS, 300_000, EVIDENCE);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(ledger), steelmaker, 300_000);
        _pay(borrower, steelmaker, 300_000, MATERIALS);

        vm.assertEq(token.balanceOf(steelmaker), 300_000);
        vm.assertEq(token.balanceOf(address(ledger)), PRINCIPAL - 300_000);
        vm.assertEq(ledger.spentMinor(_loanId, MATERIALS), 300_000);
        expected.account.controlledMinor -= 300_000;
        _assertSame(ledger.loanOf(_loanId), expected);
    }

    /* WHO */

    function testAServicerPays() public {
        _pay(servicer, steelmaker, 1, MATERIALS);
        vm.assertEq(token.balanceOf(steelmaker), 1);
    }

    function testRevertsForAnyoneElse() public {
        address[8] memory others =
            [lender, steelmaker, stranger, outsider, admin, registrar, bank, guardian];
        for (uint256 i; i < others.length; ++i) {
            _expectRevert(
                others[i],
                steelmaker,
                1,
                MATERIALS,
                abi.encodeWithSelector(ILedgerErrors.CallerNotPermitted.selector, others[i])
            );
        }
    }

    /// @dev Freezing the borrower stops the use of what was lent to it, whoever would pay.
    function testRevertsWhileTheBorrowerIsFrozen() public {
        _freeze(borrower);
        bytes memory notActive = abi.encodeWithSelector(
            ILedgerErrors.PartyNotActiveAs.selector, borrower, PartyRoles.BORROWER
        );
        _expectRevert(borrower, steelmaker, 1, MATERIALS, notActive);
        _expectRevert(servicer, steelmaker, 1, MATERIALS, notActive);
        _unfreeze(borrower);
        _pay(borrower, steelmaker, 1, MATERIALS);
    }

    /* STATUS */

    function testRevertsOnUnknownTerms() public {
        LoanTerms memory terms = _terms();
        terms.purposes[0].capMinor = PRINCIPAL;
        bytes32 loanId = _id(terms);
        vm.expectRevert(_unknown(loanId));
        vm.prank(borrower);
        ledger.pay(_witness(terms), _agreement(terms), steelmaker, 1, MATERIALS, EVIDENCE);
    }

    function testRevertsUnlessActive() public {
        vm.warp(_noon(20260102));
        LoanTerms memory approved = _terms();
        approved.agreement = "L-2026-0002";
        _expectStatusInvalid(approved, _originate(approved), Status.Approved);

        vm.warp(_noon(20260209));
        _writeOff(_terms());
        _expectStatusInvalid(_terms(), _loanId, Status.WrittenOff);

        _payoff(_terms(), stranger);
        _expectStatusInvalid(_terms(), _loanId, Status.Closed);
    }

    /* WHAT */

    function testRevertsOnNothing() public {
        _expectRevert(
            borrower,
            steelmaker,
            0,
            MATERIALS,
            abi.encodeWithSelector(ILedgerErrors.AmountZero.selector)
        );
    }

    function testRevertsWithoutEvidence() public {
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.EvidenceMissing.selector));
        vm.prank(borrower);
        ledger.pay(_witness(_terms()), _agreement(_terms()), steelmaker, 1, MATERIALS, 0);
    }

    function testRevertsOnAPurposeNotAgreed() public {
        bytes32[3] memory purposes = [bytes32("casino"), bytes32(0), MATERIALS | bytes32(uint256(1))];
        for (uint256 i; i < purposes.length; ++i) {
            _expectRevert(
                borrower,
                steelmaker,
                1,
                purposes[i],
                abi.encodeWithSelector(ILedgerErrors.PurposeNotAgreed.selector, purposes[i])
            );
        }
    }

    function testEveryPurposeHasACapOfItsOwn() public {
        _pay(borrower, steelmaker, MATERIALS_CAP - 1, MATERIALS);
        _pay(borrower, outfitter, 200_000, MACHINES);
        _pay(borrower, steelmaker, 1, MATERIALS);
        _expectRevert(borrower, steelmaker, 1, MATERIALS, _aboveCap(MATERIALS, MATERIALS_CAP, 1));
        vm.assertEq(ledger.spentMinor(_loanId, MATERIALS), MATERIALS_CAP);
        vm.assertEq(ledger.spentMinor(_loanId, MACHINES), 200_000);
        vm.assertEq(ledger.spentMinor(_loanId, SUNDRIES), 0);
    }

    function testRevertsOnOneUnitAboveTheCap() public {
        _expectRevert(
            borrower,
            steelmaker,
            MATERIALS_CAP + 1,
            MATERIALS,
            _aboveCap(MATERIALS, 0, MATERIALS_CAP + 1)
        );
        _expectRevert(
            borrower,
            steelmaker,
            type(uint64).max,
            MATERIALS,
            _aboveCap(MATERIALS, 0, type(uint64).max)
        );
    }

    /// @dev The caps may add up to more than was lent; the controlled account does not.
    function testRevertsOnMoreThanIsControlled() public {
        vm.prank(borrower);
        ledger.withdraw(_witness(_terms()), _agreement(_terms()), SELF_PAID_MAX);
        _pay(borrower, steelmaker, MATERIALS_CAP, MATERIALS);
        _pay(borrower, outfitter, 150_000, MACHINES);
        _expectRevert(
            borrower,
            outfitter,
            50_001,
            MACHINES,
            abi.encodeWithSelector(
                ILedgerErrors.ControlledBalanceExceeded.selector, uint64(50_000), uint64(50_001)
            )
        );
        _pay(borrower, outfitter, 50_000, MACHINES);
        vm.assertEq(_account(_loanId).controlledMinor, 0);
        vm.assertEq(token.balanceOf(address(ledger)), 0);
    }

    /* TO WHOM */

    function testRevertsOnPayeesThatAreNotRegistered() public {
        _expectPayeeNotRegistered(outsider);
        _expectPayeeNotRegistered(stranger);
        _freeze(steelmaker);
        _expectPayeeNotRegistered(steelmaker);
    }

    function testRevertsOnAPayeeOfAnotherCategory() public {
        _expectRevert(
            borrower,
            outfitter,
            1,
            MATERIALS,
            abi.encodeWithSelector(
                ILedgerErrors.PayeeCategoryNotAgreed.selector, outfitter, OUTFITTING, STEEL
            )
        );
    }

    function testAPurposeWithoutACategoryAdmitsAnyPayee() public {
        _pay(borrower, steelmaker, 1, SUNDRIES);
        _pay(borrower, outfitter, 1, SUNDRIES);
        _expectRevert(
            borrower,
            stranger,
            1,
            SUNDRIES,
            abi.encodeWithSelector(ILedgerErrors.PayeeNotRegistered.selector, stranger)
        );
    }

    function testTheCategoryIsTheOneOfToday() public {
        vm.prank(registrar);
        registry.update(outfitter, PartyRoles.PAYEE, STEEL, "identity");
        _pay(borrower, outfitter, 1, MATERIALS);
        _expectRevert(
            borrower,
            outfitter,
            1,
            MACHINES,
            abi.encodeWithSelector(
                ILedgerErrors.PayeeCategoryNotAgreed.selector, outfitter, STEEL, OUTFITTING
            )
        );
    }

    /// @dev Even a side of the loan that also sells: it would be a withdrawal under another name.
    function testRevertsOnPayingASideOfTheLoanOrTheLedger() public {
        address[3] memory sides = [borrower, lender, address(ledger)];
        uint32[3] memory roles = [PartyRoles.BORROWER, PartyRoles.LENDER, PartyRoles.LEDGER];
        for (uint256 i; i < sides.length; ++i) {
            vm.prank(registrar);
            registry.update(sides[i], roles[i] | PartyRoles.PAYEE, STEEL, "identity");
            _expectRevert(
                borrower,
                sides[i],
                1,
                MATERIALS,
                abi.encodeWithSelector(ILedgerErrors.PayeeIsParty.selector, sides[i])
            );
        }
    }

    /* TWO LOANS */

    function testOneLoanCannotSpendTheMoneyOfAnother() public {
        LoanTerms memory other = _terms();
        other.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        bytes32 otherId = _disburse(other);
        _pay(borrower, steelmaker, MATERIALS_CAP, MATERIALS);
        vm.assertEq(ledger.spentMinor(otherId, MATERIALS), 0);
        vm.assertEq(_account(otherId).controlledMinor, PRINCIPAL);
        _pay(borrower, outfitter, MACHINES_CAP, MACHINES);
        _expectRevert(
            borrower,
            steelmaker,
            1,
            SUNDRIES,
            abi.encodeWithSelector(
                ILedgerErrors.ControlledBalanceExceeded.selector, uint64(0), uint64(1)
            )
        );
    }

    /* INTERNAL */

    function _pay(address caller, address payee, uint64 amountMinor, bytes32 purpose) private {
        vm.prank(caller);
        ledger.pay(_witness(_terms()), _agreement(_terms()), payee, amountMinor, purpose, EVIDENCE);
    }

    function _expectRevert(
        address caller,
        address payee,
        uint64 amountMinor,
        bytes32 purpose,
        bytes memory revertData
    ) private {
        vm.expectRevert(revertData);
        _pay(caller, payee, amountMinor, purpose);
    }

    function _expectPayeeNotRegistered(address payee) private {
        _expectRevert(
            borrower,
            payee,
            1,
            MATERIALS,
            abi.encodeWithSelector(ILedgerErrors.PayeeNotRegistered.selector, payee)
        );
    }

    function _expectStatusInvalid(LoanTerms memory terms, bytes32 loanId, Status status) private {
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.LoanStatusInvalid.selector, loanId, status)
        );
        vm.prank(borrower);
        ledger.pay(_witness(terms), _agreement(terms), steelmaker, 1, MATERIALS, EVIDENCE);
    }

    function _aboveCap(bytes32 purpose, uint64 spent, uint64 amountMinor)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            ILedgerErrors.PurposeCapExceeded.selector, purpose, spent, amountMinor, MATERIALS_CAP
        );
    }
}
