// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @notice A contract to call: it keeps what it was told, fails as it is told, and calls back.
contract Callee {
    struct Note {
        address caller;
        bytes payload;
    }

    Note[] public notes;

    function note(bytes calldata payload) external returns (uint256 index, bytes memory) {
        notes.push(Note(msg.sender, payload));
        return (notes.length - 1, payload);
    }

    function callBack(address target, bytes calldata data) external returns (bytes memory) {
        return Address.functionCall(target, data);
    }

    function noteCount() external view returns (uint256) {
        return notes.length;
    }

    function fail(bytes calldata reason) external pure {
        bytes memory copy = reason;
        assembly ("memory-safe") {
            revert(add(copy, 0x20), mload(copy))
        }
    }
}
