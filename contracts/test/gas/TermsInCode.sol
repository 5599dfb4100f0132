// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITermsInCode, ITermsStore} from "./ITermsStore.sol";

/// @title TermsInCode
/// @notice Makes terms recoverable from the loan id by contracts too: as the code of an account of
/// their own, behind a byte that stops whoever calls it.
contract TermsInCode is ITermsInCode {
    /// @inheritdoc ITermsInCode
    mapping(bytes32 loanId => address) public accountOf;

    /// @inheritdoc ITermsStore
    function keep(bytes32 loanId, bytes calldata witness, bytes calldata agreement) external {
        uint16 size = uint16(1 + witness.length + agreement.length);
        // PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN: returns what follows as the code.
        bytes memory creation =
            abi.encodePacked(hex"61", size, hex"80600a5f395ff3", hex"00", witness, agreement);
        address account;
        assembly ("memory-safe") {
            account := create(0, add(creation, 0x20), mload(creation))
        }
        accountOf[loanId] = account;
    }
}
