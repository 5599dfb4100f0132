// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ILoanLedger, Instalment, LoanTerms, PurposeCap} from "../interfaces/ILoanLedger.sol";
import {CalendarLib} from "./CalendarLib.sol";
import {RoundingLib} from "./RoundingLib.sol";
import {TextLib} from "./TextLib.sol";

/// @title OriginationLib
/// @notice Which terms may become a loan. Reading every instalment here also rejects calldata with
/// bits outside a member's type, which the hashes of `TermsLib` take as they are.
library OriginationLib {
    using CalendarLib for uint32;
    using TextLib for bytes32;

    /// @dev 53 bits, as JSON numbers hold exactly; the highest penalty then needs centuries to outgrow
    /// 63 bits.
    uint256 internal constant TOTAL_MINOR_MAX = 2 ** 53 - 1;
    uint256 internal constant INSTALMENTS_MAX = 1200;
    uint256 internal constant PURPOSES_MAX = 16;
    uint32 internal constant PENALTY_RATE_PPM_MAX = 1_000_000;
    uint16 internal constant GRACE_DAYS_MAX = 366;
    int16 internal constant UTC_OFFSET_MINUTES_MIN = -12 * 60;
    int16 internal constant UTC_OFFSET_MINUTES_MAX = 14 * 60;

    function requireOriginable(LoanTerms calldata terms) internal pure {
        _requireTexts(terms);
        _requireNumbers(terms);
        _requireDates(terms);
        _requireSchedule(terms);
        _requirePurposes(terms);
    }

    function _requireTexts(LoanTerms calldata terms) private pure {
        _require(terms.agreement.textLength() != 0, "agreement");
        _require(terms.method.textLength() != 0, "method");
        _require(terms.dayCount.textLength() != 0, "dayCount");
        _require(RoundingLib.isKnown(terms.rounding), "rounding");
        _require(terms.documentHash != 0, "documentHash");
    }

    function _requireNumbers(LoanTerms calldata terms) private pure {
        _require(terms.lender != terms.borrower, "borrower");
        _require(
            terms.principalMinor != 0 && terms.principalMinor <= TOTAL_MINOR_MAX, "principalMinor"
        );
        _require(terms.penaltyRatePpm <= PENALTY_RATE_PPM_MAX, "penaltyRatePpm");
        _require(
            terms.penaltyYearDays == 360 || terms.penaltyYearDays == 365, "penaltyYearDays"
        );
        _require(terms.graceDays <= GRACE_DAYS_MAX, "graceDays");
        _require(
            terms.utcOffsetMinutes >= UTC_OFFSET_MINUTES_MIN
                && terms.utcOffsetMinutes <= UTC_OFFSET_MINUTES_MAX,
            "utcOffsetMinutes"
        );
        _require(terms.selfPaidMinorMax <= terms.principalMinor, "selfPaidMinorMax");
    }

    function _requireDates(LoanTerms calldata terms) private pure {
        _require(terms.signBy.isDate(), "signBy");
        _require(terms.disburseOn.isDate(), "disburseOn");
        _require(terms.disburseBy.isDate() && terms.disburseBy >= terms.disburseOn, "disburseBy");
    }

    function _requireSchedule(LoanTerms calldata terms) private pure {
        Instalment[] calldata instalments = terms.instalments;
        uint256 count = instalments.length;
        _require(count != 0 && count <= INSTALMENTS_MAX, "instalments");

        // An instalment due before the money could come would be overdue on arrival.
        uint32 previousOn = terms.disburseBy;
        uint256 principalSum;
        uint256 interestSum;
        for (uint256 i; i < count; ++i) {
            Instalment calldata row = instalments[i];
            uint32 dueOn = row.dueOn;
            uint256 principal = row.principalMinor;
            uint256 interest = row.interestMinor;
            if (dueOn <= previousOn || !dueOn.isDate()) {
                revert ILoanLedger.InstalmentInvalid(i, "dueOn");
            }
            if (principal + interest == 0) {
                revert ILoanLedger.InstalmentInvalid(i, "principalMinor");
            }
            previousOn = dueOn;
            principalSum += principal;
            interestSum += interest;
        }
        require(
            principalSum == terms.principalMinor,
            ILoanLedger.ScheduleNotSummingToPrincipal(principalSum, terms.principalMinor)
        );
        _require(principalSum + interestSum <= TOTAL_MINOR_MAX, "instalments");
    }

    function _requirePurposes(LoanTerms calldata terms) private pure {
        PurposeCap[] calldata purposes = terms.purposes;
        _require(purposes.length <= PURPOSES_MAX, "purposes");

        uint256 usable = terms.selfPaidMinorMax;
        for (uint256 i; i < purposes.length; ++i) {
            PurposeCap calldata row = purposes[i];
            bytes32 purpose = row.purpose;
            uint64 cap = row.capMinor;
            if (purpose.textLength() == 0) revert ILoanLedger.PurposeInvalid(i, "purpose");
            if (cap == 0 || cap > terms.principalMinor) {
                revert ILoanLedger.PurposeInvalid(i, "capMinor");
            }
            for (uint256 j; j < i; ++j) {
                if (purposes[j].purpose == purpose) revert ILoanLedger.PurposeInvalid(i, "purpose");
            }
            usable += cap;
        }
        require(
            usable >= terms.principalMinor,
            ILoanLedger.PrincipalNotUsable(usable, terms.principalMinor)
        );
    }

    function _require(bool holds, bytes32 field) private pure {
        require(holds, ILoanLedger.TermInvalid(field));
    }
}
