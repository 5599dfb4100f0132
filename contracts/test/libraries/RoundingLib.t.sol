// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILibraryHarness} from "../harness/LibraryHarness.sol";
import {DayByDayLoan} from "../models/DayByDayLoan.sol";
import {Test} from "../Test.sol";

contract RoundingLibTest is Test {
    ILibraryHarness private _libraries;

    function setUp() public {
        _libraries = ILibraryHarness(deployArtifact("LibraryHarness", ""));
    }

    function testHalves() public view {
        uint256[5] memory even = [uint256(0), 2, 2, 4, 4];
        for (uint256 i; i < 5; ++i) {
            vm.assertEq(_libraries.divide(2 * i + 1, 2, "half_even"), even[i]);
            vm.assertEq(_libraries.divide(2 * i + 1, 2, "half_up"), i + 1);
        }
        vm.assertEq(_libraries.divide(5, 10, "half_even"), 0);
        vm.assertEq(_libraries.divide(15, 10, "half_even"), 2);
        vm.assertEq(_libraries.divide(25, 10, "half_even"), 2);
        vm.assertEq(_libraries.divide(25, 10, "half_up"), 3);
    }

    function testBesideAHalf() public view {
        vm.assertEq(_libraries.divide(499_999, 1_000_000, "half_up"), 0);
        vm.assertEq(_libraries.divide(500_001, 1_000_000, "half_even"), 1);
        vm.assertEq(_libraries.divide(1, 3, "half_up"), 0);
        vm.assertEq(_libraries.divide(2, 3, "half_even"), 1);
        vm.assertEq(_libraries.divide(0, 7, "half_up"), 0);
        vm.assertEq(_libraries.divide(14, 7, "half_up"), 2);
    }

    /// @dev The nearest whole number, found by comparing distances.
    function testIsTheNearest(uint128 numerator, uint64 divisor, bool isUp) public view {
        uint256 denominator = uint256(divisor) + 1;
        bytes32 rounding = isUp ? bytes32("half_up") : bytes32("half_even");
        vm.assertEq(
            _libraries.divide(numerator, denominator, rounding),
            DayByDayLoan.round(numerator, denominator, rounding)
        );
    }

    function testTiesOnly(uint64 quotient, uint64 halfDivisor, bool isUp) public view {
        uint256 denominator = 2 * (uint256(halfDivisor) + 1);
        uint256 numerator = quotient * denominator + denominator / 2;
        uint256 expected = isUp || quotient % 2 == 1 ? uint256(quotient) + 1 : quotient;
        bytes32 rounding = isUp ? bytes32("half_up") : bytes32("half_even");
        vm.assertEq(_libraries.divide(numerator, denominator, rounding), expected);
    }

    function testRoundingKeepsOrder(uint96 low, uint96 step, uint64 divisor, bool isUp) public view {
        uint256 denominator = uint256(divisor) + 1;
        bytes32 rounding = isUp ? bytes32("half_up") : bytes32("half_even");
        vm.assertLe(
            _libraries.divide(low, denominator, rounding),
            _libraries.divide(uint256(low) + step, denominator, rounding)
        );
    }

    function testKnownRoundings(bytes32 other) public view {
        vm.assertTrue(_libraries.isKnownRounding("half_up"));
        vm.assertTrue(_libraries.isKnownRounding("half_even"));
        vm.assume(other != "half_up" && other != "half_even");
        vm.assertFalse(_libraries.isKnownRounding(other));
    }
}
