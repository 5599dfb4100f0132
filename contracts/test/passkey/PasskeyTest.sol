// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";

import {Call, IPasskeyAccount} from "../../interfaces/IPasskeyAccount.sol";
import {IPasskeyAccountFactory} from "../../interfaces/IPasskeyAccountFactory.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {Deployment} from "../base/Deployment.sol";

/// @title PasskeyTest
/// @notice Base of the tests about passkey accounts: a factory, an account, and an authenticator that
/// answers a page as WebAuthn says.
///
/// `account` is of the passkey `phone` and registered as a borrower. `laptop` is another passkey.
abstract contract PasskeyTest is Deployment {
    uint256 internal constant CURVE_ORDER =
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
    bytes4 internal constant YES = 0x1626ba7e;
    bytes4 internal constant NO = 0xffffffff;
    bytes32 internal constant SALT = 0;

    uint8 internal constant USER_PRESENT = 0x01;
    uint8 internal constant USER_VERIFIED = 0x04;
    uint8 internal constant BACKUP_ELIGIBLE = 0x08;
    uint8 internal constant BACKED_UP = 0x10;

    /// @dev An authenticator's answer and where a page finds the two members in it.
    struct Assertion {
        bytes32 r;
        bytes32 s;
        uint256 challengeIndex;
        uint256 typeIndex;
        bytes authenticatorData;
        string clientDataJSON;
    }

    IPasskeyAccountFactory internal factory;
    IPasskeyAccount internal account;
    uint256 internal phone = uint256(keccak256("phone")) >> 1;
    uint256 internal laptop = uint256(keccak256("laptop")) >> 1;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(1_767_323_000);
        factory = IPasskeyAccountFactory(deployArtifact("PasskeyAccountFactory", ""));
        account = _newAccount(phone, SALT);
        _register(address(account), PartyRoles.BORROWER, 0);
    }

    /* ACCOUNTS */

    function _newAccount(uint256 passkey, bytes32 salt) internal returns (IPasskeyAccount) {
        (bytes32 x, bytes32 y) = _publicKey(passkey);
        return IPasskeyAccount(factory.create(x, y, salt));
    }

    function _publicKey(uint256 passkey) internal pure returns (bytes32 x, bytes32 y) {
        (uint256 x_, uint256 y_) = vm.publicKeyP256(passkey);
        return (bytes32(x_), bytes32(y_));
    }

    function _passkeyId(uint256 passkey) internal pure returns (bytes32) {
        (bytes32 x, bytes32 y) = _publicKey(passkey);
        return keccak256(abi.encodePacked(x, y));
    }

    /* CALLS */

    function _calls(address target, bytes memory data) internal pure returns (Call[] memory calls) {
        calls = new Call[](1);
        calls[0] = Call(target, data);
    }

    function _deadline() internal view returns (uint256) {
        return vm.getBlockTimestamp() + 600;
    }

    /// @dev `phone` signs for these calls of `account`, to be made now.
    function _signedExecute(Call[] memory calls) internal view returns (bytes memory) {
        return _signed(phone, account.challengeOfExecute(calls, account.nextNonce(), _deadline()));
    }

    function _execute(Call[] memory calls) internal returns (bytes[] memory) {
        return account.execute(calls, account.nextNonce(), _deadline(), _signedExecute(calls));
    }

    /* THE AUTHENTICATOR */

    /// @dev The signature `passkey` gives to a page that asks with `challenge`.
    function _signed(uint256 passkey, bytes32 challenge) internal pure returns (bytes memory) {
        return _encoded(passkey, _assertion(passkey, challenge));
    }

    function _assertion(uint256 passkey, bytes32 challenge)
        internal
        pure
        returns (Assertion memory)
    {
        return _assertion(
            passkey, _authenticatorData(USER_PRESENT | USER_VERIFIED), _clientData(challenge)
        );
    }

    /// @dev The answer over whatever the page and the browser made of the question.
    function _assertion(
        uint256 passkey,
        bytes memory authenticatorData,
        string memory clientDataJSON
    ) internal pure returns (Assertion memory assertion) {
        assertion.authenticatorData = authenticatorData;
        assertion.clientDataJSON = clientDataJSON;
        assertion.challengeIndex = _indexOf(bytes(clientDataJSON), '"challenge":');
        assertion.typeIndex = _indexOf(bytes(clientDataJSON), '"type":');
        (assertion.r, assertion.s) = vm.signP256(
            passkey, sha256(abi.encodePacked(authenticatorData, sha256(bytes(clientDataJSON))))
        );
        if (uint256(assertion.s) > CURVE_ORDER / 2) {
            assertion.s = bytes32(CURVE_ORDER - uint256(assertion.s));
        }
    }

    function _encoded(uint256 passkey, Assertion memory assertion)
        internal
        pure
        returns (bytes memory)
    {
        (bytes32 x, bytes32 y) = _publicKey(passkey);
        bytes memory tail = abi.encode(
            assertion.r,
            assertion.s,
            assertion.challengeIndex,
            assertion.typeIndex,
            assertion.authenticatorData,
            assertion.clientDataJSON
        );
        return abi.encodePacked(x, y, tail);
    }

    /// @dev Hash of the relying party, flags, and a counter of signatures.
    function _authenticatorData(uint8 flags) internal pure returns (bytes memory) {
        return abi.encodePacked(sha256("lender.example"), flags, uint32(7));
    }

    function _clientData(bytes32 challenge) internal pure returns (string memory) {
        return _clientData("webauthn.get", challenge);
    }

    function _clientData(string memory kind, bytes32 challenge)
        internal
        pure
        returns (string memory)
    {
        return string.concat(
            '{"type":"',
            kind,
            '","challenge":"',
            Base64.encodeURL(abi.encodePacked(challenge)),
            '","origin":"https://lender.example","crossOrigin":false}'
        );
    }

    /// @dev Where `needle` stands first; zero if nowhere.
    function _indexOf(bytes memory text, bytes memory needle) private pure returns (uint256) {
        for (uint256 i; i + needle.length <= text.length; ++i) {
            uint256 j;
            while (j < needle.length && text[i + j] == needle[j]) ++j;
            if (j == needle.length) return i;
        }
        return 0;
    }
}
