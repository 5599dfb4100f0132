// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    CollectableBy,
    ILedgerErrors,
    Instalment,
    LoanTerms,
    PurposeCap,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";

/// @notice Which terms may be originated, though all parties signed them; the schedule is in `OriginateSchedule.t.sol`.
contract OriginateTermsTest is LoanTest {
    uint64 private constant TOTAL_MAX = 2 ** 48 - 1;

    /* TEXTS */

    function testRevertsOnAMissingAgreementNumber() public {
        _expectAgreementInvalid("");
    }

    /// @dev Bytes behind the padding would be in the id but not in the message, so that one set of
    /// signatures could serve several loans.
    function testRevertsOnBytesBehindThePadding() public {
        bytes32 hidden = bytes32(uint256(1));
        _expectAgreementInvalid(bytes32("L-2026-0001") | hidden);
        LoanTerms memory terms = _terms();
        terms.purposes[1].purpose = MACHINES | hidden;
        _expectPurposeInvalid(terms, 1, "purpose");
    }

    function testRevertsOnTextsThatAreNotPrintableAscii() public {
        _expectAgreementInvalid("tab\tulated");
        _expectAgreementInvalid(hex"7f");
        _expectAgreementInvalid(hex"e8b4b7e6acbe");
        _expectAgreementInvalid(hex"00637573746f6d");
        _expectAgreementInvalid(bytes32(type(uint256).max));
    }

    function testTextsMayFillThirtyOneBytes() public {
        LoanTerms memory terms = _terms();
        terms.agreement = "0123456789012345678901234567890";
        _assertStatus(_originate(terms), Status.Approved);
        _expectAgreementInvalid("01234567890123456789012345678901");
    }

    function testRevertsWithoutADocument() public {
        LoanTerms memory terms = _terms();
        terms.documentHash = 0;
        _expectTermInvalid(terms, "documentHash");
    }

    /* NUMBERS */

    function testRevertsWhenLenderAndBorrowerAreOne() public {
        LoanTerms memory terms = _terms();
        terms.borrower = lender;
        _expectTermInvalid(terms, "borrower");
    }

    function testPrincipalAndInterestFitFortyEightBits() public {
        LoanTerms memory terms = _singleRow(TOTAL_MAX, 0);
        _assertStatus(_originate(terms), Status.Approved);
        terms = _singleRow(TOTAL_MAX - 1, 1);
        _assertStatus(_originate(terms), Status.Approved);

        _expectTermInvalid(_singleRow(TOTAL_MAX, 1), "instalments");
        _expectTermInvalid(_singleRow(1, TOTAL_MAX), "instalments");
    }

    /// @dev The sum is taken wider than its members, so that it cannot wrap around.
    function testSumsOfHugeInterestDoNotWrap() public {
        LoanTerms memory terms = _terms();
        terms.instalments[0].interestMinor = TOTAL_MAX;
        terms.instalments[1].interestMinor = TOTAL_MAX;
        _expectTermInvalid(terms, "instalments");
    }

    function testThePenaltyRateIsAtMostTheDebtPerYear() public {
        LoanTerms memory terms = _terms();
        terms.penaltyRatePpm = 1_000_000;
        _assertStatus(_originate(terms), Status.Approved);
        terms.penaltyRatePpm = 1_000_001;
        _expectTermInvalid(terms, "penaltyRatePpm");
        terms.penaltyRatePpm = 0;
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testThePenaltyYearHas360Or365Days() public {
        LoanTerms memory terms = _terms();
        terms.penaltyYearDays = 365;
        _assertStatus(_originate(terms), Status.Approved);
        uint16[5] memory wrong = [uint16(0), 359, 361, 364, 366];
        for (uint256 i; i < wrong.length; ++i) {
            terms.penaltyYearDays = wrong[i];
            _expectTermInvalid(terms, "penaltyYearDays");
        }
    }

    function testGraceIsAtMostALeapYear() public {
        LoanTerms memory terms = _terms();
        terms.graceDays = 366;
        _assertStatus(_originate(terms), Status.Approved);
        terms.graceDays = 367;
        _expectTermInvalid(terms, "graceDays");
    }

    function testOffsetsAreThoseOfInhabitedPlaces() public {
        LoanTerms memory terms = _terms();
        terms.utcOffsetMinutes = -720;
        _assertStatus(_originate(terms), Status.Approved);
        terms.utcOffsetMinutes = 840;
        _assertStatus(_originate(terms), Status.Approved);
        terms.utcOffsetMinutes = -721;
        _expectTermInvalid(terms, "utcOffsetMinutes");
        terms.utcOffsetMinutes = 841;
        _expectTermInvalid(terms, "utcOffsetMinutes");
    }

    /* DATES */

    function testRevertsOnDaysThatDoNotExist() public {
        uint32[6] memory wrong = [uint32(0), 20260100, 20260229, 20261301, 20260431, 19691231];
        for (uint256 i; i < wrong.length; ++i) {
            LoanTerms memory terms = _termsDueNextYear();
            terms.signBy = wrong[i];
            _expectTermInvalid(terms, "signBy");
            terms = _termsDueNextYear();
            terms.disburseOn = wrong[i];
            _expectTermInvalid(terms, "disburseOn");
            terms = _termsDueNextYear();
            terms.disburseBy = wrong[i];
            _expectTermInvalid(terms, "disburseBy");
        }
    }

    function testTheWindowOfDisbursementMayBeOneDay() public {
        LoanTerms memory terms = _terms();
        terms.disburseBy = terms.disburseOn;
        _assertStatus(_originate(terms), Status.Approved);
        terms.disburseBy = terms.disburseOn - 1;
        _expectTermInvalid(terms, "disburseBy");
    }

    /* OPTIONS */

    function testEverythingThatCanBeAgreedMayBeAgreed() public {
        _assertStatus(_originate(_termsWithAll()), Status.Approved);
    }

    function testAMandateHasACapAndSomeoneToUseIt() public {
        LoanTerms memory terms = _terms();
        terms.mandateMinorMax = 1;
        _expectTermInvalid(terms, "mandateMinorMax");
        for (uint256 i = 1; i < 4; ++i) {
            terms.mandateMinorMax = 1;
            terms.collectableBy = CollectableBy(i);
            _assertStatus(_originate(terms), Status.Approved);
            terms.mandateMinorMax = 0;
            _expectTermInvalid(terms, "mandateMinorMax");
        }
    }

    function testTheGuarantorIsNeitherSide() public {
        LoanTerms memory terms = _termsWithAll();
        terms.guarantor = lender;
        _expectTermInvalid(terms, "guarantor");
        terms.guarantor = borrower;
        _expectTermInvalid(terms, "guarantor");
    }

    function testAGuaranteeHasAGuarantorAndACap() public {
        LoanTerms memory terms = _terms();
        terms.guaranteeMinorMax = 1;
        _expectTermInvalid(terms, "guaranteeMinorMax");
        (terms.guaranteeMinorMax, terms.guaranteeAfterDays) = (0, 1);
        _expectTermInvalid(terms, "guaranteeAfterDays");
        (terms.guarantor, terms.guaranteeAfterDays) = (guarantor, 0);
        _expectTermInvalid(terms, "guaranteeMinorMax");
        terms.guaranteeMinorMax = 1;
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testTheFeeIsAtMostWhatIsPrepaid() public {
        LoanTerms memory terms = _terms();
        terms.prepaymentFeePpm = 1_000_000;
        _assertStatus(_originate(terms), Status.Approved);
        terms.prepaymentFeePpm = 1_000_001;
        _expectTermInvalid(terms, "prepaymentFeePpm");
    }

    function testOnlyARestructuringNamesAPriorLoan() public {
        LoanTerms memory terms = _terms();
        terms.priorLoanId = "another loan";
        Signatures memory given = _signatures(terms);
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.TermInvalid.selector, bytes32("priorLoanId"))
        );
        _originate(terms, given);
    }

    /* CODES: bytes of the packed form that name a member of an enumeration, or say yes or no */

    function testRevertsOnCodesThatNameNothing() public {
        _expectCodeRefused(64, 2, "rounding");
        _expectCodeRefused(65, 2, "allocation");
        _expectCodeRefused(74, 3, "prepayment");
        _expectCodeRefused(87, 4, "collectableBy");
        _expectCodeRefused(96, 2, "collateralHash");
        for (uint256 code = 5; code < 256; code += 50) _expectAgreementCodeRefused(131, code, "method");
        for (uint256 code = 4; code < 256; code += 50) {
            _expectAgreementCodeRefused(132, code, "dayCount");
        }
    }

    function testTheMarkOfCollateralSaysWhetherThereIsAny() public {
        LoanTerms memory terms = _terms();
        _expectPackedRefused(_patched(_witness(terms), 96, 1), _agreement(terms), "collateralHash");
        terms.collateralHash = "a lathe";
        _expectPackedRefused(_patched(_witness(terms), 96, 0), _agreement(terms), "collateralHash");
    }

    /* PURPOSES */

    function testRevertsOnPurposesWithoutAName() public {
        LoanTerms memory terms = _terms();
        terms.purposes[2].purpose = "";
        _expectPurposeInvalid(terms, 2, "purpose");
    }

    function testRevertsOnTheSamePurposeTwice() public {
        LoanTerms memory terms = _terms();
        terms.purposes[2].purpose = MATERIALS;
        _expectPurposeInvalid(terms, 2, "purpose");
    }

    function testRevertsOnCapsOfNothingOrMoreThanThePrincipal() public {
        LoanTerms memory terms = _terms();
        terms.purposes[0].capMinor = PRINCIPAL;
        _assertStatus(_originate(terms), Status.Approved);
        terms.purposes[0].capMinor = PRINCIPAL + 1;
        _expectPurposeInvalid(terms, 0, "capMinor");
        terms.purposes[0].capMinor = 0;
        _expectPurposeInvalid(terms, 0, "capMinor");
    }

    function testTakesSixteenPurposesButNoMore() public {
        LoanTerms memory terms = _terms();
        terms.purposes = _purposes(16);
        _assertStatus(_originate(terms), Status.Approved);
        terms.purposes = _purposes(17);
        _expectTermInvalid(terms, "purposes");
    }

    function testRevertsWhenNobodyCouldUseAllThePrincipal() public {
        LoanTerms memory terms = _terms();
        terms.purposes = _purposes(1);
        terms.purposes[0].capMinor = PRINCIPAL - SELF_PAID_MAX;
        _assertStatus(_originate(terms), Status.Approved);
        terms.purposes[0].capMinor = PRINCIPAL - SELF_PAID_MAX - 1;
        _expectNotOriginable(
            terms,
            abi.encodeWithSelector(
                ILedgerErrors.PrincipalNotUsable.selector, uint256(PRINCIPAL - 1), PRINCIPAL
            )
        );
    }

    function testTheBorrowerMaySpendAllItself() public {
        LoanTerms memory terms = _terms();
        terms.purposes = new PurposeCap[](0);
        terms.selfPaidMinorMax = PRINCIPAL;
        _assertStatus(_originate(terms), Status.Approved);
        terms.selfPaidMinorMax = PRINCIPAL + 1;
        _expectTermInvalid(terms, "selfPaidMinorMax");
    }

    /* INTERNAL */

    function _expectAgreementInvalid(bytes32 text) private {
        LoanTerms memory terms = _terms();
        terms.agreement = text;
        _expectTermInvalid(terms, "agreement");
    }

    function _expectCodeRefused(uint256 place, uint256 code, bytes32 field) private {
        _expectPackedRefused(_patched(_witness(_terms()), place, code), _agreement(_terms()), field);
        _expectPackedRefused(_patched(_witness(_terms()), place, 255), _agreement(_terms()), field);
    }

    function _expectAgreementCodeRefused(uint256 place, uint256 code, bytes32 field) private {
        bytes memory agreement = _patched(_agreement(_terms()), place, code);
        bytes memory witness = _witness(_terms());
        bytes32 agreementHash = keccak256(agreement);
        for (uint256 i; i < 32; ++i) witness[97 + i] = agreementHash[i];
        _expectPackedRefused(witness, agreement, field);
    }

    function _expectPackedRefused(bytes memory witness, bytes memory agreement, bytes32 field) private {
        bytes memory revertData = abi.encodeWithSelector(ILedgerErrors.TermInvalid.selector, field);
        vm.expectRevert(revertData);
        ledger.digestOf(witness, agreement);
        vm.expectRevert(revertData);
        ledger.originate(witness, agreement, "", "", "");
    }

    function _patched(bytes memory packed, uint256 place, uint256 code)
        private
        pure
        returns (bytes memory)
    {
        packed[place] = bytes1(uint8(code));
        return packed;
    }

    function _expectTermInvalid(LoanTerms memory terms, bytes32 field) private {
        _expectNotOriginable(terms, abi.encodeWithSelector(ILedgerErrors.TermInvalid.selector, field));
    }

    function _expectPurposeInvalid(LoanTerms memory terms, uint256 index, bytes32 field) private {
        _expectNotOriginable(
            terms, abi.encodeWithSelector(ILedgerErrors.PurposeInvalid.selector, index, field)
        );
    }

    function _singleRow(uint64 principalMinor, uint64 interestMinor)
        private
        view
        returns (LoanTerms memory terms)
    {
        terms = _terms();
        terms.principalMinor = principalMinor;
        terms.selfPaidMinorMax = principalMinor;
        terms.purposes = new PurposeCap[](0);
        terms.instalments = new Instalment[](1);
        terms.instalments[0] = Instalment(20260205, principalMinor, interestMinor);
    }

    function _termsDueNextYear() private view returns (LoanTerms memory terms) {
        terms = _terms();
        for (uint256 i; i < 3; ++i) terms.instalments[i].dueOn += 10_000;
    }

    function _purposes(uint256 count) private pure returns (PurposeCap[] memory rows) {
        rows = new PurposeCap[](count);
        for (uint256 i; i < count; ++i) {
            rows[i] = PurposeCap(bytes32(bytes1(uint8(0x41 + i))), 0, PRINCIPAL);
        }
    }
}
