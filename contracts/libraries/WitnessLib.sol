// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {
    Allocation,
    CollectableBy,
    ILedgerErrors,
    Prepayment,
    Rounding
} from "../interfaces/ILoanLedger.sol";
import {Row} from "./RowLib.sol";

/// @notice Which loan a witness shows, and where in calldata its terms lie.
/// @param head First byte of the witness.
/// @param rows First byte of the shown part of the schedule.
/// @param shownFrom Index of the first instalment shown.
/// @param shownEnd Index behind the last instalment shown.
struct Witness {
    bytes32 loanId;
    uint256 head;
    uint256 rows;
    uint256 shownFrom;
    uint256 shownEnd;
}

/// @title WitnessLib
/// @notice The terms as calls show them, packed big-endian without padding:
///
///     at  bytes                            at  bytes
///      0  20  lender                       74   1  prepayment
///     20  20  borrower                     75   4  prepaymentFeePpm
///     40  20  guarantor                    79   2  accelerateAfterDays
///     60   2  number of instalments        81   6  mandateMinorMax
///     62   2  utcOffsetMinutes             87   1  collectableBy
///     64   1  rounding                     88   6  guaranteeMinorMax
///     65   1  allocation                   94   2  guaranteeAfterDays
///     66   4  penaltyRatePpm               96   1  whether there is collateral
///     70   2  penaltyYearDays              97  32  hash of the agreement (`AgreementLib`)
///     72   2  graceDays                   129   1  first page shown
///                                         130   1  number of pages shown
///
/// then the hashes of the pages not shown, 32 bytes each, and the pages shown. The schedule is
///
///     opening: disburseOn (4) ‖ principal (6)
///     each instalment: interest (6) ‖ dueOn (4) ‖ principal outstanding after it (6)
///
/// and a page is twelve instalments (the last may have fewer) with the ten bytes before them: the date
/// and the balance they start from. Pages shown overlap by those ten bytes.
///
///     loan id = keccak256(bytes 0 to 128 ‖ hashes of all pages)
library WitnessLib {
    uint256 internal constant PAGE_ROWS = 12;
    uint256 internal constant OPENING_BYTES = 10;
    uint256 internal constant ROW_BYTES = 16;
    uint256 private constant ID_HEAD_BYTES = 129;
    uint256 private constant HEAD_BYTES = 131;

    /// @notice Reads a witness and hashes the loan id from it.
    function read(bytes calldata witness) internal pure returns (Witness memory shown) {
        read(witness, shown);
    }

    /// @notice Likewise, into `shown`.
    function read(bytes calldata witness, Witness memory shown) internal pure {
        require(witness.length >= HEAD_BYTES, ILedgerErrors.WitnessMalformed());
        unchecked {
            // Safe: counts are of 16 and 8 bits.
            uint256 head;
            assembly ("memory-safe") {
                head := witness.offset
            }
            shown.head = head;
            uint256 count = instalmentCount(shown);
            uint256 pages = (count + PAGE_ROWS - 1) / PAGE_ROWS;
            uint256 firstPage = _member(shown, 129, 1);
            uint256 shownPages = _member(shown, 130, 1);
            require(firstPage + shownPages <= pages, ILedgerErrors.WitnessMalformed());
            shown.shownFrom = firstPage * PAGE_ROWS;
            shown.shownEnd = (firstPage + shownPages) * PAGE_ROWS;
            if (shown.shownEnd > count) shown.shownEnd = count;
            shown.rows = head + HEAD_BYTES + (pages - shownPages) * 32;
            uint256 end = shown.rows;
            if (shownPages != 0) {
                end += OPENING_BYTES + (shown.shownEnd - shown.shownFrom) * ROW_BYTES;
            }
            require(end == head + witness.length, ILedgerErrors.WitnessMalformed());
            shown.loanId = _hash(shown, pages, firstPage, shownPages, end);
        }
    }

    /// @notice Instalment `index` and what it starts from.
    function row(Witness memory shown, uint256 index) internal pure returns (Row found) {
        if (index < shown.shownFrom || index >= shown.shownEnd) {
            revert ILedgerErrors.InstalmentNotShown(index);
        }
        unchecked {
            // Safe: inside the calldata that `read` measured.
            uint256 offset = shown.rows + (index - shown.shownFrom) * ROW_BYTES;
            assembly ("memory-safe") {
                found := shr(48, calldataload(offset))
            }
        }
    }

    function lender(Witness memory shown) internal pure returns (address) {
        return address(uint160(_member(shown, 0, 20)));
    }

    function borrower(Witness memory shown) internal pure returns (address) {
        return address(uint160(_member(shown, 20, 20)));
    }

    function guarantor(Witness memory shown) internal pure returns (address) {
        return address(uint160(_member(shown, 40, 20)));
    }

    function instalmentCount(Witness memory shown) internal pure returns (uint256) {
        return _member(shown, 60, 2);
    }

    function utcOffsetMinutes(Witness memory shown) internal pure returns (int16) {
        return int16(uint16(_member(shown, 62, 2)));
    }

    function isHalfUp(Witness memory shown) internal pure returns (bool) {
        return _member(shown, 64, 1) == uint8(Rounding.HalfUp);
    }

    function isPenaltyLast(Witness memory shown) internal pure returns (bool) {
        return _member(shown, 65, 1) == uint8(Allocation.PenaltyLast);
    }

    function penaltyRatePpm(Witness memory shown) internal pure returns (uint256) {
        return _member(shown, 66, 4);
    }

    function penaltyYearDays(Witness memory shown) internal pure returns (uint256) {
        return _member(shown, 70, 2);
    }

    function graceDays(Witness memory shown) internal pure returns (uint256) {
        return _member(shown, 72, 2);
    }

    function prepayment(Witness memory shown) internal pure returns (Prepayment) {
        return Prepayment(_member(shown, 74, 1));
    }

    function prepaymentFeePpm(Witness memory shown) internal pure returns (uint256) {
        return _member(shown, 75, 4);
    }

    function accelerateAfterDays(Witness memory shown) internal pure returns (uint16) {
        return uint16(_member(shown, 79, 2));
    }

    function mandateMinorMax(Witness memory shown) internal pure returns (uint64) {
        return uint64(_member(shown, 81, 6));
    }

    function collectableBy(Witness memory shown) internal pure returns (CollectableBy) {
        return CollectableBy(_member(shown, 87, 1));
    }

    function guaranteeMinorMax(Witness memory shown) internal pure returns (uint64) {
        return uint64(_member(shown, 88, 6));
    }

    function guaranteeAfterDays(Witness memory shown) internal pure returns (uint16) {
        return uint16(_member(shown, 94, 2));
    }

    function hasCollateral(Witness memory shown) internal pure returns (bool) {
        return _member(shown, 96, 1) != 0;
    }

    function agreementHash(Witness memory shown) internal pure returns (bytes32) {
        return bytes32(_member(shown, 97, 32));
    }

    /// @notice The byte at `start` of the layout above, before it is known to be a member of its enum.
    function codeAt(Witness memory shown, uint256 start) internal pure returns (uint256) {
        return _member(shown, start, 1);
    }

    /// @dev The big-endian number in the `size` bytes from `start` on.
    function _member(Witness memory shown, uint256 start, uint256 size)
        private
        pure
        returns (uint256 value)
    {
        uint256 head = shown.head;
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, size)), calldataload(add(head, start)))
        }
    }

    function _hash(
        Witness memory shown,
        uint256 pages,
        uint256 firstPage,
        uint256 shownPages,
        uint256 end
    ) private pure returns (bytes32 loanId) {
        uint256 head = shown.head;
        uint256 rows = shown.rows;
        assembly ("memory-safe") {
            // Head and page hashes are laid out above the free memory pointer, each shown page behind
            // them for a moment.
            let m := mload(0x40)
            calldatacopy(m, head, ID_HEAD_BYTES)
            let hashes := add(m, ID_HEAD_BYTES)
            let scratch := add(hashes, shl(5, pages))
            let before := shl(5, firstPage)
            let given := add(head, HEAD_BYTES)
            calldatacopy(hashes, given, before)
            let pageHash := add(hashes, before)
            calldatacopy(
                add(pageHash, shl(5, shownPages)), add(given, before), sub(sub(rows, given), before)
            )
            for { let last := add(pageHash, shl(5, shownPages)) } lt(pageHash, last) {
                pageHash := add(pageHash, 0x20)
                rows := add(rows, 192) // PAGE_ROWS × ROW_BYTES
            } {
                let size := sub(end, rows)
                if gt(size, 202) { size := 202 } // OPENING_BYTES + PAGE_ROWS × ROW_BYTES
                calldatacopy(scratch, rows, size)
                mstore(pageHash, keccak256(scratch, size))
            }
            loanId := keccak256(m, sub(scratch, m))
        }
    }
}
