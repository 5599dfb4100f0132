// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILibraryHarness} from "../harness/ILibraryHarness.sol";
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
            vm.assertEq(_libraries.divide(2 * i + 1, 2, false), even[i]);
            vm.assertEq(_libraries.divide(2 * i + 1, 2, true), i + 1);
        }
        vm.assertEq(_libraries.divide(5, 10, false), 0);
        vm.assertEq(_libraries.divide(15, 10, false), 2);
        vm.assertEq(_libraries.divide(25, 10, false), 2);
        vm.assertEq(_libraries.divide(25, 10, true), 3);
    }

    function testBesideAHalf() public view {
        vm.assertEq(_libraries.divide(499_999, 1_000_000, true), 0);
        vm.assertEq(_libraries.divide(500_001, 1_000_000, false), 1);
        vm.assertEq(_libraries.divide(1, 3, true), 0);
        vm.assertEq(_libraries.divide(2, 3, false), 1);
        vm.assertEq(_libraries.divide(0, 7, true), 0);
        vm.assertEq(_libraries.divide(14, 7, true), 2);
    }

    /// @dev The nearest whole number, found by comparing distances.
    function testIsTheNearest(uint128 numerator, uint64 divisor, bool isUp) public view {
        uint256 denominator = uint256(divisor) + 1;
        vm.assertEq(
            _libraries.divide(numerator, denominator, isUp),
            DayByDayLoan.round(numerator, denominator, isUp)
        );
    }

    function testTiesOnly(uint64 quotient, uint64 halfDivisor, bool isUp) public view {
        uint256 denominator = 2 * (uint256(halfDivisor) + 1);
        uint256 numerator = quotient * denominator + denominator / 2;
        uint256 expected = isUp || quotient % 2 == 1 ? uint256(quotient) + 1 : quotient;
        vm.assertEq(_libraries.divide(numerator, denominator, isUp), expected);
    }

    function testRoundingKeepsOrder(uint96 low, uint96 step, uint64 divisor, bool isUp) public view {
        uint256 denominator = uint256(divisor) + 1;
        vm.assertLe(
            _libraries.divide(low, denominator, isUp),
            _libraries.divide(uint256(low) + step, denominator, isUp)
        );
    }
}
