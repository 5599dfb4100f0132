// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice One call of a batch. No ether goes with it.
struct Call {
    address target;
    bytes data;
}

/// @title IPasskeyAccount
/// @notice An account that passkeys sign for (WebAuthn over P-256), so that a party needs no wallet
/// and no gas: it signs in its browser, and anyone brings the signature to the chain.
///
/// Any one passkey of the account signs for all of it, adds others and removes them. Nobody else can
/// do anything with it, its factory included: an account whose passkeys are all lost is lost, with
/// the money in it. Debts stay payable, since anyone may repay a loan.
///
/// A signature is `x ‖ y ‖ abi.encode(r, s, challengeIndex, typeIndex, authenticatorData,
/// clientDataJSON)`: the passkey's public key, and what its authenticator answered. The indices say
/// where `"challenge"` and `"type"` stand in `clientDataJSON`. The authenticator must have verified
/// its user, by a fingerprint or a PIN, and `s` lies in the lower half of the curve's order.
///
/// What an authenticator signs is a challenge of 32 bytes: EIP-712 typed data of the domain
/// "Tallystick PasskeyAccount", version "1", this chain and this account. A passkey of two accounts,
/// or of one account on two chains, therefore never signs for both at once.
/// - For `execute`, the message is `Execute(Call[] calls,uint256 nonce,uint256 deadline)`.
/// - For `isValidSignature`, it is ERC-7739's `PersonalSign(bytes prefixed)` around the digest asked
///   about. ERC-7739's `TypedDataSign` is taken too, for wallets that show what they sign.
///
/// Origin, relying party and signature counter are not checked: authenticators use a passkey for its
/// own relying party alone, and browsers hold pages to theirs.
interface IPasskeyAccount is IERC1271 {
    /// @param passkeyId Hash of the public key `x ‖ y`.
    event PasskeyAdded(bytes32 indexed passkeyId, bytes32 x, bytes32 y);
    event PasskeyRemoved(bytes32 indexed passkeyId);
    /// @notice `callCount` calls were made in order; `passkeyId` signed for them.
    event CallsExecuted(uint256 indexed nonce, bytes32 indexed passkeyId, uint256 callCount);

    /// @dev No passkey of this account signed `challenge`, or its authenticator did not verify the
    /// user.
    error AssertionInvalid(bytes32 challenge);
    error DeadlinePassed(uint256 deadline);
    /// @dev One of the calls came back for more.
    error AlreadyExecuting();
    error NonceInvalid(uint256 nonce, uint256 expectedNonce);
    /// @dev The account alone may do this, through `execute`.
    error CallerNotAccount(address caller);
    error CallerNotFactory(address caller);
    /// @dev These are not the coordinates of a point on P-256.
    error PasskeyInvalid(bytes32 x, bytes32 y);
    error PasskeyAlreadyAdded(bytes32 passkeyId);
    error PasskeyUnknown(bytes32 passkeyId);
    error PasskeyIsLast(bytes32 passkeyId);

    /// @notice Gives a new account its first passkey. Called by the factory, as it creates it.
    function initialize(bytes32 x, bytes32 y) external;

    /// @notice Makes calls that a passkey signed, all of them or none. Anyone may bring them.
    /// @dev Errors of a called contract come through as they are. Without calls this only uses up the
    /// nonce, which cancels whatever else was signed for it. Who brings the calls chooses their gas:
    /// a called contract that goes on after a failure of its own can be made to have one.
    /// @param nonce The account's `nextNonce`, so that a signature is used once and in its turn.
    /// @param deadline Last moment of the signature (unix seconds).
    /// @return results What each call returned.
    function execute(
        Call[] calldata calls,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (bytes[] memory results);

    /// @notice Lets another passkey sign for this account. Called by the account itself.
    /// @dev Whoever adds one should have seen it sign: a passkey nobody holds cannot mend a mistake.
    function addPasskey(bytes32 x, bytes32 y) external;

    /// @notice Ends a passkey's signing, also under what it has signed already. Called by the account
    /// itself; the last passkey stays.
    function removePasskey(bytes32 passkeyId) external;

    /// @notice The nonce the next `execute` must carry.
    function nextNonce() external view returns (uint64);

    function passkeyCount() external view returns (uint64);

    function isPasskey(bytes32 passkeyId) external view returns (bool);

    /// @notice What a passkey signs, so that `isValidSignature` says yes to `digest`.
    function challengeOf(bytes32 digest) external view returns (bytes32);

    /// @notice What a passkey signs, so that `execute` makes these calls.
    function challengeOfExecute(Call[] calldata calls, uint256 nonce, uint256 deadline)
        external
        view
        returns (bytes32);
}
