// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {CollectableBy, DayCount, Method, Prepayment} from "../interfaces/ILoanLedger.sol";
import {AgreementLib} from "./AgreementLib.sol";
import {TextLib} from "./TextLib.sol";
import {Witness, WitnessLib} from "./WitnessLib.sol";

/// @title MessageLib
/// @notice The EIP-712 messages: what a wallet shows and the parties sign.
library MessageLib {
    using AgreementLib for bytes;
    using TextLib for bytes32;
    using WitnessLib for Witness;

    bytes32 internal constant ASSIGNMENT_TYPEHASH = keccak256(
        "Assignment(bytes32 loanId,address lender,address assignee,uint64 priceMinor,"
        "uint16 assignmentCount,uint32 signBy,uint32 lenderNonce,uint32 assigneeNonce)"
    );
    bytes32 internal constant PURPOSE_CAP_TYPEHASH =
        keccak256("PurposeCap(string purpose,uint16 payeeCategory,uint64 capMinor)");
    bytes32 internal constant INSTALMENT_TYPEHASH =
        keccak256("Instalment(uint32 dueOn,uint64 principalMinor,uint64 interestMinor)");
    bytes32 internal constant LOAN_TERMS_TYPEHASH = keccak256(
        "LoanTerms(string agreement,address lender,address borrower,address guarantor,"
        "string currency,uint64 principalMinor,string method,string dayCount,uint32 annualRatePpm,"
        "string rounding,string allocation,uint32 penaltyRatePpm,uint16 penaltyYearDays,"
        "uint16 graceDays,string prepayment,uint32 prepaymentFeePpm,uint16 accelerateAfterDays,"
        "uint64 mandateMinorMax,string collectableBy,uint64 guaranteeMinorMax,"
        "uint16 guaranteeAfterDays,int16 utcOffsetMinutes,uint32 signBy,uint32 disburseOn,"
        "uint32 disburseBy,uint64 selfPaidMinorMax,bytes32 documentHash,bytes32 collateralHash,"
        "bytes32 priorLoanId,uint32 lenderNonce,uint32 borrowerNonce,uint32 guarantorNonce,"
        "PurposeCap[] purposes,Instalment[] instalments)"
        "Instalment(uint32 dueOn,uint64 principalMinor,uint64 interestMinor)"
        "PurposeCap(string purpose,uint16 payeeCategory,uint64 capMinor)"
    );

    /// @notice EIP-712 hashStruct of the terms.
    /// @param instalmentsHash Of the instalments, as `OriginationLib.readSchedule` gives it.
    function termsHash(
        Witness memory shown,
        bytes calldata agreement,
        bytes32 currency,
        uint256 principalMinor,
        uint32 disburseOn,
        bytes32 instalmentsHash
    ) internal pure returns (bytes32 digest) {
        // Word by word: the stack does not hold thirty-five.
        bytes32[35] memory words;
        words[0] = LOAN_TERMS_TYPEHASH;
        words[1] = agreement.agreement().textHash();
        words[2] = _word(shown.lender());
        words[3] = _word(shown.borrower());
        words[4] = _word(shown.guarantor());
        words[5] = currency.textHash();
        words[6] = bytes32(principalMinor);
        words[7] = _name(agreement.method());
        words[8] = _name(agreement.dayCount());
        words[9] = bytes32(agreement.annualRatePpm());
        words[10] = shown.isHalfUp() ? keccak256("half_up") : keccak256("half_even");
        words[11] = shown.isPenaltyLast() ? keccak256("penalty_last") : keccak256("penalty_first");
        words[12] = bytes32(shown.penaltyRatePpm());
        words[13] = bytes32(shown.penaltyYearDays());
        words[14] = bytes32(shown.graceDays());
        words[15] = _name(shown.prepayment());
        words[16] = bytes32(shown.prepaymentFeePpm());
        words[17] = bytes32(uint256(shown.accelerateAfterDays()));
        words[18] = bytes32(uint256(shown.mandateMinorMax()));
        words[19] = _name(shown.collectableBy());
        words[20] = bytes32(uint256(shown.guaranteeMinorMax()));
        words[21] = bytes32(uint256(shown.guaranteeAfterDays()));
        words[22] = bytes32(uint256(int256(shown.utcOffsetMinutes())));
        words[23] = bytes32(uint256(agreement.signBy()));
        words[24] = bytes32(uint256(disburseOn));
        words[25] = bytes32(uint256(agreement.disburseBy()));
        words[26] = bytes32(uint256(agreement.selfPaidMinorMax()));
        words[27] = agreement.documentHash();
        words[28] = agreement.collateralHash();
        words[29] = agreement.priorLoanId();
        words[30] = bytes32(uint256(agreement.lenderNonce()));
        words[31] = bytes32(uint256(agreement.borrowerNonce()));
        words[32] = bytes32(uint256(agreement.guarantorNonce()));
        words[33] = _purposesHash(agreement);
        words[34] = instalmentsHash;
        assembly ("memory-safe") {
            digest := keccak256(words, 0x460) // 35 words
        }
    }

    /// @notice EIP-712 hashStruct of an assignment.
    function assignmentHash(
        bytes32 loanId,
        address lender,
        address assignee,
        uint64 priceMinor,
        uint16 assignmentCount,
        uint32 signBy,
        uint32 lenderNonce,
        uint32 assigneeNonce
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                ASSIGNMENT_TYPEHASH,
                loanId,
                lender,
                assignee,
                priceMinor,
                assignmentCount,
                signBy,
                lenderNonce,
                assigneeNonce
            )
        );
    }

    function _word(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function _purposesHash(bytes calldata agreement) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](agreement.purposeCount());
        for (uint256 i; i < hashes.length; ++i) {
            (bytes32 purpose, uint16 payeeCategory, uint64 capMinor) = agreement.purposeAt(i);
            hashes[i] = keccak256(
                abi.encode(PURPOSE_CAP_TYPEHASH, purpose.textHash(), payeeCategory, capMinor)
            );
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _name(Method method) private pure returns (bytes32) {
        if (method == Method.EqualInstalment) return keccak256("equal_instalment");
        if (method == Method.EqualPrincipal) return keccak256("equal_principal");
        if (method == Method.InterestOnly) return keccak256("interest_only");
        if (method == Method.SingleRepayment) return keccak256("single_repayment");
        return keccak256("custom");
    }

    function _name(DayCount dayCount) private pure returns (bytes32) {
        if (dayCount == DayCount.Thirty360) return keccak256("30/360");
        if (dayCount == DayCount.Act360) return keccak256("act/360");
        if (dayCount == DayCount.Act365F) return keccak256("act/365f");
        return keccak256("act/act");
    }

    function _name(Prepayment prepayment) private pure returns (bytes32) {
        if (prepayment == Prepayment.NotAllowed) return keccak256("not_allowed");
        if (prepayment == Prepayment.ShorterTerm) return keccak256("shorter_term");
        return keccak256("smaller_instalments");
    }

    function _name(CollectableBy collectableBy) private pure returns (bytes32) {
        if (collectableBy == CollectableBy.Nobody) return keccak256("nobody");
        if (collectableBy == CollectableBy.Servicer) return keccak256("servicer");
        if (collectableBy == CollectableBy.Lender) return keccak256("lender");
        return keccak256("anyone");
    }
}
