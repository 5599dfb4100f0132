// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {DayCount, ILedgerErrors, Method} from "../interfaces/ILoanLedger.sol";
import {Witness, WitnessLib} from "./WitnessLib.sol";

/// @title AgreementLib
/// @notice The terms that only some calls need, packed big-endian without padding:
///
///      at  bytes                            at  bytes
///       0  32  agreement                   137   4  signBy
///      32  32  documentHash                141   4  disburseBy
///      64  32  collateralHash              145   6  selfPaidMinorMax
///      96  32  priorLoanId                 151   4  lenderNonce
///     128   3  currency                    155   4  borrowerNonce
///     131   1  method                      159   4  guarantorNonce
///     132   1  dayCount                    163  40  for each purpose: purpose (32),
///     133   4  annualRatePpm                        payeeCategory (2), capMinor (6)
library AgreementLib {
    using WitnessLib for Witness;

    uint256 private constant HEAD_BYTES = 163;
    uint256 private constant PURPOSE_BYTES = 40;

    /// @notice Reverts unless `data` is the agreement the witness names, and of a possible length.
    function requireOf(bytes calldata data, Witness memory shown) internal pure {
        require(keccak256(data) == shown.agreementHash(), ILedgerErrors.AgreementMismatch());
        require(
            data.length >= HEAD_BYTES && (data.length - HEAD_BYTES) % PURPOSE_BYTES == 0,
            ILedgerErrors.AgreementMismatch()
        );
    }

    function agreement(bytes calldata data) internal pure returns (bytes32) {
        return bytes32(_number(data, 0, 32));
    }

    function documentHash(bytes calldata data) internal pure returns (bytes32) {
        return bytes32(_number(data, 32, 32));
    }

    function collateralHash(bytes calldata data) internal pure returns (bytes32) {
        return bytes32(_number(data, 64, 32));
    }

    function priorLoanId(bytes calldata data) internal pure returns (bytes32) {
        return bytes32(_number(data, 96, 32));
    }

    /// @notice ISO 4217 code, left-aligned.
    function currency(bytes calldata data) internal pure returns (bytes32) {
        return bytes32(_number(data, 128, 3) << 232);
    }

    function method(bytes calldata data) internal pure returns (Method) {
        return Method(_number(data, 131, 1));
    }

    function dayCount(bytes calldata data) internal pure returns (DayCount) {
        return DayCount(_number(data, 132, 1));
    }

    function annualRatePpm(bytes calldata data) internal pure returns (uint256) {
        return _number(data, 133, 4);
    }

    function signBy(bytes calldata data) internal pure returns (uint32) {
        return uint32(_number(data, 137, 4));
    }

    function disburseBy(bytes calldata data) internal pure returns (uint32) {
        return uint32(_number(data, 141, 4));
    }

    function selfPaidMinorMax(bytes calldata data) internal pure returns (uint64) {
        return uint64(_number(data, 145, 6));
    }

    function lenderNonce(bytes calldata data) internal pure returns (uint32) {
        return uint32(_number(data, 151, 4));
    }

    function borrowerNonce(bytes calldata data) internal pure returns (uint32) {
        return uint32(_number(data, 155, 4));
    }

    function guarantorNonce(bytes calldata data) internal pure returns (uint32) {
        return uint32(_number(data, 159, 4));
    }

    function purposeCount(bytes calldata data) internal pure returns (uint256) {
        return (data.length - HEAD_BYTES) / PURPOSE_BYTES;
    }

    function purposeAt(bytes calldata data, uint256 index)
        internal
        pure
        returns (bytes32 purpose, uint16 payeeCategory, uint64 capMinor)
    {
        uint256 start;
        unchecked {
            // Safe: callers count up to `purposeCount`.
            start = HEAD_BYTES + index * PURPOSE_BYTES;
        }
        purpose = bytes32(_number(data, start, 32));
        payeeCategory = uint16(_number(data, start + 32, 2));
        capMinor = uint64(_number(data, start + 34, 6));
    }

    /// @notice The byte at `start` of the layout above, before it is known to be a member of its enum.
    function codeAt(bytes calldata data, uint256 start) internal pure returns (uint256) {
        return _number(data, start, 1);
    }

    /// @dev The big-endian number in `size` bytes from `start` on.
    function _number(bytes calldata data, uint256 start, uint256 size)
        private
        pure
        returns (uint256 value)
    {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, size)), calldataload(add(data.offset, start)))
        }
    }
}
