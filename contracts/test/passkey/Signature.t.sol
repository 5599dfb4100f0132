// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {IPasskeyAccount} from "../../interfaces/IPasskeyAccount.sol";
import {PasskeyTest} from "./PasskeyTest.sol";

/// @notice What an account takes as its signature (ERC-1271), and what it does not.
contract PasskeySignatureTest is PasskeyTest {
    bytes32 private constant DIGEST = keccak256("what is agreed");

    function testSaysYesToItsPasskey() public view {
        bytes memory signature = _signed(phone, account.challengeOf(DIGEST));
        vm.assertTrue(account.isValidSignature(DIGEST, signature) == YES);
        vm.assertTrue(
            SignatureChecker.isValidERC1271SignatureNow(address(account), DIGEST, signature)
        );
    }

    function testSaysYesToAnyDigestAndPasskey(bytes32 digest, uint256 passkey, bytes32 salt) public {
        passkey = bound(passkey, 1, CURVE_ORDER - 1);
        IPasskeyAccount theirs = _newAccount(passkey, salt);
        bytes memory signature = _signed(passkey, theirs.challengeOf(digest));
        vm.assertTrue(theirs.isValidSignature(digest, signature) == YES);
        vm.assertTrue(theirs.isValidSignature(~digest, signature) == NO);
    }

    /// @dev The digest of typed data is the hash of 66 bytes; ERC-7739 wraps these.
    function testTheChallengeIsTheTypedDataOfErc7739() public view {
        bytes32 domain = keccak256("domain of a ledger");
        bytes32 message = keccak256("message");
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, message);
        string memory json = string.concat(
            '{"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version",'
            '"type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract",'
            '"type":"address"}],"PersonalSign":[{"name":"prefixed","type":"bytes"}]},'
            '"primaryType":"PersonalSign","domain":{"name":"Tallystick PasskeyAccount",'
            '"version":"1","chainId":',
            Strings.toString(block.chainid),
            ',"verifyingContract":"',
            Strings.toHexString(address(account)),
            '"},"message":{"prefixed":"0x1901'
        );
        json = string.concat(json, _hex(domain), _hex(message), '"}}');
        vm.assertEq(account.challengeOf(digest), vm.eip712HashTypedData(json));
    }

    function testTakesTypedDataNestedAsInErc7739() public {
        string memory contentsType = "Note(string text)";
        bytes32 appDomain = keccak256("domain of an app");
        bytes32 contentsHash = keccak256("contents");
        bytes32 nested = keccak256(
            abi.encodePacked(
                "TypedDataSign(Note contents,string name,string version,uint256 chainId,",
                "address verifyingContract,bytes32 salt)",
                contentsType
            )
        );
        bytes32 message = keccak256(abi.encodePacked(nested, contentsHash, _domain(account)));
        bytes memory signature = abi.encodePacked(
            _signed(phone, MessageHashUtils.toTypedDataHash(appDomain, message)),
            appDomain,
            contentsHash,
            contentsType,
            uint16(bytes(contentsType).length)
        );
        bytes32 digest = MessageHashUtils.toTypedDataHash(appDomain, contentsHash);
        vm.assertTrue(account.isValidSignature(digest, signature) == YES);
        vm.assertTrue(_newAccount(phone, "other").isValidSignature(digest, signature) == NO);
    }

    /* ANOTHER TIME, PLACE OR KEY */

    function testSaysNoToAnotherDigest() public view {
        bytes memory signature = _signed(phone, account.challengeOf(DIGEST));
        _assertNo(keccak256("something else"), signature);
    }

    /// @dev Nothing an app had the passkey sign as it is may count as this account's word.
    function testSaysNoToTheBareDigest() public view {
        _assertNo(DIGEST, _signed(phone, DIGEST));
    }

    function testOnePasskeySignsForOneOfItsAccountsAtATime() public {
        IPasskeyAccount other = _newAccount(phone, "other");
        bytes memory signature = _signed(phone, account.challengeOf(DIGEST));
        vm.assertTrue(account.isValidSignature(DIGEST, signature) == YES);
        vm.assertTrue(other.isValidSignature(DIGEST, signature) == NO);
    }

    function testSaysNoToSignaturesOfAnotherChain() public {
        bytes memory signature = _signed(phone, account.challengeOf(DIGEST));
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        _assertNo(DIGEST, signature);
        vm.chainId(here);
        vm.assertTrue(account.isValidSignature(DIGEST, signature) == YES);
    }

    function testSaysNoToAnotherPasskey() public view {
        bytes32 challenge = account.challengeOf(DIGEST);
        _assertNo(DIGEST, _signed(laptop, challenge));
        // As if the phone had made what the laptop made, and the other way round.
        _assertNo(DIGEST, _encoded(phone, _assertion(laptop, challenge)));
        _assertNo(DIGEST, _encoded(laptop, _assertion(phone, challenge)));
    }

    function testWhatWasSignedForCallsIsNoSignature() public view {
        bytes32 challenge = account.challengeOfExecute(_calls(address(token), ""), 0, 1);
        _assertNo(challenge, _signed(phone, challenge));
    }

    /* FORM OF AN ASSERTION */

    function testSaysNoToTheOtherSOfAGoodSignature() public view {
        Assertion memory assertion = _assertion(phone, account.challengeOf(DIGEST));
        assertion.s = bytes32(CURVE_ORDER - uint256(assertion.s));
        _assertNo(DIGEST, _encoded(phone, assertion));
    }

    function testSaysNoToRAndSOutsideTheirRange() public view {
        bytes32[4] memory wrong =
            [bytes32(0), bytes32(CURVE_ORDER), bytes32(CURVE_ORDER + 1), bytes32(type(uint256).max)];
        for (uint256 i; i < wrong.length; ++i) {
            Assertion memory assertion = _assertion(phone, account.challengeOf(DIGEST));
            bytes32 s = assertion.s;
            assertion.s = wrong[i];
            _assertNo(DIGEST, _encoded(phone, assertion));
            (assertion.r, assertion.s) = (wrong[i], s);
            _assertNo(DIGEST, _encoded(phone, assertion));
        }
    }

    function testOnlyAVerifiedUserSigns() public view {
        string memory clientData = _clientData(account.challengeOf(DIGEST));
        for (uint256 flags; flags < 256; ++flags) {
            bool isVerified = flags & USER_PRESENT != 0 && flags & USER_VERIFIED != 0;
            // What cannot be backed up is not backed up.
            bool isConsistent = flags & BACKUP_ELIGIBLE != 0 || flags & BACKED_UP == 0;
            bytes memory data = _authenticatorData(uint8(flags));
            bytes memory signature = _encoded(phone, _assertion(phone, data, clientData));
            vm.assertTrue(
                account.isValidSignature(DIGEST, signature)
                    == (isVerified && isConsistent ? YES : NO)
            );
        }
    }

    function testFlagsCannotBeRaisedAfterwards() public view {
        bytes memory data = _authenticatorData(USER_PRESENT);
        Assertion memory assertion =
            _assertion(phone, data, _clientData(account.challengeOf(DIGEST)));
        assertion.authenticatorData = _authenticatorData(USER_PRESENT | USER_VERIFIED);
        _assertNo(DIGEST, _encoded(phone, assertion));
    }

    function testSaysNoToShortAuthenticatorData() public view {
        bytes memory data = _authenticatorData(USER_PRESENT | USER_VERIFIED);
        string memory clientData = _clientData(account.challengeOf(DIGEST));
        for (uint256 length; length < data.length; ++length) {
            bytes memory shorter = new bytes(length);
            for (uint256 i; i < length; ++i) shorter[i] = data[i];
            _assertNo(DIGEST, _encoded(phone, _assertion(phone, shorter, clientData)));
        }
    }

    /// @dev A registration, a payment confirmation, and what only looks like the right type.
    function testOnlyAnAssertionIsASignature() public view {
        bytes32 challenge = account.challengeOf(DIGEST);
        bytes memory data = _authenticatorData(USER_PRESENT | USER_VERIFIED);
        string[5] memory kinds =
            ["webauthn.create", "payment.get", "webauthn.get2", "Webauthn.get", ""];
        for (uint256 i; i < kinds.length; ++i) {
            string memory clientData = _clientData(kinds[i], challenge);
            _assertNo(DIGEST, _encoded(phone, _assertion(phone, data, clientData)));
        }
    }

    /// @dev What else a page or a browser writes stands in texts, whose quotes carry a backslash.
    function testTheChallengeIsAMemberAndNoText() public view {
        string memory asked = Strings.escapeJSON(_clientData(account.challengeOf(DIGEST)));
        string memory answered = string.concat(
            '{"type":"webauthn.get","challenge":"AAAA","origin":"https://x.example/?', asked, '"}'
        );
        bytes memory data = _authenticatorData(USER_PRESENT | USER_VERIFIED);
        Assertion memory assertion = _assertion(phone, data, answered);
        for (uint256 i; i < bytes(answered).length; ++i) {
            assertion.challengeIndex = i;
            _assertNo(DIGEST, _encoded(phone, assertion));
        }
    }

    function testTheIndicesMustPointAtTheMembers(uint256 challengeIndex, uint256 typeIndex)
        public
        view
    {
        Assertion memory assertion = _assertion(phone, account.challengeOf(DIGEST));
        uint256 length = bytes(assertion.clientDataJSON).length;
        (uint256 challengeAt, uint256 typeAt) = (assertion.challengeIndex, assertion.typeIndex);
        if (challengeIndex != challengeAt) {
            assertion.challengeIndex = challengeIndex;
            _assertNo(DIGEST, _encoded(phone, assertion));
            assertion.challengeIndex = challengeIndex % length == challengeAt ? 0 : challengeIndex % length;
            _assertNo(DIGEST, _encoded(phone, assertion));
            assertion.challengeIndex = challengeAt;
        }
        if (typeIndex != typeAt) {
            assertion.typeIndex = typeIndex;
            _assertNo(DIGEST, _encoded(phone, assertion));
            assertion.typeIndex = typeIndex % length == typeAt ? 0 : typeIndex % length;
            _assertNo(DIGEST, _encoded(phone, assertion));
        }
    }

    /// @dev Wherever an index points, saying no is no dearer than saying yes: a bad signature in a
    /// batch leaves gas for the rest.
    function testAFarIndexUsesUpNoGas(uint256 index) public view {
        Assertion memory assertion = _assertion(phone, account.challengeOf(DIGEST));
        index = bound(index, bytes(assertion.clientDataJSON).length, type(uint256).max);
        (uint256 challengeAt, uint256 typeAt) = (assertion.challengeIndex, assertion.typeIndex);
        (assertion.challengeIndex, assertion.typeIndex) = (index, typeAt);
        bytes memory farChallenge = _encoded(phone, assertion);
        (assertion.challengeIndex, assertion.typeIndex) = (challengeAt, index);
        bytes memory farType = _encoded(phone, assertion);
        vm.assertTrue(account.isValidSignature{gas: 60_000}(DIGEST, farChallenge) == NO);
        vm.assertTrue(account.isValidSignature{gas: 60_000}(DIGEST, farType) == NO);
    }

    /// @dev Browsers may add members and order them otherwise.
    function testMembersMayStandAnywhere(uint8 before, uint8 between) public view {
        string memory challenge =
            Base64.encodeURL(abi.encodePacked(account.challengeOf(DIGEST)));
        string memory answered = string.concat(
            '{"challenge":"', challenge, '",', _filler("a", between), '"type":"webauthn.get"}'
        );
        _assertYes(answered);
        answered = string.concat('{', _filler("a", before), '"type":"webauthn.get",');
        answered = string.concat(answered, _filler("b", between), '"challenge":"', challenge, '"}');
        _assertYes(answered);
    }

    function testAuthenticatorsMayAddExtensions(bytes calldata extensions) public view {
        uint8 flags = USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE | BACKED_UP | 0x80;
        bytes memory data = abi.encodePacked(_authenticatorData(flags), extensions);
        Assertion memory assertion =
            _assertion(phone, data, _clientData(account.challengeOf(DIGEST)));
        vm.assertTrue(account.isValidSignature(DIGEST, _encoded(phone, assertion)) == YES);
    }

    /* WHAT IS NO SIGNATURE AT ALL */

    /// @dev Asking never fails, whatever is shown.
    function testSaysNoToRandomBytes(bytes32 digest, bytes calldata signature) public view {
        _assertNo(digest, signature);
    }

    function testSaysNoToRandomBytesBehindTheKey(bytes32 digest, bytes calldata tail) public view {
        (bytes32 x, bytes32 y) = _publicKey(phone);
        _assertNo(digest, abi.encodePacked(x, y, tail));
    }

    function testSaysNoToAnyCut(uint256 length) public view {
        bytes memory signature = _signed(phone, account.challengeOf(DIGEST));
        // The last word is part padding, which may be missing only with what it pads.
        length = bound(length, 0, signature.length - 32);
        bytes memory cut = new bytes(length);
        for (uint256 i; i < length; ++i) cut[i] = signature[i];
        _assertNo(DIGEST, cut);
    }

    function testNoBitThatWasSignedCanChange(uint256 bit) public view {
        Assertion memory assertion = _assertion(phone, account.challengeOf(DIGEST));
        bytes memory data = assertion.authenticatorData;
        bytes memory clientData = bytes(assertion.clientDataJSON);
        bit = bound(bit, 0, (data.length + clientData.length) * 8 - 1);
        uint256 index = bit / 8;
        bytes1 flip = bytes1(uint8(1 << (bit % 8)));
        if (index < data.length) data[index] ^= flip;
        else clientData[index - data.length] ^= flip;
        _assertNo(DIGEST, _encoded(phone, assertion));
    }

    /* INTERNAL */

    function _assertNo(bytes32 digest, bytes memory signature) private view {
        vm.assertTrue(account.isValidSignature(digest, signature) == NO);
    }

    function _assertYes(string memory clientData) private view {
        bytes memory data = _authenticatorData(USER_PRESENT | USER_VERIFIED);
        bytes memory signature = _encoded(phone, _assertion(phone, data, clientData));
        vm.assertTrue(account.isValidSignature(DIGEST, signature) == YES);
    }

    /// @dev The domain's members as ERC-7739 appends them to the contents.
    function _domain(IPasskeyAccount of_) private view returns (bytes memory) {
        (, string memory name, string memory version, uint256 chainId,,,) =
            EIP712(address(of_)).eip712Domain();
        return abi.encode(keccak256(bytes(name)), keccak256(bytes(version)), chainId, of_, bytes32(0));
    }

    function _hex(bytes32 word) private pure returns (string memory digits) {
        bytes memory prefixed = bytes(Strings.toHexString(uint256(word), 32));
        bytes memory bare = new bytes(64);
        for (uint256 i; i < 64; ++i) bare[i] = prefixed[i + 2];
        return string(bare);
    }

    /// @dev A member of any length.
    function _filler(string memory name, uint256 length) private pure returns (string memory) {
        bytes memory text = new bytes(length);
        for (uint256 i; i < length; ++i) text[i] = "x";
        return string.concat('"', name, '":"', string(text), '",');
    }
}
