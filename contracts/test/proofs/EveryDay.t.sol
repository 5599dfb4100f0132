// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CalendarLib} from "../../libraries/CalendarLib.sol";

/// @notice All 2,932,897 dates from 1970 to 9999, one after the other. Compiled as shipped: it does not
/// import the tests' base.
contract EveryDayTest {
    function testEveryDateHasTheNextNumber1970To3999() external pure {
        _check(1970, 3999, 0, 741_442);
    }

    function testEveryDateHasTheNextNumber4000To5999() external pure {
        _check(4000, 5999, 741_442, 1_471_927);
    }

    function testEveryDateHasTheNextNumber6000To7999() external pure {
        _check(6000, 7999, 1_471_927, 2_202_412);
    }

    function testEveryDateHasTheNextNumber8000To9999() external pure {
        _check(8000, 9999, 2_202_412, 2_932_897);
    }

    function _check(uint256 firstYear, uint256 lastYear, uint256 number, uint256 end) private pure {
        for (uint256 year = firstYear; year <= lastYear; ++year) {
            for (uint256 month = 1; month <= 12; ++month) {
                uint256 length = _monthLength(year, month);
                for (uint256 day = 1; day <= length; ++day) {
                    uint32 date = uint32(year * 10_000 + month * 100 + day);
                    assert(CalendarLib.isDate(date));
                    assert(CalendarLib.dayNumber(date) == number);
                    ++number;
                }
            }
        }
        assert(number == end);
    }

    function _monthLength(uint256 year, uint256 month) private pure returns (uint256) {
        if (month == 4 || month == 6 || month == 9 || month == 11) return 30;
        if (month != 2) return 31;
        if (year % 400 == 0) return 29;
        if (year % 100 == 0) return 28;
        return year % 4 == 0 ? 29 : 28;
    }
}
