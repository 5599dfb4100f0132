// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title TextLib
/// @notice Short texts in one word: printable ASCII, left-aligned, padded with zeros.
library TextLib {
    /// @notice Length of `text`, or zero when it is empty or not a text.
    /// @dev A byte behind the padding would be part of the loan id but not of the signed message, so
    /// that one signature could serve two loans. Hence the strictness.
    function textLength(bytes32 text) internal pure returns (uint256 count) {
        uint256 rest = uint256(text);
        while (rest >> 248 != 0) {
            uint256 char = rest >> 248;
            if (char < 0x20 || char > 0x7e) return 0;
            rest <<= 8;
            ++count;
        }
        if (rest != 0 || count == 32) return 0;
    }

    /// @notice keccak256 of the text without its padding, as EIP-712 hashes a `string`.
    function textHash(bytes32 text) internal pure returns (bytes32 digest) {
        uint256 count = textLength(text);
        assembly ("memory-safe") {
            mstore(0x00, text)
            digest := keccak256(0x00, count)
        }
    }
}
