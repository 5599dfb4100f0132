// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Allocation,
    CollectableBy,
    DayCount,
    Instalment,
    LoanTerms,
    Method,
    Prepayment,
    PurposeCap,
    Rounding
} from "../../interfaces/ILoanLedger.sol";

/// @title ChangedTerms
/// @notice Terms with everything agreed, changed in one place at a time: each member, each row's members,
/// rows added, left out and moved.
library ChangedTerms {
    uint256 internal constant COUNT = 44;
    /// @dev Changes from this one on cannot be originated.
    uint256 internal constant FIRST_NOT_ORIGINABLE = 38;
    uint256 internal constant LENDER_NONCE = 27;

    /// @notice Makes change number `i` to `terms`; `other` is who takes the place of a party.
    function change(LoanTerms memory terms, uint256 i, address other) internal pure {
        if (i < 9) _changeParties(terms, i, other);
        else if (i < 18) _changeOptions(terms, i);
        else if (i < 30) _changeDates(terms, i);
        else if (i < FIRST_NOT_ORIGINABLE) _changeRows(terms, i);
        else _spoil(terms, i);
    }

    function _changeParties(LoanTerms memory terms, uint256 i, address other) private pure {
        if (i == 0) terms.agreement = "L-2026-0002";
        if (i == 1) terms.lender = other;
        if (i == 2) terms.borrower = other;
        if (i == 3) terms.guarantor = other;
        if (i == 4) terms.method = Method.Custom;
        if (i == 5) terms.dayCount = DayCount.Act360;
        if (i == 6) ++terms.annualRatePpm;
        if (i == 7) terms.rounding = Rounding.HalfUp;
        if (i == 8) terms.allocation = Allocation.PenaltyLast;
    }

    function _changeOptions(LoanTerms memory terms, uint256 i) private pure {
        if (i == 9) ++terms.penaltyRatePpm;
        if (i == 10) terms.penaltyYearDays = 365;
        if (i == 11) ++terms.graceDays;
        if (i == 12) terms.prepayment = Prepayment.SmallerInstalments;
        if (i == 13) ++terms.prepaymentFeePpm;
        if (i == 14) ++terms.accelerateAfterDays;
        if (i == 15) ++terms.mandateMinorMax;
        if (i == 16) terms.collectableBy = CollectableBy.Anyone;
        if (i == 17) ++terms.guaranteeMinorMax;
    }

    function _changeDates(LoanTerms memory terms, uint256 i) private pure {
        if (i == 18) ++terms.guaranteeAfterDays;
        if (i == 19) --terms.utcOffsetMinutes;
        if (i == 20) ++terms.signBy;
        if (i == 21) --terms.disburseOn;
        if (i == 22) ++terms.disburseBy;
        if (i == 23) ++terms.selfPaidMinorMax;
        if (i == 24) terms.documentHash = keccak256("another text");
        if (i == 25) terms.collateralHash = keccak256("another lathe");
        if (i == 26) terms.priorLoanId = keccak256("another loan");
        if (i == LENDER_NONCE) terms.lenderNonce = 1;
        if (i == 28) terms.borrowerNonce = 1;
        if (i == 29) terms.guarantorNonce = 1;
    }

    function _changeRows(LoanTerms memory terms, uint256 i) private pure {
        PurposeCap[] memory purposes = terms.purposes;
        Instalment[] memory rows = terms.instalments;
        if (i == 30) purposes[1].purpose = "wages";
        if (i == 31) ++purposes[1].payeeCategory;
        if (i == 32) ++purposes[2].capMinor;
        if (i == 33) terms.purposes = _withoutLast(purposes);
        if (i == 34) (purposes[0], purposes[1]) = (purposes[1], purposes[0]);
        if (i == 35) ++rows[1].dueOn;
        if (i == 36) ++rows[1].interestMinor;
        if (i == 37) {
            --rows[0].principalMinor;
            ++rows[2].principalMinor;
        }
    }

    function _spoil(LoanTerms memory terms, uint256 i) private pure {
        if (i == 38) terms.currency = "USD";
        if (i == 39) ++terms.principalMinor;
        if (i == 40) ++terms.instalments[1].principalMinor;
        if (i == 41) terms.instalments = _withoutLast(terms.instalments);
        if (i == 42) terms.instalments = new Instalment[](0);
        if (i == 43) terms.purposes = new PurposeCap[](0);
    }

    function _withoutLast(PurposeCap[] memory rows) private pure returns (PurposeCap[] memory fewer) {
        fewer = new PurposeCap[](rows.length - 1);
        for (uint256 i; i < fewer.length; ++i) fewer[i] = rows[i];
    }

    function _withoutLast(Instalment[] memory rows) private pure returns (Instalment[] memory fewer) {
        fewer = new Instalment[](rows.length - 1);
        for (uint256 i; i < fewer.length; ++i) fewer[i] = rows[i];
    }
}
