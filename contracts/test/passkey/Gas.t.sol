// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {console} from "hardhat/console.sol";

import {Call} from "../../interfaces/IPasskeyAccount.sol";
import {PasskeyTest} from "./PasskeyTest.sol";

/// @notice What passkeys cost as txs of their own, printed with -vv: on chains that verify P-256
/// themselves (EIP-7951, RIP-7212) and on those that leave it to Solidity. The bounds leave a little
/// room: a change that breaks one has to be meant.
/// forge-config: default.isolate = true
/// forge-config: default.evm_version = "osaka"
contract PasskeyGasTest is PasskeyTest {
    address private constant P256_VERIFY = address(0x100);

    function testGasOfANewAccount() public {
        (bytes32 x, bytes32 y) = _publicKey(laptop);
        factory.create(x, y, SALT);
        _expectBelow("create", 130_000);
    }

    function testGasWhereTheChainVerifies() public {
        vm.assertEq(_verifies(), true);
        _measure("the chain verifies", 32_000, 65_000);
    }

    function testGasWhereSolidityVerifies() public {
        vm.mockCall(P256_VERIFY, "", "");
        vm.assertEq(_verifies(), false);
        _measure("Solidity verifies", 400_000, 430_000);
    }

    function _measure(string memory where, uint256 mostToAnswer, uint256 mostToExecute) private {
        bytes32 digest = keccak256("what is agreed");
        bytes memory signature = _signed(phone, account.challengeOf(digest));
        uint256 before = gasleft();
        account.isValidSignature(digest, signature);
        uint256 used = before - gasleft();
        console.log("  isValidSignature, %s, within a tx: %d", where, used);
        vm.assertLt(used, mostToAnswer, "isValidSignature");

        _fund(address(account), 1_000);
        _fund(stranger, 1);
        Call[] memory calls = _calls(address(token), abi.encodeCall(token.transfer, (stranger, 1)));
        _execute(new Call[](0));
        _expectBelow(string.concat("execute nothing, ", where), mostToExecute);
        _execute(calls);
        _expectBelow(string.concat("execute one transfer, ", where), mostToExecute + 35_000);
    }

    /// @dev A signature whose r and s are small, as the libraries use to find out.
    function _verifies() private view returns (bool) {
        (, bytes memory answer) = P256_VERIFY.staticcall(
            abi.encode(
                0xbb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023,
                5,
                1,
                0xa71af64de5126a4a4e02b7922d66ce9415ce88a4c9d25514d91082c8725ac957,
                0x5d47723c8fbe580bb369fec9c2665d8e30a435b9932645482e7c9f11e872296b
            )
        );
        return answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }

    function _expectBelow(string memory what, uint256 most) private {
        uint256 used = vm.snapshotGasLastCall(what);
        console.log("  %s: %d", what, used);
        vm.assertLt(used, most, what);
    }
}
