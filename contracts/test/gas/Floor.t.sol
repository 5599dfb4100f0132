// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GasTest} from "./GasTest.sol";
import {IFloor} from "./IFloor.sol";

/// @notice What the ledger's repayments are compared with, measured as they are: the same token and
/// parties, the same amount, the slot and both balances already in use.
/// forge-config: default.isolate = true
contract FloorGasTest is GasTest {
    bytes32 private constant LOAN_ID = keccak256("loan");

    function testFloor() public {
        IFloor floor = IFloor(deployArtifact("Floor", abi.encode(token)));
        uint64 amountMinor = _amountOf(_termsOf(36), 1);
        _fund(borrower, PRINCIPAL);
        vm.startPrank(borrower);
        token.approve(address(floor), type(uint256).max);
        floor.repay(LOAN_ID, lender, amountMinor);
        uint256 before = token.balanceOf(lender);
        floor.repay(LOAN_ID, lender, amountMinor);
        vm.snapshotGasLastCall("floor");
        vm.stopPrank();
        vm.assertEq(floor.repaidMinor(LOAN_ID), 2 * amountMinor);
        vm.assertEq(token.balanceOf(lender) - before, amountMinor);
    }
}
