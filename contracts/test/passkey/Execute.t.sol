// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Call, IPasskeyAccount} from "../../interfaces/IPasskeyAccount.sol";
import {PasskeyTest} from "./PasskeyTest.sol";
import {Callee} from "./Callee.sol";

/// @notice Calls a passkey signed, brought by anyone.
contract PasskeyExecuteTest is PasskeyTest {
    Callee private _callee;

    function setUp() public override {
        super.setUp();
        _callee = new Callee();
        _fund(address(account), 1_000);
    }

    /* CALLS ARE MADE */

    function testAnyoneBringsWhatThePasskeySigned() public {
        Call[] memory calls = new Call[](2);
        calls[0] = Call(address(token), abi.encodeCall(token.approve, (lender, 300)));
        calls[1] = Call(address(token), abi.encodeCall(token.transfer, (stranger, 200)));
        bytes memory signature = _signedExecute(calls);

        vm.expectEmit(address(account));
        emit IPasskeyAccount.CallsExecuted(0, _passkeyId(phone), 2);
        vm.prank(outsider);
        bytes[] memory results = account.execute(calls, 0, _deadline(), signature);

        vm.assertEq(token.allowance(address(account), lender), 300);
        vm.assertEq(token.balanceOf(stranger), 200);
        vm.assertEq(token.balanceOf(address(account)), 800);
        vm.assertEq(account.nextNonce(), 1);
        vm.assertEq(results.length, 2);
        vm.assertEq(results[0], abi.encode(true));
        vm.assertEq(results[1], abi.encode(true));
    }

    function testCallsAreMadeInOrderByTheAccount(bytes[] calldata payloads) public {
        uint256 count = payloads.length < 8 ? payloads.length : 8;
        Call[] memory calls = new Call[](count);
        for (uint256 i; i < count; ++i) {
            calls[i] = Call(address(_callee), abi.encodeCall(_callee.note, (payloads[i])));
        }
        bytes[] memory results = _execute(calls);
        vm.assertEq(_callee.noteCount(), count);
        for (uint256 i; i < count; ++i) {
            (address caller, bytes memory payload) = _callee.notes(i);
            vm.assertEq(caller, address(account));
            vm.assertEq(payload, payloads[i]);
            vm.assertEq(results[i], abi.encode(i, payloads[i]));
        }
    }

    function testNoCallsCancelWhatWasSigned() public {
        bytes memory signature = _signedExecute(_note());
        _execute(new Call[](0));
        vm.assertEq(account.nextNonce(), 1);
        vm.expectRevert(abi.encodeWithSelector(IPasskeyAccount.NonceInvalid.selector, 0, 1));
        account.execute(_note(), 0, _deadline(), signature);
    }

    function testTheChallengeIsTheTypedDataAWalletHashes(address target, bytes calldata data)
        public
        view
    {
        Call[] memory calls = new Call[](2);
        (calls[0], calls[1]) = (Call(target, data), Call(address(token), hex"00ff"));
        string memory json = string.concat(
            '{"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version",'
            '"type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract",'
            '"type":"address"}],"Call":[{"name":"target","type":"address"},{"name":"data",'
            '"type":"bytes"}],"Execute":[{"name":"calls","type":"Call[]"},{"name":"nonce",'
            '"type":"uint256"},{"name":"deadline","type":"uint256"}]},"primaryType":"Execute",'
            '"domain":{"name":"Tallystick PasskeyAccount","version":"1","chainId":',
            Strings.toString(block.chainid),
            ',"verifyingContract":"',
            Strings.toHexString(address(account))
        );
        json = string.concat(
            json,
            '"},"message":{"calls":[{"target":"',
            Strings.toHexString(target),
            '","data":"',
            Strings.toHexString(data),
            '"},{"target":"',
            Strings.toHexString(address(token)),
            '","data":"0x00ff"}],"nonce":"5","deadline":"1800000000"}}'
        );
        vm.assertEq(
            account.challengeOfExecute(calls, 5, 1_800_000_000), vm.eip712HashTypedData(json)
        );
    }

    /* ALL OR NONE */

    function testAFailingCallUndoesTheOthersAndSaysWhy() public {
        Call[] memory calls = new Call[](2);
        calls[0] = Call(address(token), abi.encodeCall(token.transfer, (stranger, 200)));
        calls[1] = Call(address(token), abi.encodeCall(token.transfer, (stranger, 900)));
        bytes memory signature = _signedExecute(calls);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, address(account), 800, 900
            )
        );
        account.execute(calls, 0, _deadline(), signature);

        vm.assertEq(token.balanceOf(stranger), 0);
        vm.assertEq(account.nextNonce(), 0);
        // With money to spend, what was signed still holds.
        _fund(address(account), 100);
        account.execute(calls, 0, _deadline(), signature);
        vm.assertEq(token.balanceOf(stranger), 1_100);
    }

    function testErrorsComeThroughAsTheyAre(bytes calldata reason) public {
        Call[] memory calls = _calls(address(_callee), abi.encodeCall(_callee.fail, (reason)));
        bytes memory signature = _signedExecute(calls);
        vm.expectRevert(
            reason.length == 0 ? abi.encodeWithSelector(Errors.FailedCall.selector) : reason
        );
        account.execute(calls, 0, _deadline(), signature);
    }

    function testCallingNoContractFails() public {
        Call[] memory calls = _calls(outsider, abi.encodeCall(token.transfer, (stranger, 1)));
        bytes memory signature = _signedExecute(calls);
        vm.expectRevert(abi.encodeWithSelector(Address.AddressEmptyCode.selector, outsider));
        account.execute(calls, 0, _deadline(), signature);
    }

    /* WHAT WAS SIGNED, AND NOTHING ELSE */

    function testRevertsOnASecondTime() public {
        Call[] memory calls = _note();
        bytes memory signature = _signedExecute(calls);
        account.execute(calls, 0, _deadline(), signature);
        vm.expectRevert(abi.encodeWithSelector(IPasskeyAccount.NonceInvalid.selector, 0, 1));
        account.execute(calls, 0, _deadline(), signature);
        _expectAssertionInvalid(account, calls, 1, _deadline());
        account.execute(calls, 1, _deadline(), signature);
    }

    function testRevertsOnAnyOtherNonce(uint256 nonce) public {
        vm.assume(nonce != 0);
        uint256 deadline = _deadline();
        bytes memory signature =
            _signed(phone, account.challengeOfExecute(_note(), nonce, deadline));
        vm.expectRevert(abi.encodeWithSelector(IPasskeyAccount.NonceInvalid.selector, nonce, 0));
        account.execute(_note(), nonce, deadline, signature);
    }

    function testHoldsUntilTheDeadline(uint256 deadline) public {
        uint256 now_ = vm.getBlockTimestamp();
        bytes memory signature = _signed(phone, account.challengeOfExecute(_note(), 0, deadline));
        if (deadline < now_) {
            vm.expectRevert(
                abi.encodeWithSelector(IPasskeyAccount.DeadlinePassed.selector, deadline)
            );
        }
        account.execute(_note(), 0, deadline, signature);
        vm.assertEq(account.nextNonce(), deadline < now_ ? 0 : 1);
    }

    function testTheDeadlineItselfIsInTime() public {
        uint256 deadline = vm.getBlockTimestamp();
        bytes memory signature = _signed(phone, account.challengeOfExecute(_note(), 0, deadline));
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IPasskeyAccount.DeadlinePassed.selector, deadline));
        account.execute(_note(), 0, deadline, signature);
        vm.warp(deadline);
        account.execute(_note(), 0, deadline, signature);
    }

    function testRevertsOnOtherCallsOrAnotherDeadline() public {
        Call[] memory calls = new Call[](2);
        calls[0] = Call(address(token), abi.encodeCall(token.approve, (lender, 300)));
        calls[1] = Call(address(_callee), abi.encodeCall(_callee.note, ("x")));
        uint256 deadline = _deadline();
        bytes memory signature = _signedExecute(calls);

        _expectAssertionInvalid(account, calls, 0, deadline + 1);
        account.execute(calls, 0, deadline + 1, signature);

        Call[] memory fewer = _calls(calls[0].target, calls[0].data);
        _expectAssertionInvalid(account, fewer, 0, deadline);
        account.execute(fewer, 0, deadline, signature);

        (calls[0], calls[1]) = (calls[1], calls[0]);
        _expectAssertionInvalid(account, calls, 0, deadline);
        account.execute(calls, 0, deadline, signature);

        (calls[0], calls[1]) = (calls[1], calls[0]);
        calls[1].target = address(token);
        _expectAssertionInvalid(account, calls, 0, deadline);
        account.execute(calls, 0, deadline, signature);

        calls[1] = Call(address(_callee), abi.encodeCall(_callee.note, ("y")));
        _expectAssertionInvalid(account, calls, 0, deadline);
        account.execute(calls, 0, deadline, signature);
    }

    function testRevertsForAnotherAccountOfThePasskey() public {
        IPasskeyAccount other = _newAccount(phone, "other");
        bytes memory signature = _signedExecute(_note());
        _expectAssertionInvalid(other, _note(), 0, _deadline());
        other.execute(_note(), 0, _deadline(), signature);
    }

    function testRevertsOnAnotherChain() public {
        bytes memory signature = _signedExecute(_note());
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        _expectAssertionInvalid(account, _note(), 0, _deadline());
        account.execute(_note(), 0, _deadline(), signature);
        vm.chainId(here);
        account.execute(_note(), 0, _deadline(), signature);
    }

    function testRevertsOnAnotherPasskey() public {
        bytes32 challenge = account.challengeOfExecute(_note(), 0, _deadline());
        bytes memory signature = _signed(laptop, challenge);
        _expectAssertionInvalid(account, _note(), 0, _deadline());
        account.execute(_note(), 0, _deadline(), signature);
    }

    function testRevertsWithoutAVerifiedUser() public {
        bytes32 challenge = account.challengeOfExecute(_note(), 0, _deadline());
        bytes memory data = _authenticatorData(USER_PRESENT);
        bytes memory signature = _encoded(phone, _assertion(phone, data, _clientData(challenge)));
        _expectAssertionInvalid(account, _note(), 0, _deadline());
        account.execute(_note(), 0, _deadline(), signature);
    }

    /// @dev What was signed for an app to see must not move money.
    function testASignatureForOthersMakesNoCalls() public {
        bytes32 challenge = account.challengeOfExecute(_note(), 0, _deadline());
        bytes memory signature = _signed(phone, account.challengeOf(challenge));
        vm.assertTrue(account.isValidSignature(challenge, signature) == YES);
        _expectAssertionInvalid(account, _note(), 0, _deadline());
        account.execute(_note(), 0, _deadline(), signature);
    }

    function testRevertsOnRandomSignatures(bytes calldata signature) public {
        _expectAssertionInvalid(account, _note(), 0, _deadline());
        account.execute(_note(), 0, _deadline(), signature);
    }

    /* REENTRANCY */

    /// @dev The second batch was signed, but not to be made in the middle of the first.
    function testWhatIsSignedForLaterWaitsForItsTurn() public {
        uint256 deadline = _deadline();
        Call[] memory later = _note();
        bytes memory forLater = _signed(phone, account.challengeOfExecute(later, 1, deadline));
        bytes memory comeBack = abi.encodeCall(account.execute, (later, 1, deadline, forLater));

        Call[] memory calls = _calls(
            address(_callee), abi.encodeCall(_callee.callBack, (address(account), comeBack))
        );
        bytes memory signature = _signedExecute(calls);
        vm.expectRevert(abi.encodeWithSelector(IPasskeyAccount.AlreadyExecuting.selector));
        account.execute(calls, 0, deadline, signature);

        // Nor can the account call itself so.
        calls = _calls(address(account), comeBack);
        signature = _signedExecute(calls);
        vm.expectRevert(abi.encodeWithSelector(IPasskeyAccount.AlreadyExecuting.selector));
        account.execute(calls, 0, deadline, signature);

        _execute(_note());
        account.execute(later, 1, deadline, forLater);
        vm.assertEq(_callee.noteCount(), 2);
    }

    /// @dev A ledger that is called by the account asks the account about signatures.
    function testItAnswersWhileItExecutes() public {
        bytes32 digest = keccak256("terms");
        bytes memory ask = abi.encodeCall(
            account.isValidSignature, (digest, _signed(phone, account.challengeOf(digest)))
        );
        bytes[] memory results = _execute(
            _calls(address(_callee), abi.encodeCall(_callee.callBack, (address(account), ask)))
        );
        vm.assertEq(abi.decode(results[0], (bytes)), abi.encode(YES));
    }

    /* INTERNAL */

    function _note() private view returns (Call[] memory) {
        return _calls(address(_callee), abi.encodeCall(_callee.note, ("x")));
    }

    function _expectAssertionInvalid(
        IPasskeyAccount of_,
        Call[] memory calls,
        uint256 nonce,
        uint256 deadline
    ) private {
        bytes32 challenge = of_.challengeOfExecute(calls, nonce, deadline);
        vm.expectRevert(
            abi.encodeWithSelector(IPasskeyAccount.AssertionInvalid.selector, challenge)
        );
    }
}
