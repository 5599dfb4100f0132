// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SlowCalendar} from "../base/SlowCalendar.sol";
import {ILibraryHarness} from "../harness/ILibraryHarness.sol";
import {Test} from "../Test.sol";

contract CalendarLibTest is Test {
    ILibraryHarness private _libraries;

    function setUp() public {
        _libraries = ILibraryHarness(deployArtifact("LibraryHarness", ""));
    }

    function testKnownDays() public view {
        vm.assertEq(_libraries.dayNumber(19700101), 0);
        vm.assertEq(_libraries.dayNumber(19720229), 789);
        vm.assertEq(_libraries.dayNumber(20000229), 11_016);
        vm.assertEq(_libraries.dayNumber(20000301), 11_017);
        vm.assertEq(_libraries.dayNumber(20260101), 20_454);
        vm.assertEq(_libraries.dayNumber(21000301), 47_541);
        vm.assertEq(_libraries.dayNumber(99991231), 2_932_896);
    }

    function testMonthsFollowEachOtherInEveryKindOfYear() public view {
        for (uint256 year = 1970; year < 2410; year += 7) {
            uint256 expected = SlowCalendar.daysOf(year * 10_000 + 101);
            for (uint256 month = 1; month <= 12; ++month) {
                uint256 length = SlowCalendar.monthLength(year, month);
                uint32 first = uint32(year * 10_000 + month * 100 + 1);
                vm.assertEq(_libraries.dayNumber(first), expected);
                vm.assertEq(_libraries.dayNumber(first + uint32(length) - 1), expected + length - 1);
                expected += length;
            }
        }
    }

    function testDayNumbersAreTheCountedOnes(uint256 seed) public view {
        // Until 2791; the last day there is, is among the known ones.
        uint256 count = bound(seed, 0, 300_000);
        uint32 date = SlowCalendar.dateOf(count);
        vm.assertTrue(_libraries.isDate(date));
        vm.assertEq(_libraries.dayNumber(date), count);
    }

    function testDatesAreTheCountedOnes(uint256 yearSeed, uint256 monthSeed, uint256 daySeed)
        public
        view
    {
        uint256 year = bound(yearSeed, 1900, 10_100);
        uint32 date =
            uint32(year * 10_000 + bound(monthSeed, 0, 13) * 100 + bound(daySeed, 0, 33));
        vm.assertEq(_libraries.isDate(date), SlowCalendar.isDate(date));
    }

    function testAnyNumberIsADateOrNot(uint32 number) public view {
        vm.assertEq(_libraries.isDate(number), SlowCalendar.isDate(number));
    }

    function testEdgesOfMonthsAndYears() public view {
        uint32[12] memory no = [
            uint32(19691231), 20230229, 21000229, 20260431, 20260631, 20260931, 20261131, 20260001,
            20261301, 20260100, 20260132, 100000101
        ];
        for (uint256 i; i < no.length; ++i) vm.assertFalse(_libraries.isDate(no[i]));
        uint32[12] memory yes = [
            uint32(19700101), 20240229, 20000229, 20260131, 20260331, 20260531, 20260731, 20260831,
            20261031, 20261231, 20260430, 99991231
        ];
        for (uint256 i; i < yes.length; ++i) vm.assertTrue(_libraries.isDate(yes[i]));
    }

    function testALocalDayBeginsAtLocalMidnight(uint256 daySeed, uint256 offsetSeed) public view {
        uint256 day = bound(daySeed, 1, 2_932_896);
        int256 minutes_ = int256(bound(offsetSeed, 0, 26 * 60)) - 12 * 60;
        uint256 midnight = uint256(int256(day * 86_400) - minutes_ * 60);
        vm.assertEq(_libraries.localDay(midnight, int16(minutes_)), day);
        vm.assertEq(_libraries.localDay(midnight + 86_399, int16(minutes_)), day);
        vm.assertEq(_libraries.localDay(midnight - 1, int16(minutes_)), day - 1);
    }
}
