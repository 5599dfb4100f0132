// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title CalendarLib
/// @notice Dates written `yyyymmdd` and day numbers counted from 1970-01-01.
library CalendarLib {
    /// @notice Whether `yyyymmdd` is a day of the Gregorian calendar from 1970 on.
    function isDate(uint32 yyyymmdd) internal pure returns (bool) {
        unchecked {
            // Safe: divisions and remainders of 32 bits.
            uint256 month = (yyyymmdd / 100) % 100;
            uint256 day = yyyymmdd % 100;
            if (yyyymmdd < 1970_00_00 || yyyymmdd > 9999_99_99) return false;
            if (month == 0 || month > 12 || day == 0) return false;
            if (day <= 28) return true;
            if (month == 2) return day == 29 && _isLeap(yyyymmdd / 10_000);
            // 31 days in odd months up to July and in even months from August.
            return day <= 30 + ((month + month / 8) & 1);
        }
    }

    /// @notice Day number of a valid date.
    /// @dev Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    function dayNumber(uint32 yyyymmdd) internal pure returns (uint256) {
        unchecked {
            // Safe: isDate() bounds every member, and the era of 1970 exceeds what is subtracted.
            uint256 year = yyyymmdd / 10_000;
            uint256 month = (yyyymmdd / 100) % 100;
            uint256 day = yyyymmdd % 100;
            uint256 monthFromMarch = month > 2 ? month - 3 : month + 9;
            if (month <= 2) --year;
            uint256 era = year / 400;
            uint256 yearOfEra = year % 400;
            uint256 dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1;
            uint256 dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
            return era * 146_097 + dayOfEra - 719_468;
        }
    }

    /// @notice Day number of the moment `asOf` (unix seconds) at a UTC offset.
    function localDay(uint256 asOf, int16 utcOffsetMinutes) internal pure returns (uint256) {
        return uint256(int256(asOf) + int256(utcOffsetMinutes) * 60) / 1 days;
    }

    function _isLeap(uint256 year) private pure returns (bool) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    }
}
