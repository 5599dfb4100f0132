// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {ILoanLedger} from "../../interfaces/ILoanLedger.sol";

/// @notice A contract account whose owner signs for it.
contract OwnedWallet is IERC1271 {
    address public immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address recovered,,) = ECDSA.tryRecover(digest, signature);
        return recovered == OWNER ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    /// @notice Lets the ledger take money of this account.
    function approve(ISettlementToken token, address spender, uint256 amountMinor) external {
        token.approve(spender, amountMinor);
    }

    function revoke(ILoanLedger ledger, bytes calldata witness) external {
        ledger.revokeSignature(witness);
    }

    function claim(ILoanLedger ledger) external {
        ledger.claim();
    }
}

/// @notice Answers whatever it was told to answer, whoever asks.
contract AnsweringWallet {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback() external {
        bytes memory answer = _answer;
        assembly ("memory-safe") {
            return(add(answer, 0x20), mload(answer))
        }
    }
}

/// @notice Reverts with the very bytes that would have meant yes.
contract RevertingWallet is IERC1271 {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        assembly ("memory-safe") {
            mstore(0x00, shl(224, 0x1626ba7e))
            revert(0x00, 0x20)
        }
    }
}

/// @notice Tries to call the ledger from inside the question whether it signed.
contract ReenteringWallet is IERC1271 {
    ILoanLedger private immutable LEDGER;
    bytes private _call;

    constructor(ILoanLedger ledger) {
        LEDGER = ledger;
    }

    function prepare(bytes calldata call) external {
        _call = call;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        // The question is a static call: changing anything from in here fails.
        (bool isDone,) = address(LEDGER).staticcall(_call);
        return isDone ? bytes4(0xffffffff) : IERC1271.isValidSignature.selector;
    }
}
