// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Instalment, LoanTerms, PurposeCap} from "../../interfaces/ILoanLedger.sol";

/// @title Packing
/// @notice Packs terms into the witness and the agreement that calls show, by the tables in
/// `WitnessLib` and `AgreementLib`: a second opinion, that shares no code with them.
library Packing {
    uint256 private constant PAGE = 12;
    uint256 private constant ROW = 16;

    /// @notice The witness that shows pages [firstPage, firstPage + pageCount).
    function witness(LoanTerms memory terms, uint256 firstPage, uint256 pageCount)
        internal
        pure
        returns (bytes memory packed)
    {
        packed = bytes.concat(
            head(terms), bytes1(uint8(firstPage)), bytes1(uint8(pageCount))
        );
        uint256 pages = (terms.instalments.length + PAGE - 1) / PAGE;
        for (uint256 i; i < pages; ++i) {
            bool isShown = i >= firstPage && i < firstPage + pageCount;
            if (!isShown) packed = bytes.concat(packed, keccak256(page(terms, i, 1)));
        }
        if (pageCount != 0) packed = bytes.concat(packed, page(terms, firstPage, pageCount));
    }

    /// @notice The witness that shows everything.
    function witness(LoanTerms memory terms) internal pure returns (bytes memory) {
        return witness(terms, 0, (terms.instalments.length + PAGE - 1) / PAGE);
    }

    /// @notice The loan id, from the terms themselves.
    function idOf(LoanTerms memory terms) internal pure returns (bytes32) {
        bytes memory packed = head(terms);
        uint256 pages = (terms.instalments.length + PAGE - 1) / PAGE;
        for (uint256 i; i < pages; ++i) {
            packed = bytes.concat(packed, keccak256(page(terms, i, 1)));
        }
        return keccak256(packed);
    }

    function head(LoanTerms memory terms) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(
                terms.lender,
                terms.borrower,
                terms.guarantor,
                uint16(terms.instalments.length),
                terms.utcOffsetMinutes,
                uint8(terms.rounding),
                uint8(terms.allocation),
                terms.penaltyRatePpm,
                terms.penaltyYearDays,
                terms.graceDays
            ),
            abi.encodePacked(
                uint8(terms.prepayment),
                terms.prepaymentFeePpm,
                terms.accelerateAfterDays,
                uint48(terms.mandateMinorMax),
                uint8(terms.collectableBy),
                uint48(terms.guaranteeMinorMax),
                terms.guaranteeAfterDays,
                terms.collateralHash != 0,
                keccak256(agreement(terms))
            )
        );
    }

    function agreement(LoanTerms memory terms) internal pure returns (bytes memory packed) {
        packed = bytes.concat(
            abi.encodePacked(
                terms.agreement,
                terms.documentHash,
                terms.collateralHash,
                terms.priorLoanId,
                bytes3(terms.currency),
                uint8(terms.method),
                uint8(terms.dayCount)
            ),
            abi.encodePacked(
                terms.annualRatePpm,
                terms.signBy,
                terms.disburseBy,
                uint48(terms.selfPaidMinorMax),
                terms.lenderNonce,
                terms.borrowerNonce,
                terms.guarantorNonce
            )
        );
        for (uint256 i; i < terms.purposes.length; ++i) {
            PurposeCap memory row = terms.purposes[i];
            packed = abi.encodePacked(packed, row.purpose, row.payeeCategory, uint48(row.capMinor));
        }
    }

    /// @notice Consecutive pages of the schedule, with the date and the balance they start from.
    function page(LoanTerms memory terms, uint256 first, uint256 count)
        internal
        pure
        returns (bytes memory packed)
    {
        uint256 from = first * PAGE;
        uint256 end = from + count * PAGE;
        if (end > terms.instalments.length) end = terms.instalments.length;
        uint256 balance = terms.principalMinor;
        for (uint256 i; i < from; ++i) balance -= terms.instalments[i].principalMinor;
        uint32 startsOn = from == 0 ? terms.disburseOn : terms.instalments[from - 1].dueOn;
        bytes memory opening = abi.encodePacked(startsOn, uint48(balance));
        // One row more than there are: each is written as a whole word.
        bytes memory rows = new bytes((end - from + 1) * ROW);
        for (uint256 i = from; i < end; ++i) {
            Instalment memory row = terms.instalments[i];
            // Wraps when the instalments exceed the principal: then the ledger has to object.
            unchecked {
                balance -= row.principalMinor;
            }
            uint256 word = uint256(uint48(row.interestMinor)) << 208 | uint256(row.dueOn) << 176
                | uint256(uint48(balance)) << 128;
            uint256 start = 32 + (i - from) * ROW;
            assembly ("memory-safe") {
                mstore(add(rows, start), word)
            }
        }
        assembly ("memory-safe") {
            mstore(rows, sub(mload(rows), ROW))
        }
        packed = bytes.concat(opening, rows);
    }
}
