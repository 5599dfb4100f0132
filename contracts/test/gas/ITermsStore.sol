// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A way to make terms recoverable from the loan id.
interface ITermsStore {
    function keep(bytes32 loanId, bytes calldata witness, bytes calldata agreement) external;
}

/// @notice Keeps them as code, which contracts can read too.
interface ITermsInCode is ITermsStore {
    function accountOf(bytes32 loanId) external view returns (address);
}
