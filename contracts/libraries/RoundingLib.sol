// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title RoundingLib
/// @notice Division of whole numbers, rounded as the terms say.
library RoundingLib {
    bytes32 internal constant HALF_EVEN = "half_even";
    bytes32 internal constant HALF_UP = "half_up";

    function isKnown(bytes32 rounding) internal pure returns (bool) {
        return rounding == HALF_EVEN || rounding == HALF_UP;
    }

    /// @notice `numerator / denominator` to the nearest whole number; ties as `rounding` says.
    function divide(uint256 numerator, uint256 denominator, bytes32 rounding)
        internal
        pure
        returns (uint256 quotient)
    {
        quotient = numerator / denominator;
        uint256 twice = (numerator % denominator) * 2;
        bool isTie = twice == denominator;
        if (twice > denominator || (isTie && (rounding == HALF_UP || quotient & 1 == 1))) ++quotient;
    }
}
