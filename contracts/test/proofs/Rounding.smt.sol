// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RoundingLib} from "../../libraries/RoundingLib.sol";

/// @notice `divide` gives the nearest whole number, and of two nearest ones the agreed one.
/// @dev 128 and 64 bits hold all that is divided: amounts times days times rates, by millions of days.
contract RoundingLibProof {
    function isNearest(uint128 numerator, uint64 denominator, bool isHalfUp) external pure {
        require(denominator != 0);
        uint256 quotient = RoundingLib.divide(numerator, denominator, isHalfUp);
        assert(2 * quotient * denominator <= 2 * uint256(numerator) + denominator);
        assert(2 * uint256(numerator) <= 2 * quotient * denominator + denominator);
    }

    function tiesGoUp(uint64 below, uint64 half) external pure {
        require(half != 0);
        uint256 numerator = uint256(below) * 2 * half + half;
        assert(RoundingLib.divide(numerator, 2 * uint256(half), true) == uint256(below) + 1);
    }

    function tiesGoToEven(uint64 below_, uint64 half) external pure {
        require(half != 0);
        uint256 below = below_;
        uint256 numerator = below * 2 * half + half;
        uint256 even = below & 1 == 1 ? below + 1 : below;
        assert(RoundingLib.divide(numerator, 2 * uint256(half), false) == even);
    }

    function wholeQuotientsStay(uint64 quotient, uint64 denominator, bool isHalfUp) external pure {
        require(denominator != 0);
        uint256 numerator = uint256(quotient) * denominator;
        assert(RoundingLib.divide(numerator, denominator, isHalfUp) == quotient);
    }
}
