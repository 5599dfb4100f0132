// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title TextLib
/// @notice Short texts in one word: printable ASCII, left-aligned, padded with zeros.
library TextLib {
    uint256 private constant EACH = type(uint256).max / 0xff;

    /// @notice Length of `text`, or zero when it is empty or not a text.
    /// @dev A byte behind the padding would be part of the loan id but not of the signed message, so
    /// that one signature could serve two loans. Hence the strictness. All bytes are tested at once:
    /// below 0x7f none carries into its neighbour.
    function textLength(bytes32 text) internal pure returns (uint256 count) {
        unchecked {
            uint256 word = uint256(text);
            bool isAscii = (word | (word + EACH)) & (EACH * 0x80) == 0;
            // One in each byte from 0x20 on.
            uint256 shown = ((word + EACH * 0x60) >> 7) & EACH;
            uint256 gaps = ~(shown * 0xff);
            bool isLeftAligned = gaps != 0 && gaps & (gaps + 1) == 0;
            if (isAscii && isLeftAligned && word & gaps == 0) count = (shown * EACH) >> 248;
        }
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
