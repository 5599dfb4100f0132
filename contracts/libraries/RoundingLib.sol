// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title RoundingLib
/// @notice Division of whole numbers, rounded as the terms say.
library RoundingLib {
    /// @notice `numerator / denominator` to the nearest whole number; ties up, or else to even.
    function divide(uint256 numerator, uint256 denominator, bool isHalfUp)
        internal
        pure
        returns (uint256 quotient)
    {
        quotient = numerator / denominator;
        uint256 twice = (numerator % denominator) * 2;
        bool isTie = twice == denominator;
        if (twice > denominator || (isTie && (isHalfUp || quotient & 1 == 1))) ++quotient;
    }
}
