// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    LoanFlags,
    LoanTerms,
    Owed,
    Prepayment,
    PurposeCap,
    Reduction,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {RestructureBase} from "../base/RestructureBase.sol";

/// @notice What is outstanding below the new principal counts as prepaid, by the rule in the new terms.
contract RestructureCreditTest is RestructureBase {
    /// @dev The first instalment is repaid: of 12,000.00, 8,000.00 are outstanding on 8 March.
    function setUp() public override {
        super.setUp();
        _disburse(_termsWithAll());
        vm.warp(_noon(20260205));
        _repay(_termsWithAll(), borrower, 412_000);
        vm.warp(_noon(20260305));
        _repay(_termsWithAll(), borrower, 8_000);
        vm.warp(_noon(20260308));
    }

    function testAShorterTermLetsTheLastInstalmentFallAway() public {
        Prepayment[2] memory rules = [Prepayment.ShorterTerm, Prepayment.NotAllowed];
        for (uint256 i; i < 2; ++i) {
            uint256 snapshot = vm.snapshotState();
            LoanTerms memory terms = _restructured(rules[i]);
            _assertInstalment(terms, 800_000, 8_000, 400_000);
            _assertInstalment(terms, 400_000, 4_000, 400_000);
            _assertStatus(_id(terms), Status.Closed);
            vm.revertToState(snapshot);
        }
    }

    function testSmallerInstalmentsKeepTheTerm() public {
        LoanTerms memory terms = _restructured(Prepayment.SmallerInstalments);
        _assertInstalment(terms, 800_000, 8_000, 266_667);
        _assertInstalment(terms, 533_333, 5_333, 266_666);
        _assertInstalment(terms, 266_667, 2_667, 266_667);
        _assertStatus(_id(terms), Status.Closed);
    }

    function testPrepaysOnTopOfTheCredit() public {
        LoanTerms memory terms = _restructured(Prepayment.SmallerInstalments);
        _repay(terms, borrower, _carriedMinor(terms));
        _prepay(terms, 133_333);
        // Of 533,333 beyond the current instalment, 400,000 are left.
        _assertInstalment(terms, 666_667, 6_667, 266_667);
        _assertInstalment(terms, 400_000, 4_000, 200_000);
        _assertInstalment(terms, 200_000, 2_000, 200_000);
        _assertStatus(_id(terms), Status.Closed);
    }

    function testExactlyWhatIsOutstandingIsNoCredit() public {
        LoanTerms memory terms = _new(_termsWithAll());
        terms.principalMinor = 800_000;
        terms.selfPaidMinorMax = 0;
        terms.purposes = new PurposeCap[](0);
        terms.instalments[0].principalMinor = 0;
        bytes32 loanId = _restructure(_termsWithAll(), terms);
        vm.assertEq(_loan(loanId).flags, LoanFlags.DUE_AT_ONCE);
        Reduction memory none;
        vm.assertEq(abi.encode(ledger.loanOf(loanId).reduction), abi.encode(none));
        vm.assertEq(_owed(terms).outstandingPrincipalMinor, 800_000);
    }

    function testRevertsOnTooLittlePrincipal() public {
        LoanTerms memory terms = _new(_termsWithAll());
        (terms.principalMinor, terms.selfPaidMinorMax) = (799_999, 0);
        terms.purposes = new PurposeCap[](0);
        terms.instalments[0].principalMinor = 0;
        terms.instalments[1].principalMinor = 399_999;
        _expectRefused(_termsWithAll(), terms, _mismatch("principalMinor"));
    }

    /// @dev A loan of which only penalty is left has nothing to restructure.
    function testRevertsOnceAllPrincipalIsRepaid() public {
        LoanTerms memory prior = _termsWithAll();
        vm.warp(_noon(20260409));
        Owed memory owed = _owed(prior);
        uint64 all = uint64(owed.interestMinor + owed.principalMinor + owed.penaltyMinor);
        vm.assertGt(owed.penaltyMinor, 1);
        // With the penalty allocated first, the last unit repaid is principal.
        _repay(prior, borrower, all - 1);
        LoanTerms memory terms = _new(prior);
        terms.disburseBy = 20260415;
        terms.signBy = 20260415;
        for (uint256 i; i < 3; ++i) terms.instalments[i].dueOn += 100;
        _restructure(prior, terms);
        vm.assertEq(_owed(terms).outstandingPrincipalMinor, 1);
    }

    function testAPartlyRepaidInstalmentIsRespected() public {
        _repay(_termsWithAll(), borrower, 100_000);
        LoanTerms memory terms = _restructured(Prepayment.ShorterTerm);
        vm.assertEq(_owed(terms).outstandingPrincipalMinor, 700_000);
        _assertInstalment(terms, 700_000, 7_000, 400_000);
        _assertInstalment(terms, 300_000, 3_000, 300_000);
        _assertStatus(_id(terms), Status.Closed);
    }

    function _restructured(Prepayment prepayment) private returns (LoanTerms memory terms) {
        terms = _new(_termsWithAll());
        terms.prepayment = prepayment;
        _restructure(_termsWithAll(), terms);
    }

    function _carriedMinor(LoanTerms memory terms) private view returns (uint64) {
        Owed memory owed = _owed(terms);
        return uint64(owed.interestMinor + owed.penaltyMinor);
    }

    /// @dev Repays the next instalment, which is of these amounts, and what is carried before it.
    function _assertInstalment(
        LoanTerms memory terms,
        uint256 balance,
        uint64 interest,
        uint64 principal
    ) private {
        Owed memory owed = _owed(terms);
        vm.assertEq(owed.outstandingPrincipalMinor, balance, "balance");
        vm.assertEq(owed.currentMinor, interest + principal, "instalment");
        uint64 amountMinor = _carriedMinor(terms) + interest;
        _repay(terms, borrower, amountMinor);
        vm.assertEq(_owed(terms).currentMinor, principal, "principal");
        _repay(terms, borrower, principal);
    }
}
