// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    ILoanLedger,
    Instalment,
    LoanTerms,
    PurposeCap,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";

/// @notice Which terms may be originated, though both sides signed them.
contract OriginateTermsTest is LoanTest {
    uint64 private constant TOTAL_MAX = 2 ** 53 - 1;

    /* TEXTS */

    function testRevertsOnMissingTexts() public {
        _expectTermsInvalid("agreement", "", "agreement");
        _expectTermsInvalid("method", "", "method");
        _expectTermsInvalid("dayCount", "", "dayCount");
        _expectTermsInvalid("rounding", "", "rounding");
    }

    /// @dev Bytes behind the padding would be in the id but not in the message, so that one pair of
    /// signatures could serve several loans.
    function testRevertsOnBytesBehindThePadding() public {
        bytes32 hidden = bytes32(uint256(1));
        _expectTermsInvalid("agreement", bytes32("L-2026-0001") | hidden, "agreement");
        _expectTermsInvalid("method", bytes32("custom") | hidden, "method");
        _expectTermsInvalid("dayCount", bytes32("act/360") | hidden, "dayCount");
        _expectTermsInvalid("rounding", bytes32("half_up") | hidden, "rounding");

        LoanTerms memory terms = _terms();
        terms.currency = bytes32("CNY") | hidden;
        _expectNotOriginable(
            terms, abi.encodeWithSelector(ILoanLedger.CurrencyMismatch.selector, terms.currency)
        );
        terms = _terms();
        terms.purposes[1].purpose = MACHINES | hidden;
        _expectPurposeInvalid(terms, 1, "purpose");
    }

    function testRevertsOnTextsThatAreNotPrintableAscii() public {
        _expectTermsInvalid("agreement", "tab\tulated", "agreement");
        _expectTermsInvalid("agreement", hex"7f", "agreement");
        _expectTermsInvalid("agreement", hex"e8b4b7e6acbe", "agreement");
        _expectTermsInvalid("method", hex"00637573746f6d", "method");
        _expectTermsInvalid("dayCount", bytes32(type(uint256).max), "dayCount");
    }

    function testTextsMayFillThirtyOneBytes() public {
        LoanTerms memory terms = _terms();
        terms.agreement = "0123456789012345678901234567890";
        _assertStatus(_originate(terms), Status.Approved);
        _expectTermsInvalid("agreement", "01234567890123456789012345678901", "agreement");
    }

    function testRevertsOnUnknownRoundings() public {
        _expectTermsInvalid("rounding", "half_down", "rounding");
        _expectTermsInvalid("rounding", "HALF_UP", "rounding");
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

    function testRevertsOnNoPrincipal() public {
        LoanTerms memory terms = _terms();
        terms.principalMinor = 0;
        _expectTermInvalid(terms, "principalMinor");
    }

    function testPrincipalAndInterestFitFiftyThreeBits() public {
        LoanTerms memory terms = _singleRow(TOTAL_MAX, 0);
        _assertStatus(_originate(terms), Status.Approved);
        terms = _singleRow(TOTAL_MAX - 1, 1);
        _assertStatus(_originate(terms), Status.Approved);

        _expectTermInvalid(_singleRow(TOTAL_MAX + 1, 0), "principalMinor");
        _expectTermInvalid(_singleRow(TOTAL_MAX, 1), "instalments");
        _expectTermInvalid(_singleRow(1, type(uint64).max), "instalments");
    }

    /// @dev The sums are taken wider than their members, so that they cannot wrap around.
    function testSumsOfHugeInstalmentsDoNotWrap() public {
        LoanTerms memory terms = _terms();
        terms.instalments[0].interestMinor = type(uint64).max;
        terms.instalments[1].interestMinor = type(uint64).max;
        _expectTermInvalid(terms, "instalments");

        terms = _terms();
        terms.instalments[0].principalMinor = type(uint64).max;
        terms.instalments[1].principalMinor = PRINCIPAL - 400_000 + 1;
        uint256 sum = uint256(type(uint64).max) + PRINCIPAL + 1;
        _expectNotOriginable(terms, _notSumming(sum, PRINCIPAL));
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
            LoanTerms memory terms = _terms();
            terms.signBy = wrong[i];
            _expectTermInvalid(terms, "signBy");
            terms = _terms();
            terms.disburseOn = wrong[i];
            _expectTermInvalid(terms, "disburseOn");
            terms = _terms();
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

    /* SCHEDULE */

    function testRevertsWithoutInstalments() public {
        LoanTerms memory terms = _terms();
        terms.instalments = new Instalment[](0);
        _expectTermInvalid(terms, "instalments");
    }

    function testTakesTwelveHundredInstalmentsButNoMore() public {
        _assertStatus(_originate(_daily(1200)), Status.Approved);
        _expectTermInvalid(_daily(1201), "instalments");
    }

    function testRevertsOnDueDatesThatDoNotExist() public {
        LoanTerms memory terms = _terms();
        terms.instalments[1].dueOn = 20260230;
        _expectInstalmentInvalid(terms, 1, "dueOn");
    }

    function testRevertsOnUnorderedDueDates() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].dueOn = 20260304;
        _expectInstalmentInvalid(terms, 2, "dueOn");
    }

    function testRevertsOnTwoInstalmentsOnOneDay() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].dueOn = terms.instalments[1].dueOn;
        _expectInstalmentInvalid(terms, 2, "dueOn");
    }

    /// @dev Else it could be overdue when the money comes.
    function testTheFirstInstalmentIsDueAfterTheLastDayOfDisbursement() public {
        LoanTerms memory terms = _terms();
        terms.instalments[0].dueOn = 20260110;
        _expectInstalmentInvalid(terms, 0, "dueOn");
        terms.instalments[0].dueOn = 20260111;
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testRevertsOnAnInstalmentOfNothing() public {
        LoanTerms memory terms = _terms();
        terms.instalments[1] = Instalment(20260305, 0, 0);
        terms.instalments[2].principalMinor = 800_000;
        _expectInstalmentInvalid(terms, 1, "principalMinor");
    }

    function testInstalmentsMayBeAllInterestOrAllPrincipal() public {
        LoanTerms memory terms = _terms();
        terms.instalments[0] = Instalment(20260205, 0, 12_000);
        terms.instalments[1] = Instalment(20260305, PRINCIPAL, 0);
        terms.instalments[2] = Instalment(20260405, 0, 1);
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testRevertsWhenTheScheduleDoesNotSumToThePrincipal() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].principalMinor = 399_999;
        _expectNotOriginable(terms, _notSumming(PRINCIPAL - 1, PRINCIPAL));
        terms.instalments[2].principalMinor = 400_001;
        _expectNotOriginable(terms, _notSumming(PRINCIPAL + 1, PRINCIPAL));
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
                ILoanLedger.PrincipalNotUsable.selector, PRINCIPAL - 1, PRINCIPAL
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

    function _expectTermsInvalid(string memory member, bytes32 text, bytes32 field) private {
        LoanTerms memory terms = _terms();
        bytes32 which = keccak256(bytes(member));
        if (which == keccak256("agreement")) terms.agreement = text;
        else if (which == keccak256("method")) terms.method = text;
        else if (which == keccak256("dayCount")) terms.dayCount = text;
        else terms.rounding = text;
        _expectTermInvalid(terms, field);
    }

    function _expectTermInvalid(LoanTerms memory terms, bytes32 field) private {
        _expectNotOriginable(terms, abi.encodeWithSelector(ILoanLedger.TermInvalid.selector, field));
    }

    function _expectInstalmentInvalid(LoanTerms memory terms, uint256 index, bytes32 field) private {
        _expectNotOriginable(
            terms, abi.encodeWithSelector(ILoanLedger.InstalmentInvalid.selector, index, field)
        );
    }

    function _expectPurposeInvalid(LoanTerms memory terms, uint256 index, bytes32 field) private {
        _expectNotOriginable(
            terms, abi.encodeWithSelector(ILoanLedger.PurposeInvalid.selector, index, field)
        );
    }

    function _notSumming(uint256 sumMinor, uint64 principalMinor)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            ILoanLedger.ScheduleNotSummingToPrincipal.selector, sumMinor, principalMinor
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

    /// @dev One instalment on each of the first 28 days of every month from February 2026 on.
    function _daily(uint256 count) private view returns (LoanTerms memory terms) {
        terms = _terms();
        terms.instalments = new Instalment[](count);
        for (uint256 i; i < count; ++i) {
            uint256 month = i / 28 + 1;
            uint256 dueOn = (2026 + month / 12) * 10_000 + (month % 12 + 1) * 100 + i % 28 + 1;
            terms.instalments[i] = Instalment(uint32(dueOn), 1, 0);
        }
        terms.instalments[0].principalMinor = PRINCIPAL - uint64(count) + 1;
    }

    function _purposes(uint256 count) private pure returns (PurposeCap[] memory rows) {
        rows = new PurposeCap[](count);
        for (uint256 i; i < count; ++i) {
            rows[i] = PurposeCap(bytes32(bytes1(uint8(0x41 + i))), 0, PRINCIPAL);
        }
    }
}
