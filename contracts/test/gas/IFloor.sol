// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice `Floor`, for tests: what imports it would compile it with their settings.
interface IFloor {
    function repay(bytes32 loanId, address lender, uint256 amountMinor) external;
    function repaidMinor(bytes32 loanId) external view returns (uint256);
}
