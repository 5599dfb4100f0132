// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC7739} from "@openzeppelin/contracts/utils/cryptography/signers/draft-ERC7739.sol";
import {ERC7739Utils} from "@openzeppelin/contracts/utils/cryptography/draft-ERC7739Utils.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";

import {Call, IPasskeyAccount} from "./interfaces/IPasskeyAccount.sol";

/// @title PasskeyAccount
/// @notice See `IPasskeyAccount`. The factory makes clones of one original (ERC-1167).
contract PasskeyAccount is IPasskeyAccount, ERC7739 {
    bytes32 private constant CALL_TYPEHASH = keccak256("Call(address target,bytes data)");
    bytes32 private constant EXECUTE_TYPEHASH = keccak256(
        "Execute(Call[] calls,uint256 nonce,uint256 deadline)Call(address target,bytes data)"
    );
    uint256 private constant KEY_BYTES = 64;

    address public immutable FACTORY;

    /// @inheritdoc IPasskeyAccount
    uint64 public nextNonce;
    /// @inheritdoc IPasskeyAccount
    uint64 public passkeyCount;
    /// @dev Shares the slot of `nextNonce`, which is written anyway.
    bool private _isExecuting;
    /// @inheritdoc IPasskeyAccount
    mapping(bytes32 passkeyId => bool) public isPasskey;

    constructor() EIP712("Tallystick PasskeyAccount", "1") {
        FACTORY = msg.sender;
    }

    /// @inheritdoc IPasskeyAccount
    function initialize(bytes32 x, bytes32 y) external {
        require(msg.sender == FACTORY, CallerNotFactory(msg.sender));
        _addPasskey(x, y);
    }

    /// @inheritdoc IPasskeyAccount
    function execute(
        Call[] calldata calls,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (bytes[] memory results) {
        // What was signed for later may not slip in between the calls.
        require(!_isExecuting, AlreadyExecuting());
        require(block.timestamp <= deadline, DeadlinePassed(deadline));
        require(nonce == nextNonce, NonceInvalid(nonce, nextNonce));
        bytes32 challenge = challengeOfExecute(calls, nonce, deadline);
        require(_rawSignatureValidation(challenge, signature), AssertionInvalid(challenge));

        (nextNonce, _isExecuting) = (nextNonce + 1, true);
        emit CallsExecuted(nonce, keccak256(signature[:KEY_BYTES]), calls.length);
        results = new bytes[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            results[i] = Address.functionCall(calls[i].target, calls[i].data);
        }
        _isExecuting = false;
    }

    /// @inheritdoc IPasskeyAccount
    function addPasskey(bytes32 x, bytes32 y) external {
        require(msg.sender == address(this), CallerNotAccount(msg.sender));
        _addPasskey(x, y);
    }

    /// @inheritdoc IPasskeyAccount
    function removePasskey(bytes32 passkeyId) external {
        require(msg.sender == address(this), CallerNotAccount(msg.sender));
        require(isPasskey[passkeyId], PasskeyUnknown(passkeyId));
        require(passkeyCount != 1, PasskeyIsLast(passkeyId));
        --passkeyCount;
        delete isPasskey[passkeyId];
        emit PasskeyRemoved(passkeyId);
    }

    /// @inheritdoc IPasskeyAccount
    function challengeOf(bytes32 digest) external view returns (bytes32) {
        return _hashTypedDataV4(ERC7739Utils.personalSignStructHash(digest));
    }

    /// @inheritdoc IPasskeyAccount
    function challengeOfExecute(Call[] calldata calls, uint256 nonce, uint256 deadline)
        public
        view
        returns (bytes32)
    {
        bytes32[] memory hashes = new bytes32[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            hashes[i] =
                keccak256(abi.encode(CALL_TYPEHASH, calls[i].target, keccak256(calls[i].data)));
        }
        bytes32 callsHash = keccak256(abi.encodePacked(hashes));
        return _hashTypedDataV4(keccak256(abi.encode(EXECUTE_TYPEHASH, callsHash, nonce, deadline)));
    }

    /// @dev What `isValidSignature` and `execute` both rest on.
    function _rawSignatureValidation(bytes32 challenge, bytes calldata signature)
        internal
        view
        override
        returns (bool)
    {
        if (signature.length < KEY_BYTES) return false;
        bytes calldata key = signature[:KEY_BYTES];
        if (!isPasskey[keccak256(key)]) return false;
        (bool isDecoded, WebAuthn.WebAuthnAuth calldata assertion) =
            WebAuthn.tryDecodeAuth(signature[KEY_BYTES:]);
        // The library reads memory at the index before it looks where that is: further out than there
        // is gas for, one bad signature would use up all gas of a batch.
        return isDecoded && assertion.typeIndex < bytes(assertion.clientDataJSON).length
            && WebAuthn.verify(
                abi.encodePacked(challenge), assertion, bytes32(key), bytes32(key[32:])
            );
    }

    function _addPasskey(bytes32 x, bytes32 y) private {
        require(P256.isValidPublicKey(x, y), PasskeyInvalid(x, y));
        bytes32 passkeyId = keccak256(abi.encodePacked(x, y));
        require(!isPasskey[passkeyId], PasskeyAlreadyAdded(passkeyId));
        ++passkeyCount;
        isPasskey[passkeyId] = true;
        emit PasskeyAdded(passkeyId, x, y);
    }
}
