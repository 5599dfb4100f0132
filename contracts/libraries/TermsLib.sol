// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Instalment, LoanTerms, PurposeCap} from "../interfaces/ILoanLedger.sol";
import {TextLib} from "./TextLib.sol";

/// @title TermsLib
/// @notice The two hashes of the terms: the loan id, cheap enough for every call, and the EIP-712
/// struct hash behind what a wallet shows.
library TermsLib {
    using TextLib for bytes32;

    bytes32 internal constant PURPOSE_CAP_TYPEHASH =
        keccak256("PurposeCap(string purpose,uint16 payeeCategory,uint64 capMinor)");
    bytes32 internal constant INSTALMENT_TYPEHASH =
        keccak256("Instalment(uint32 dueOn,uint64 principalMinor,uint64 interestMinor)");
    bytes32 internal constant LOAN_TERMS_TYPEHASH = keccak256(
        "LoanTerms(string agreement,address lender,address borrower,string currency,"
        "uint64 principalMinor,string method,string dayCount,uint32 annualRatePpm,string rounding,"
        "uint32 penaltyRatePpm,uint16 penaltyYearDays,uint16 graceDays,int16 utcOffsetMinutes,"
        "uint32 signBy,uint32 disburseOn,uint32 disburseBy,uint64 selfPaidMinorMax,"
        "bytes32 documentHash,PurposeCap[] purposes,Instalment[] instalments)"
        "Instalment(uint32 dueOn,uint64 principalMinor,uint64 interestMinor)"
        "PurposeCap(string purpose,uint16 payeeCategory,uint64 capMinor)"
    );

    /// @dev Words of `LoanTerms` before its two arrays.
    uint256 private constant HEAD_WORDS = 18;
    /// @dev Words of a `PurposeCap` and of an `Instalment`.
    uint256 private constant ROW_WORDS = 3;

    /// @notice keccak256(head words ‖ keccak256(purpose words) ‖ keccak256(instalment words)).
    function id(LoanTerms calldata terms) internal pure returns (bytes32 loanId) {
        PurposeCap[] calldata purposes = terms.purposes;
        Instalment[] calldata instalments = terms.instalments;
        uint256 head = HEAD_WORDS * 32;
        uint256 row = ROW_WORDS * 32;
        assembly ("memory-safe") {
            // Above the free memory pointer, used and given back.
            let m := mload(0x40)
            let size := mul(purposes.length, row)
            calldatacopy(m, purposes.offset, size)
            let purposesHash := keccak256(m, size)
            size := mul(instalments.length, row)
            calldatacopy(m, instalments.offset, size)
            let instalmentsHash := keccak256(m, size)
            calldatacopy(m, terms, head)
            mstore(add(m, head), purposesHash)
            mstore(add(m, add(head, 0x20)), instalmentsHash)
            loanId := keccak256(m, add(head, 0x40))
        }
    }

    /// @notice EIP-712 hashStruct of the terms.
    function structHash(LoanTerms calldata terms) internal pure returns (bytes32) {
        // In two parts: the stack does not hold twenty-one words.
        bytes memory first = abi.encode(
            LOAN_TERMS_TYPEHASH,
            terms.agreement.textHash(),
            terms.lender,
            terms.borrower,
            terms.currency.textHash(),
            terms.principalMinor,
            terms.method.textHash(),
            terms.dayCount.textHash(),
            terms.annualRatePpm,
            terms.rounding.textHash()
        );
        bytes memory second = abi.encode(
            terms.penaltyRatePpm,
            terms.penaltyYearDays,
            terms.graceDays,
            terms.utcOffsetMinutes,
            terms.signBy,
            terms.disburseOn,
            terms.disburseBy,
            terms.selfPaidMinorMax,
            terms.documentHash,
            _hashPurposes(terms.purposes),
            _hashInstalments(terms.instalments)
        );
        return keccak256(bytes.concat(first, second));
    }

    function _hashPurposes(PurposeCap[] calldata purposes) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](purposes.length);
        for (uint256 i; i < purposes.length; ++i) {
            PurposeCap calldata row = purposes[i];
            hashes[i] = keccak256(
                abi.encode(PURPOSE_CAP_TYPEHASH, row.purpose.textHash(), row.payeeCategory, row.capMinor)
            );
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _hashInstalments(Instalment[] calldata instalments)
        private
        pure
        returns (bytes32 digest)
    {
        bytes32 typeHash = INSTALMENT_TYPEHASH;
        assembly ("memory-safe") {
            // Row hashes from m on; each row is laid out behind where they end.
            let m := mload(0x40)
            let count := instalments.length
            let scratch := add(m, mul(count, 0x20))
            mstore(scratch, typeHash)
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                calldatacopy(add(scratch, 0x20), add(instalments.offset, mul(i, 0x60)), 0x60)
                mstore(add(m, mul(i, 0x20)), keccak256(scratch, 0x80))
            }
            digest := keccak256(m, mul(count, 0x20))
        }
    }
}
