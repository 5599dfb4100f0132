// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TextLib} from "../../libraries/TextLib.sol";

/// @notice What holds for all 2^256 words.
contract TextLibProof {
    /// @dev Byte by byte, as one would say it.
    function check_lengthIsThatOfTheText(bytes32 text) external pure {
        uint256 length = TextLib.textLength(text);

        uint256 shown;
        while (shown < 32 && _isShown(text[shown])) ++shown;
        bool isText = shown < 32;
        for (uint256 i = shown; i < 32; ++i) isText = isText && text[i] == 0;
        assert(length == (isText ? shown : 0));
    }

    function _isShown(bytes1 char) private pure returns (bool) {
        return char >= 0x20 && char <= 0x7e;
    }
}
