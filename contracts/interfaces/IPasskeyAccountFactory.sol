// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title IPasskeyAccountFactory
/// @notice Makes passkey accounts at addresses known beforehand, so that a party can be registered
/// and named in an agreement before anything of it is on chain.
interface IPasskeyAccountFactory {
    event AccountCreated(address indexed account, bytes32 x, bytes32 y, bytes32 salt);

    /// @notice Makes the account of this first passkey, or finds it made. Anyone may call.
    /// @param salt Tells the accounts of one passkey apart.
    function create(bytes32 x, bytes32 y, bytes32 salt) external returns (address account);

    /// @notice Where the account is or will be. It keeps its address when its passkeys change.
    function accountOf(bytes32 x, bytes32 y, bytes32 salt) external view returns (address account);

    /// @notice What every account is a clone of. It has no passkey and never gets one.
    function ORIGINAL() external view returns (address);
}
