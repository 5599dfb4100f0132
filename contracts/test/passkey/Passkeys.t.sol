// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Call, IPasskeyAccount} from "../../interfaces/IPasskeyAccount.sol";
import {PasskeyTest} from "./PasskeyTest.sol";

/// @notice Which passkeys sign for an account, and how that changes.
contract PasskeysTest is PasskeyTest {
    bytes32 private constant DIGEST = keccak256("what is agreed");

    function testAddsAPasskey() public {
        (bytes32 x, bytes32 y) = _publicKey(laptop);
        Call[] memory calls = _calls(address(account), _adding(laptop));
        bytes memory signature = _signedExecute(calls);
        vm.expectEmit(address(account));
        emit IPasskeyAccount.PasskeyAdded(_passkeyId(laptop), x, y);
        account.execute(calls, 0, _deadline(), signature);

        vm.assertEq(account.passkeyCount(), 2);
        vm.assertTrue(account.isPasskey(_passkeyId(laptop)));
        _assertSigns(phone, YES);
        _assertSigns(laptop, YES);
    }

    function testEitherPasskeyRemovesTheOther() public {
        _execute(_calls(address(account), _adding(laptop)));
        Call[] memory calls = _calls(address(account), _removing(phone));
        bytes32 challenge = account.challengeOfExecute(calls, 1, _deadline());
        vm.expectEmit(address(account));
        emit IPasskeyAccount.CallsExecuted(1, _passkeyId(laptop), 1);
        vm.expectEmit(address(account));
        emit IPasskeyAccount.PasskeyRemoved(_passkeyId(phone));
        account.execute(calls, 1, _deadline(), _signed(laptop, challenge));

        vm.assertEq(account.passkeyCount(), 1);
        vm.assertFalse(account.isPasskey(_passkeyId(phone)));
        _assertSigns(laptop, YES);
    }

    function testAPasskeyIsReplacedInOneBatch() public {
        Call[] memory calls = new Call[](2);
        calls[0] = Call(address(account), _adding(laptop));
        calls[1] = Call(address(account), _removing(phone));
        bytes memory before = _signed(phone, account.challengeOf(DIGEST));
        bytes memory pending =
            _signed(phone, account.challengeOfExecute(new Call[](0), 1, _deadline()));
        vm.assertTrue(account.isValidSignature(DIGEST, before) == YES);
        _execute(calls);

        vm.assertEq(account.passkeyCount(), 1);
        _assertSigns(phone, NO);
        _assertSigns(laptop, YES);
        // What the old one signed before is worth nothing any more.
        vm.assertTrue(account.isValidSignature(DIGEST, before) == NO);
        bytes32 challenge = account.challengeOfExecute(new Call[](0), 1, _deadline());
        vm.expectRevert(
            abi.encodeWithSelector(IPasskeyAccount.AssertionInvalid.selector, challenge)
        );
        account.execute(new Call[](0), 1, _deadline(), pending);
    }

    function testARemovedPasskeyCanReturn() public {
        Call[] memory calls = new Call[](3);
        calls[0] = Call(address(account), _adding(laptop));
        calls[1] = Call(address(account), _removing(phone));
        calls[2] = Call(address(account), _adding(phone));
        _execute(calls);
        vm.assertEq(account.passkeyCount(), 2);
        _assertSigns(phone, YES);
    }

    function testTheLastPasskeyStays() public {
        _expectRefused(
            _removing(phone),
            abi.encodeWithSelector(IPasskeyAccount.PasskeyIsLast.selector, _passkeyId(phone))
        );
    }

    function testRevertsOnAPasskeyTwice() public {
        _expectRefused(
            _adding(phone),
            abi.encodeWithSelector(IPasskeyAccount.PasskeyAlreadyAdded.selector, _passkeyId(phone))
        );
    }

    function testRevertsOnRemovingAnUnknownOne() public {
        _expectRefused(
            _removing(laptop),
            abi.encodeWithSelector(IPasskeyAccount.PasskeyUnknown.selector, _passkeyId(laptop))
        );
    }

    /// @dev A point moved off the curve, coordinates beyond the field, and the point at infinity.
    function testRevertsOnWhatIsNoPublicKey() public {
        (bytes32 x, bytes32 y) = _publicKey(laptop);
        bytes32[2][4] memory wrong = [
            [x, bytes32(uint256(y) ^ 1)],
            [bytes32(uint256(x) + 1), y],
            [x, bytes32(type(uint256).max)],
            [bytes32(0), bytes32(0)]
        ];
        for (uint256 i; i < wrong.length; ++i) {
            _expectRefused(
                abi.encodeCall(account.addPasskey, (wrong[i][0], wrong[i][1])),
                abi.encodeWithSelector(
                    IPasskeyAccount.PasskeyInvalid.selector, wrong[i][0], wrong[i][1]
                )
            );
        }
    }

    /// @dev No staff, no factory, no party: only the account itself.
    function testNobodyElseChangesPasskeys(address caller) public {
        vm.assume(caller != address(account));
        _expectNotAccount(caller);
    }

    function testNeitherStaffNorFactoryChangesPasskeys() public {
        address[6] memory callers =
            [admin, registrar, guardian, servicer, address(factory), borrower];
        for (uint256 i; i < callers.length; ++i) _expectNotAccount(callers[i]);
    }

    /// @dev Whatever is added and removed in whatever order, by whichever passkey still signs: the
    /// count is right, at least one stays, and exactly those that are in sign.
    /// forge-config: default.fuzz.runs = 64
    /// forge-config: nightly.fuzz.runs = 1000
    function testAnyHistoryLeavesWhoShouldSign(uint8[] calldata steps) public {
        uint256[4] memory passkeys = [phone, laptop, phone + 1, laptop + 1];
        bool[4] memory isIn = [true, false, false, false];
        uint256 count = 1;
        for (uint256 i; i < steps.length && i < 24; ++i) {
            uint256 which = steps[i] & 3;
            bool isAdding = steps[i] & 4 != 0;
            uint256 signer = (steps[i] >> 3) & 3;
            while (!isIn[signer]) signer = (signer + 1) & 3;
            bytes memory data =
                isAdding ? _adding(passkeys[which]) : _removing(passkeys[which]);
            Call[] memory calls = _calls(address(account), data);
            uint256 nonce = account.nextNonce();
            bytes32 challenge = account.challengeOfExecute(calls, nonce, _deadline());
            bytes memory signature = _signed(passkeys[signer], challenge);
            bool isAllowed = isAdding ? !isIn[which] : isIn[which] && count != 1;
            if (!isAllowed) vm.expectRevert();
            account.execute(calls, nonce, _deadline(), signature);
            if (!isAllowed) continue;
            isIn[which] = isAdding;
            isAdding ? ++count : --count;
        }
        vm.assertEq(account.passkeyCount(), count);
        for (uint256 i; i < 4; ++i) _assertSigns(passkeys[i], isIn[i] ? YES : NO);
    }

    /* INTERNAL */

    function _adding(uint256 passkey) private view returns (bytes memory) {
        (bytes32 x, bytes32 y) = _publicKey(passkey);
        return abi.encodeCall(account.addPasskey, (x, y));
    }

    function _removing(uint256 passkey) private view returns (bytes memory) {
        return abi.encodeCall(account.removePasskey, (_passkeyId(passkey)));
    }

    function _expectRefused(bytes memory data, bytes memory refused) private {
        Call[] memory calls = _calls(address(account), data);
        bytes memory signature = _signedExecute(calls);
        vm.expectRevert(refused);
        account.execute(calls, 0, _deadline(), signature);
    }

    function _expectNotAccount(address caller) private {
        bytes memory refused =
            abi.encodeWithSelector(IPasskeyAccount.CallerNotAccount.selector, caller);
        (bytes32 x, bytes32 y) = _publicKey(laptop);
        vm.expectRevert(refused);
        vm.prank(caller);
        account.addPasskey(x, y);
        vm.expectRevert(refused);
        vm.prank(caller);
        account.removePasskey(_passkeyId(phone));
    }

    function _assertSigns(uint256 passkey, bytes4 answer) private view {
        bytes memory signature = _signed(passkey, account.challengeOf(DIGEST));
        vm.assertTrue(account.isValidSignature(DIGEST, signature) == answer);
    }
}
