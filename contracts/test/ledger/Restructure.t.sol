// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    ILedgerErrors,
    ILedgerEvents,
    LoanFlags,
    LoanState,
    LoanTerms,
    Owed,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {RestructureBase} from "../base/RestructureBase.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

/// @notice A loan replaced by a new one that carries its balances. On 8 March 412,000 has borne penalty
/// for 28 days, interest of 20,000 is due, and three of 31 days of 4,000 are earned.
contract RestructureTest is RestructureBase {
    uint64 private constant PENALTY = 28 * 206;
    uint64 private constant INTEREST = 20_000 + 387;

    bytes32 private _priorId;

    function setUp() public override {
        super.setUp();
        _priorId = _disburse(_prior());
        vm.warp(_noon(20260308));
    }

    function testCarriesPenaltyInterestPrincipalAndControlledMoney() public {
        LoanTerms memory terms = _new(_prior());
        bytes32 loanId = _id(terms);
        Signatures memory given = _signatures(terms);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanOriginated(
            loanId, lender, borrower, _witness(terms), _agreement(terms)
        );
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanRestructured(
            _priorId, loanId, PENALTY, INTEREST, PRINCIPAL, PRINCIPAL
        );
        vm.prank(outsider);
        vm.assertEq(_restructure(_prior(), terms, given), loanId);

        LoanState memory expected;
        expected.loan.status = Status.Active;
        expected.loan.flags = LoanFlags.DUE_AT_ONCE;
        expected.loan.accruedOn = uint24(SlowCalendar.daysOf(20260308));
        expected.account.controlledMinor = uint48(PRINCIPAL);
        expected.dueAtOnce.carriedPenaltyMinor = PENALTY;
        expected.dueAtOnce.carriedInterestMinor = INTEREST;
        _assertSame(ledger.loanOf(loanId), expected);
        _assertStatus(_priorId, Status.Restructured);
        vm.assertEq(_account(_priorId).controlledMinor, 0);
        vm.assertEq(token.balanceOf(address(ledger)), PRINCIPAL);
        vm.assertEq(token.balanceOf(lender), 0);
    }

    /// @dev Due at once, but neither in arrears nor bearing penalty.
    function testWhatIsCarriedIsDueAndBearsNoPenalty() public {
        LoanTerms memory terms = _new(_prior());
        _restructure(_prior(), terms);
        Owed memory expected;
        expected.penaltyMinor = PENALTY;
        expected.interestMinor = INTEREST;
        expected.currentMinor = 412_000;
        expected.outstandingPrincipalMinor = PRINCIPAL;
        expected.payoffFeeMinor = 12_000;
        _assertSame(_owed(terms), expected);
        vm.warp(_midnight(20260408) - 1);
        expected.payoffInterestMinor = 11_613;
        _assertSame(_owed(terms), expected);
        vm.warp(_noon(20260412));
        vm.assertEq(_owed(terms).penaltyMinor, PENALTY + 206);
        vm.assertEq(_owed(terms).arrearsMinor, 412_000);
        vm.assertEq(_owed(terms).interestMinor, INTEREST + 12_000);
    }

    function testWhatIsCarriedIsRepaidFirst() public {
        LoanTerms memory terms = _new(_prior());
        bytes32 loanId = _restructure(_prior(), terms);
        _fundForLedger(borrower, 30_000);
        _expectReceived(loanId, borrower, RepaymentKind.Repay, PENALTY, 24_232, 0);
        vm.prank(borrower);
        ledger.repay(_witness(terms), 30_000);
        LoanState memory state = ledger.loanOf(loanId);
        vm.assertEq(state.dueAtOnce.carriedPenaltyMinor, 0);
        vm.assertEq(state.dueAtOnce.carriedInterestMinor, 0);
        vm.assertEq(state.loan.paidOnNextMinor, 24_232 - INTEREST);
        // What was carried is no penalty of the new loan's own.
        vm.assertEq(state.loan.penaltyRepaidMinor, 0);
    }

    function testClosesOnlyWithWhatIsCarried() public {
        LoanTerms memory terms = _new(_prior());
        bytes32 loanId = _restructure(_prior(), terms);
        vm.warp(_noon(20260608));
        uint64 all = _repayableMinor(terms);
        _repay(terms, borrower, all - 1);
        _assertStatus(loanId, Status.Active);
        _repay(terms, borrower, 1);
        _assertStatus(loanId, Status.Closed);
        vm.assertEq(token.balanceOf(borrower), PRINCIPAL);
    }

    function testPaysOffWithWhatIsCarried() public {
        LoanTerms memory terms = _new(_prior());
        bytes32 loanId = _restructure(_prior(), terms);
        _fundForLedger(borrower, 2 * PRINCIPAL);
        _expectReceived(
            loanId, borrower, RepaymentKind.Payoff, PENALTY, INTEREST, PRINCIPAL, 12_000
        );
        vm.prank(borrower);
        ledger.payoff(_witness(terms), 2 * PRINCIPAL);
        _assertStatus(loanId, Status.Closed);
    }

    function testNothingIsPrepaidWhileSomethingIsCarried() public {
        LoanTerms memory terms = _new(_prior());
        _restructure(_prior(), terms);
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.DueAmountsFirst.selector, PENALTY + INTEREST)
        );
        vm.prank(borrower);
        ledger.prepay(_witness(terms), 1, 100);
    }

    function testTheRestOfTheProceedsIsUsedUnderTheNewTerms() public {
        vm.prank(borrower);
        ledger.pay(_witness(_prior()), _agreement(_prior()), steelmaker, 300_000, MATERIALS, EVIDENCE);
        LoanTerms memory terms = _new(_prior());
        bytes32 loanId = _restructure(_prior(), terms);
        vm.assertEq(_account(loanId).controlledMinor, 900_000);
        vm.startPrank(borrower);
        ledger.withdraw(_witness(terms), _agreement(terms), SELF_PAID_MAX);
        ledger.pay(_witness(terms), _agreement(terms), steelmaker, 700_000, MATERIALS, EVIDENCE);
        vm.stopPrank();
        vm.assertEq(_account(loanId).controlledMinor, 0);
        vm.assertEq(ledger.spentMinor(_priorId, MATERIALS), 300_000);
        vm.assertEq(ledger.spentMinor(loanId, MATERIALS), 700_000);
    }

    /* CHAINS AND EARLIER EVENTS */

    function testARestructuredLoanIsRestructuredAgain() public {
        LoanTerms memory second = _new(_prior());
        _restructure(_prior(), second);
        _repay(second, borrower, 1_000);
        LoanTerms memory third = _new(second);
        third.agreement = "R-2026-0002";
        vm.warp(_noon(20260310));
        bytes32 loanId = _restructure(second, third);
        Owed memory owed = _owed(third);
        vm.assertEq(owed.penaltyMinor, PENALTY - 1_000);
        // Two of 31 days of 12,000.
        vm.assertEq(owed.interestMinor, INTEREST + 774);
        vm.assertEq(owed.outstandingPrincipalMinor, PRINCIPAL);
        _assertStatus(_id(second), Status.Restructured);
        _assertStatus(loanId, Status.Active);
    }

    function testAnAcceleratedLoanIsRestructured() public {
        _useAll(_prior());
        _accelerate(_prior());
        vm.warp(_noon(20260310));
        LoanTerms memory terms = _new(_prior());
        _restructure(_prior(), terms);
        Owed memory owed = _owed(terms);
        uint256 unitDays = 412_000 * 28 + 2 * uint256(INTEREST + PRINCIPAL);
        vm.assertEq(owed.penaltyMinor, unitDays / 2_000);
        vm.assertEq(owed.interestMinor, INTEREST);
        vm.assertEq(owed.outstandingPrincipalMinor, PRINCIPAL);
        vm.assertEq(owed.daysPastDue, 0);
    }

    function testAnAssignedLoanIsRestructuredWithThePresentLender() public {
        _assign(_prior(), 0);
        LoanTerms memory terms = _new(_prior());
        _expectMismatch(terms, "lender");
        terms.lender = factor;
        Signatures memory given = _signatures(terms);
        given.lender = _sign(factorKey, ledger.digestOf(_witness(terms), _agreement(terms)));
        bytes32 loanId = _restructure(_prior(), terms, given);
        vm.assertEq(_loan(loanId).flags, LoanFlags.DUE_AT_ONCE);
        _repay(terms, borrower, 10);
        vm.assertEq(token.balanceOf(factor), 10);
    }

    /// @dev The guarantor of the loan that ended is still owed what it paid.
    function testTheGuarantorIsReimbursedAfterwards() public {
        _fundForLedger(guarantor, 1_000);
        vm.prank(guarantor);
        ledger.callGuarantee(_witness(_prior()), 1_000);
        _restructure(_prior(), _new(_prior()));
        _fundForLedger(borrower, 1_000);
        vm.prank(borrower);
        ledger.reimburse(_witness(_prior()), 1_000);
        vm.assertEq(token.balanceOf(guarantor), 1_000);
    }

    function testAFrozenLenderOrBorrowerSignsNothing() public {
        _freeze(borrower);
        LoanTerms memory terms = _new(_prior());
        Signatures memory given = _signatures(terms);
        vm.expectRevert(_notActiveAs(borrower, PartyRoles.BORROWER));
        _restructure(_prior(), terms, given);
    }

    /* THE LOAN THAT ENDED */

    function testTheOldWitnessAndSignaturesDieWithIt() public {
        _restructure(_prior(), _new(_prior()));
        bytes memory witness = _witness(_prior());
        bytes memory ended = _statusInvalid(_priorId, Status.Restructured);
        vm.expectRevert(ended);
        ledger.repay(witness, 1);
        vm.expectRevert(ended);
        ledger.payoff(witness, type(uint64).max);
        vm.expectRevert(ended);
        vm.prank(lender);
        ledger.accelerate(witness, "in default");
        vm.expectRevert(ended);
        vm.prank(borrower);
        ledger.withdraw(witness, _agreement(_prior()), 1);
        vm.expectRevert(ended);
        ledger.assign(witness, factor, 0, 20991231, "", "");
        vm.warp(_noon(20260102));
        _expectNotTaken(
            _prior(), abi.encodeWithSelector(ILedgerErrors.LoanAlreadyOriginated.selector, _priorId)
        );
        Owed memory nothing;
        _assertSame(_owed(_prior()), nothing);
    }

    function testIsRestructuredOnce() public {
        LoanTerms memory terms = _new(_prior());
        _restructure(_prior(), terms);
        Signatures memory given = _signatures(terms);
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.LoanAlreadyOriginated.selector, _id(terms))
        );
        _restructure(_prior(), terms, given);
        terms.agreement = "R-2026-0002";
        given = _signatures(terms);
        vm.expectRevert(_statusInvalid(_priorId, Status.Restructured));
        _restructure(_prior(), terms, given);
    }

    /* REFUSED */

    function testRevertsOnAnotherPriorLoan() public {
        LoanTerms memory terms = _new(_prior());
        terms.priorLoanId = 0;
        terms.selfPaidMinorMax = PRINCIPAL;
        _expectMismatch(terms, "priorLoanId");
        terms.priorLoanId = keccak256("another loan");
        _expectMismatch(terms, "priorLoanId");
    }

    function testRevertsOnAnotherBorrower() public {
        (address other, uint256 otherKey) = makeKey("other borrower");
        _register(other, PartyRoles.BORROWER, 0);
        LoanTerms memory terms = _new(_prior());
        terms.borrower = other;
        Signatures memory given = _signatures(terms);
        given.borrower = _sign(otherKey, ledger.digestOf(_witness(terms), _agreement(terms)));
        vm.expectRevert(_mismatch("borrower"));
        _restructure(_prior(), terms, given);
    }

    function testRevertsOutsideTheWindow() public {
        LoanTerms memory terms = _new(_prior());
        Signatures memory given = _signatures(terms);
        bytes memory outside = abi.encodeWithSelector(
            ILedgerErrors.DisbursementOutsideWindow.selector, uint32(20260308), uint32(20260315)
        );
        vm.warp(_midnight(20260308) - 1);
        vm.expectRevert(outside);
        _restructure(_prior(), terms, given);
        vm.warp(_lastSecond(20260315) + 1);
        vm.expectRevert(outside);
        _restructure(_prior(), terms, given);
        vm.warp(_lastSecond(20260315));
        _restructure(_prior(), terms, given);
    }

    function testRevertsWithoutTheSignatures() public {
        LoanTerms memory terms = _new(_prior());
        Signatures memory given = _signatures(terms);
        (bytes memory mine, bytes memory theirs) = (given.lender, given.borrower);
        given.lender = theirs;
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, lender));
        _restructure(_prior(), terms, given);
        (given.lender, given.borrower) = (mine, mine);
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, borrower));
        _restructure(_prior(), terms, given);
    }

    function testRevertsUnlessThePriorLoanIsActive() public {
        LoanTerms memory prior = _prior();
        prior.agreement = "L-2026-0002";
        LoanTerms memory terms = _new(prior);
        _expectRefused(prior, terms, _unknown(_id(prior)));
        vm.warp(_noon(20260102));
        _originate(prior);
        vm.warp(_noon(20260308));
        _expectRefused(prior, terms, _statusInvalid(_id(prior), Status.Approved));

        _useAll(_prior());
        _writeOff(_prior());
        terms = _new(_prior());
        _expectRefused(_prior(), terms, _statusInvalid(_priorId, Status.WrittenOff));
        _payoff(_prior(), borrower);
        _expectRefused(_prior(), terms, _statusInvalid(_priorId, Status.Closed));
    }

    function testRevertsOnItself() public {
        LoanTerms memory terms = _new(_prior());
        _restructure(_prior(), terms);
        Signatures memory given = _signatures(terms);
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.LoanAlreadyOriginated.selector, _id(terms))
        );
        _restructure(terms, terms, given);
    }

    function _prior() private view returns (LoanTerms memory) {
        return _termsWithAll();
    }

    function _expectMismatch(LoanTerms memory terms, bytes32 field) private {
        _expectRefused(_prior(), terms, _mismatch(field));
    }
}
