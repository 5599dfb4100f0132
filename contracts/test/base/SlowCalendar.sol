// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title SlowCalendar
/// @notice Day numbers by counting years and months one by one: a second opinion on `CalendarLib`.
library SlowCalendar {
    /// @notice Days from 1970-01-01 to `yyyymmdd`.
    function daysOf(uint256 yyyymmdd) internal pure returns (uint256 count) {
        uint256 year = yyyymmdd / 10_000;
        uint256 month = (yyyymmdd % 10_000) / 100;
        for (uint256 y = 1970; y < year; ++y) count += isLeap(y) ? 366 : 365;
        for (uint256 m = 1; m < month; ++m) count += monthLength(year, m);
        count += yyyymmdd % 100 - 1;
    }

    /// @notice The date `count` days after 1970-01-01.
    function dateOf(uint256 count) internal pure returns (uint32) {
        uint256 year = 1970;
        while (count >= (isLeap(year) ? 366 : 365)) {
            count -= isLeap(year) ? 366 : 365;
            ++year;
        }
        uint256 month = 1;
        while (count >= monthLength(year, month)) {
            count -= monthLength(year, month);
            ++month;
        }
        return uint32(year * 10_000 + month * 100 + count + 1);
    }

    function isDate(uint256 yyyymmdd) internal pure returns (bool) {
        uint256 year = yyyymmdd / 10_000;
        uint256 month = (yyyymmdd % 10_000) / 100;
        uint256 day = yyyymmdd % 100;
        return year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1
            && day <= monthLength(year, month);
    }

    function monthLength(uint256 year, uint256 month) internal pure returns (uint256) {
        if (month == 2) return isLeap(year) ? 29 : 28;
        bytes memory lengths = hex"1f1c1f1e1f1e1f1f1e1f1e1f";
        return uint8(lengths[month - 1]);
    }

    function isLeap(uint256 year) internal pure returns (bool) {
        if (year % 400 == 0) return true;
        if (year % 100 == 0) return false;
        return year % 4 == 0;
    }
}
