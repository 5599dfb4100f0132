// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPasskeyAccount} from "../../interfaces/IPasskeyAccount.sol";
import {IPasskeyAccountFactory} from "../../interfaces/IPasskeyAccountFactory.sol";
import {PasskeyTest} from "./PasskeyTest.sol";

/// @notice Accounts at addresses known beforehand.
contract PasskeyAccountFactoryTest is PasskeyTest {
    function testTheAddressIsKnownBeforehand(uint256 passkey, bytes32 salt) public {
        (bytes32 x, bytes32 y) = _publicKey(bound(passkey, 1, CURVE_ORDER - 1));
        address expected = factory.accountOf(x, y, salt);
        vm.assertEq(expected.code.length, 0);

        vm.expectEmit(address(factory));
        emit IPasskeyAccountFactory.AccountCreated(expected, x, y, salt);
        vm.expectEmit(expected);
        emit IPasskeyAccount.PasskeyAdded(keccak256(abi.encodePacked(x, y)), x, y);
        vm.prank(outsider);
        vm.assertEq(factory.create(x, y, salt), expected);

        IPasskeyAccount made = IPasskeyAccount(expected);
        vm.assertEq(made.passkeyCount(), 1);
        vm.assertEq(made.nextNonce(), 0);
        vm.assertTrue(made.isPasskey(keccak256(abi.encodePacked(x, y))));
    }

    function testEachPasskeyAndSaltHasAnAddressOfItsOwn() public view {
        (bytes32 x, bytes32 y) = _publicKey(phone);
        vm.assertEq(factory.accountOf(x, y, SALT), address(account));
        vm.assertNotEq(factory.accountOf(x, y, "other"), address(account));
        (x, y) = _publicKey(laptop);
        vm.assertNotEq(factory.accountOf(x, y, SALT), address(account));
    }

    /// @dev Whoever was first, it is the same account: nobody is kept from one.
    function testCreatingAgainFindsTheAccount() public {
        (bytes32 x, bytes32 y) = _publicKey(phone);
        vm.recordLogs();
        vm.assertEq(factory.create(x, y, SALT), address(account));
        vm.assertEq(vm.getRecordedLogs().length, 0);
        vm.assertEq(account.passkeyCount(), 1);
    }

    /// @dev Two random numbers are no point of the curve.
    function testRevertsOnWhatIsNoPublicKey(bytes32 x, bytes32 y) public {
        vm.expectRevert(abi.encodeWithSelector(IPasskeyAccount.PasskeyInvalid.selector, x, y));
        factory.create(x, y, SALT);
    }

    function testNobodyInitializesAnAccountAgain(address caller) public {
        vm.assume(caller != address(factory));
        (bytes32 x, bytes32 y) = _publicKey(laptop);
        vm.expectRevert(
            abi.encodeWithSelector(IPasskeyAccount.CallerNotFactory.selector, caller)
        );
        vm.prank(caller);
        account.initialize(x, y);
    }

    /// @dev The clones' original holds nothing, and nobody can give it a passkey.
    function testTheOriginalHasNoPasskey(address caller, bytes32 digest) public {
        IPasskeyAccount original = IPasskeyAccount(factory.ORIGINAL());
        vm.assertEq(original.passkeyCount(), 0);
        bytes memory signature = _signed(phone, original.challengeOf(digest));
        vm.assertTrue(original.isValidSignature(digest, signature) == NO);

        vm.assume(caller != address(factory));
        (bytes32 x, bytes32 y) = _publicKey(laptop);
        vm.expectRevert(
            abi.encodeWithSelector(IPasskeyAccount.CallerNotFactory.selector, caller)
        );
        vm.prank(caller);
        original.initialize(x, y);
    }
}
