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
import {SlowCalendar} from "./SlowCalendar.sol";

/// @title RandomTerms
/// @notice Terms that may be originated, with every option agreed or not. Whoever draws them names the
/// parties.
library RandomTerms {
    /// @param today Day number of the agreement and of the first day of disbursement.
    function draw(uint256 seed, uint256 today) internal pure returns (LoanTerms memory terms) {
        terms.currency = "CNY";
        terms.method = Method.Custom;
        terms.dayCount = DayCount(_pick(seed, "dayCount", 4));
        terms.agreement = bytes32(bytes1(uint8(0x41)));
        terms.documentHash = "agreement text";
        terms.utcOffsetMinutes = 480;
        terms.signBy = SlowCalendar.dateOf(today);
        terms.disburseOn = terms.signBy;
        terms.disburseBy = SlowCalendar.dateOf(today + 30);
        terms.instalments = _instalments(uint256(keccak256(abi.encode(seed))), today + 30);
        for (uint256 i; i < terms.instalments.length; ++i) {
            terms.principalMinor += terms.instalments[i].principalMinor;
        }
        terms.selfPaidMinorMax = uint64(_pick(seed, "selfPaid", terms.principalMinor));
        terms.purposes = new PurposeCap[](2);
        terms.purposes[0] = PurposeCap("materials", 101, terms.principalMinor);
        terms.purposes[1] = PurposeCap("sundries", 0, terms.principalMinor / 2 + 1);
        _agreePenalty(terms, seed);
        _agreeOptions(terms, seed);
    }

    function _agreePenalty(LoanTerms memory terms, uint256 seed) private pure {
        terms.rounding = Rounding(_pick(seed, "rounding", 2));
        terms.allocation = Allocation(_pick(seed, "allocation", 2));
        terms.penaltyRatePpm = uint32(_pick(seed, "no penalty", 5) == 0 ? 0 : _pick(seed, "rate", 1_000_001));
        terms.penaltyYearDays = _pick(seed, "year", 2) == 0 ? 360 : 365;
        terms.graceDays = uint16(_pick(seed, "no grace", 3) == 0 ? 0 : _pick(seed, "grace", 25));
    }

    function _agreeOptions(LoanTerms memory terms, uint256 seed) private pure {
        terms.prepayment = Prepayment(_pick(seed, "prepayment", 3));
        terms.prepaymentFeePpm = uint32(_pick(seed, "fee", 2) * _pick(seed, "fee rate", 50_000));
        terms.accelerateAfterDays = uint16(_pick(seed, "accelerate", 20));
        terms.collectableBy = CollectableBy(_pick(seed, "collectable", 4));
        if (terms.collectableBy != CollectableBy.Nobody) {
            terms.mandateMinorMax = uint64(1 + _pick(seed, "mandate", 2 * terms.principalMinor));
        }
        if (_pick(seed, "collateral", 2) == 1) terms.collateralHash = "lathe";
    }

    /// @notice Adds a guarantor to the terms.
    function guarantee(LoanTerms memory terms, uint256 seed, address guarantor) internal pure {
        terms.guarantor = guarantor;
        terms.guaranteeMinorMax = uint64(1 + _pick(seed, "guarantee", terms.principalMinor));
        terms.guaranteeAfterDays = uint16(_pick(seed, "guarantee after", 15));
    }

    function _instalments(uint256 seed, uint256 day) private pure returns (Instalment[] memory rows) {
        rows = new Instalment[](seed % 5 + 1);
        uint256 scale = 10 ** _pick(seed, "scale", 11);
        for (uint256 i; i < rows.length; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            day += _pick(seed, "day", 40) + 1;
            uint256 principal = _pick(seed, "no principal", 4) == 0 && i + 1 < rows.length
                ? 0
                : 1 + _pick(seed, "principal", 900 * scale);
            uint256 interest =
                _pick(seed, "no interest", 4) == 0 ? 0 : _pick(seed, "interest", 90 * scale);
            if (principal + interest == 0) interest = 1;
            rows[i] = Instalment(SlowCalendar.dateOf(day), uint64(principal), uint64(interest));
        }
    }

    function _pick(uint256 seed, string memory what, uint256 count) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, what))) % count;
    }
}
