// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {IPasskeyAccountFactory} from "./interfaces/IPasskeyAccountFactory.sol";
import {PasskeyAccount} from "./PasskeyAccount.sol";

/// @title PasskeyAccountFactory
/// @notice See `IPasskeyAccountFactory`.
contract PasskeyAccountFactory is IPasskeyAccountFactory {
    /// @inheritdoc IPasskeyAccountFactory
    address public immutable ORIGINAL;

    constructor() {
        ORIGINAL = address(new PasskeyAccount());
    }

    /// @inheritdoc IPasskeyAccountFactory
    function create(bytes32 x, bytes32 y, bytes32 salt) external returns (address account) {
        account = accountOf(x, y, salt);
        if (account.code.length != 0) return account;

        account = Clones.cloneDeterministic(ORIGINAL, _saltOf(x, y, salt));
        emit AccountCreated(account, x, y, salt);
        PasskeyAccount(account).initialize(x, y);
    }

    /// @inheritdoc IPasskeyAccountFactory
    function accountOf(bytes32 x, bytes32 y, bytes32 salt) public view returns (address account) {
        return Clones.predictDeterministicAddress(ORIGINAL, _saltOf(x, y, salt));
    }

    function _saltOf(bytes32 x, bytes32 y, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(x, y, salt));
    }
}
