// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CalendarLib} from "../../libraries/CalendarLib.sol";

/// @notice Of all 32-bit numbers, `isDate` takes exactly the days of the Gregorian calendar.
contract CalendarLibProof {
    function isDateIsTheTable(uint32 number) external pure {
        uint256 year = number / 10_000;
        uint256 month = number / 100 % 100;
        uint256 day = number % 100;
        bool isInTable = year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1
            && day <= _monthLength(year, month);
        assert(CalendarLib.isDate(number) == isInTable);
    }

    function aLocalDayIsADayLong(uint40 asOf, int16 utcOffsetMinutes) external pure {
        require(utcOffsetMinutes >= -720 && utcOffsetMinutes <= 840 && asOf >= 43_200);
        uint256 day = CalendarLib.localDay(asOf, utcOffsetMinutes);
        int256 begins = int256(day * 1 days) - int256(utcOffsetMinutes) * 60;
        assert(begins <= int256(uint256(asOf)));
        assert(int256(uint256(asOf)) < begins + 1 days);
    }

    function _monthLength(uint256 year, uint256 month) private pure returns (uint256) {
        if (month == 4 || month == 6 || month == 9 || month == 11) return 30;
        if (month != 2) return 31;
        if (year % 400 == 0) return 29;
        if (year % 100 == 0) return 28;
        return year % 4 == 0 ? 29 : 28;
    }
}
