// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITermsStore} from "./ITermsStore.sol";

/// @title TermsInEvent
/// @notice Makes terms recoverable from the loan id as the ledger does.
contract TermsInEvent is ITermsStore {
    event TermsKept(bytes32 indexed loanId, bytes witness, bytes agreement);

    /// @inheritdoc ITermsStore
    function keep(bytes32 loanId, bytes calldata witness, bytes calldata agreement) external {
        emit TermsKept(loanId, witness, agreement);
    }
}
