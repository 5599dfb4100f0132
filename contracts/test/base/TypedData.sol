// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {
    Allocation,
    CollectableBy,
    DayCount,
    Instalment,
    LoanTerms,
    Method,
    Prepayment,
    PurposeCap,
    Rounding
} from "../../interfaces/ILoanLedger.sol";

/// @title TypedData
/// @notice The messages the parties sign, as the JSON a wallet is handed (eth_signTypedData_v4).
library TypedData {
    using Strings for address;
    using Strings for uint256;

    string private constant DOMAIN_TYPE =
        '"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},'
        '{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],';

    string private constant TERMS_TYPES =
        '"Instalment":[{"name":"dueOn","type":"uint32"},{"name":"principalMinor","type":"uint64"},'
        '{"name":"interestMinor","type":"uint64"}],'
        '"PurposeCap":[{"name":"purpose","type":"string"},{"name":"payeeCategory","type":"uint16"},'
        '{"name":"capMinor","type":"uint64"}],'
        '"LoanTerms":[{"name":"agreement","type":"string"},{"name":"lender","type":"address"},'
        '{"name":"borrower","type":"address"},{"name":"guarantor","type":"address"},'
        '{"name":"currency","type":"string"},{"name":"principalMinor","type":"uint64"},'
        '{"name":"method","type":"string"},{"name":"dayCount","type":"string"},'
        '{"name":"annualRatePpm","type":"uint32"},{"name":"rounding","type":"string"},'
        '{"name":"allocation","type":"string"},{"name":"penaltyRatePpm","type":"uint32"},'
        '{"name":"penaltyYearDays","type":"uint16"},{"name":"graceDays","type":"uint16"},'
        '{"name":"prepayment","type":"string"},{"name":"prepaymentFeePpm","type":"uint32"},'
        '{"name":"accelerateAfterDays","type":"uint16"},'
        '{"name":"mandateMinorMax","type":"uint64"},{"name":"collectableBy","type":"string"},'
        '{"name":"guaranteeMinorMax","type":"uint64"},'
        '{"name":"guaranteeAfterDays","type":"uint16"},'
        '{"name":"utcOffsetMinutes","type":"int16"},{"name":"signBy","type":"uint32"},'
        '{"name":"disburseOn","type":"uint32"},{"name":"disburseBy","type":"uint32"},'
        '{"name":"selfPaidMinorMax","type":"uint64"},{"name":"documentHash","type":"bytes32"},'
        '{"name":"collateralHash","type":"bytes32"},{"name":"priorLoanId","type":"bytes32"},'
        '{"name":"lenderNonce","type":"uint32"},{"name":"borrowerNonce","type":"uint32"},'
        '{"name":"guarantorNonce","type":"uint32"},{"name":"purposes","type":"PurposeCap[]"},'
        '{"name":"instalments","type":"Instalment[]"}]';

    string private constant ASSIGNMENT_TYPE =
        '"Assignment":[{"name":"loanId","type":"bytes32"},{"name":"lender","type":"address"},'
        '{"name":"assignee","type":"address"},{"name":"priceMinor","type":"uint64"},'
        '{"name":"assignmentCount","type":"uint16"},{"name":"signBy","type":"uint32"},'
        '{"name":"lenderNonce","type":"uint32"},{"name":"assigneeNonce","type":"uint32"}]';

    function json(LoanTerms memory terms, uint256 chainId, address ledger)
        internal
        pure
        returns (string memory)
    {
        return string.concat(
            _opening(TERMS_TYPES, "LoanTerms", chainId, ledger),
            _parties(terms),
            _penalty(terms),
            _options(terms),
            _dates(terms),
            _references(terms),
            _rows(terms),
            "}}"
        );
    }

    /// @notice The message of an assignment.
    function json(
        bytes32 loanId,
        address[2] memory parties,
        uint256 priceMinor,
        uint256 assignmentCount,
        uint256 signBy,
        uint32[2] memory nonces,
        uint256 chainId,
        address ledger
    ) internal pure returns (string memory) {
        string memory rows = string.concat(
            _hash("loanId", loanId),
            _member("lender", parties[0]),
            _member("assignee", parties[1]),
            _member("priceMinor", priceMinor),
            _member("assignmentCount", assignmentCount),
            string.concat(
                _member("signBy", signBy),
                _member("lenderNonce", nonces[0]),
                _last("assigneeNonce", nonces[1])
            )
        );
        return string.concat(
            _opening(ASSIGNMENT_TYPE, "Assignment", chainId, ledger), rows, "}"
        );
    }

    function _opening(
        string memory types,
        string memory primaryType,
        uint256 chainId,
        address ledger
    ) private pure returns (string memory) {
        string memory domain = string.concat(
            '{"name":"Tallystick LoanLedger","version":"1","chainId":',
            chainId.toString(),
            ',"verifyingContract":"',
            ledger.toHexString(),
            '"}'
        );
        return string.concat(
            string.concat('{"types":{', DOMAIN_TYPE, types, '},"primaryType":"', primaryType),
            '","domain":',
            domain,
            ',"message":{'
        );
    }

    function _parties(LoanTerms memory terms) private pure returns (string memory) {
        return string.concat(
            string.concat(
                _member("agreement", terms.agreement),
                _member("lender", terms.lender),
                _member("borrower", terms.borrower),
                _member("guarantor", terms.guarantor),
                _member("currency", terms.currency)
            ),
            _member("principalMinor", terms.principalMinor),
            _member("method", _name(terms.method)),
            _member("dayCount", _name(terms.dayCount)),
            _member("annualRatePpm", terms.annualRatePpm)
        );
    }

    function _penalty(LoanTerms memory terms) private pure returns (string memory) {
        bool isUp = terms.rounding == Rounding.HalfUp;
        bool isLast = terms.allocation == Allocation.PenaltyLast;
        return string.concat(
            _member("rounding", isUp ? bytes32("half_up") : bytes32("half_even")),
            _member("allocation", isLast ? bytes32("penalty_last") : bytes32("penalty_first")),
            _member("penaltyRatePpm", terms.penaltyRatePpm),
            _member("penaltyYearDays", terms.penaltyYearDays),
            _member("graceDays", terms.graceDays)
        );
    }

    function _options(LoanTerms memory terms) private pure returns (string memory) {
        return string.concat(
            string.concat(
                _member("prepayment", _name(terms.prepayment)),
                _member("prepaymentFeePpm", terms.prepaymentFeePpm),
                _member("accelerateAfterDays", terms.accelerateAfterDays),
                _member("mandateMinorMax", terms.mandateMinorMax)
            ),
            _member("collectableBy", _name(terms.collectableBy)),
            _member("guaranteeMinorMax", terms.guaranteeMinorMax),
            _member("guaranteeAfterDays", terms.guaranteeAfterDays)
        );
    }

    function _dates(LoanTerms memory terms) private pure returns (string memory) {
        return string.concat(
            string.concat(
                '"utcOffsetMinutes":"', Strings.toStringSigned(terms.utcOffsetMinutes), '",'
            ),
            _member("signBy", terms.signBy),
            _member("disburseOn", terms.disburseOn),
            _member("disburseBy", terms.disburseBy),
            _member("selfPaidMinorMax", terms.selfPaidMinorMax)
        );
    }

    function _references(LoanTerms memory terms) private pure returns (string memory) {
        return string.concat(
            _hash("documentHash", terms.documentHash),
            _hash("collateralHash", terms.collateralHash),
            _hash("priorLoanId", terms.priorLoanId),
            _member("lenderNonce", terms.lenderNonce),
            _member("borrowerNonce", terms.borrowerNonce),
            _member("guarantorNonce", terms.guarantorNonce)
        );
    }

    function _rows(LoanTerms memory terms) private pure returns (string memory rows) {
        rows = '"purposes":[';
        for (uint256 i; i < terms.purposes.length; ++i) {
            PurposeCap memory row = terms.purposes[i];
            rows = string.concat(
                rows,
                i == 0 ? "{" : ",{",
                _member("purpose", row.purpose),
                _member("payeeCategory", row.payeeCategory),
                _last("capMinor", row.capMinor)
            );
        }
        rows = string.concat(rows, '],"instalments":[');
        for (uint256 i; i < terms.instalments.length; ++i) {
            Instalment memory row = terms.instalments[i];
            rows = string.concat(
                rows,
                i == 0 ? "{" : ",{",
                _member("dueOn", row.dueOn),
                _member("principalMinor", row.principalMinor),
                _last("interestMinor", row.interestMinor)
            );
        }
        return string.concat(rows, "]");
    }

    function _member(string memory name, uint256 number) private pure returns (string memory) {
        return string.concat('"', name, '":"', number.toString(), '",');
    }

    function _last(string memory name, uint256 number) private pure returns (string memory) {
        return string.concat('"', name, '":"', number.toString(), '"}');
    }

    function _hash(string memory name, bytes32 digest) private pure returns (string memory) {
        return string.concat('"', name, '":"', Strings.toHexString(uint256(digest), 32), '",');
    }

    function _member(string memory name, address account) private pure returns (string memory) {
        return string.concat('"', name, '":"', account.toHexString(), '",');
    }

    function _member(string memory name, bytes32 text) private pure returns (string memory) {
        return string.concat('"', name, '":"', shown(text), '",');
    }

    /// @notice A short text without its padding.
    function shown(bytes32 text) internal pure returns (string memory) {
        uint256 length;
        while (length < 32 && text[length] != 0) ++length;
        bytes memory characters = new bytes(length);
        for (uint256 i; i < length; ++i) characters[i] = text[i];
        return string(characters);
    }

    function _name(Method method) private pure returns (bytes32) {
        bytes32[5] memory names = [
            bytes32("equal_instalment"),
            "equal_principal",
            "interest_only",
            "single_repayment",
            "custom"
        ];
        return names[uint256(method)];
    }

    function _name(DayCount dayCount) private pure returns (bytes32) {
        bytes32[4] memory names = [bytes32("30/360"), "act/360", "act/365f", "act/act"];
        return names[uint256(dayCount)];
    }

    function _name(Prepayment prepayment) private pure returns (bytes32) {
        bytes32[3] memory names = [bytes32("not_allowed"), "shorter_term", "smaller_instalments"];
        return names[uint256(prepayment)];
    }

    function _name(CollectableBy collectableBy) private pure returns (bytes32) {
        bytes32[4] memory names = [bytes32("nobody"), "servicer", "lender", "anyone"];
        return names[uint256(collectableBy)];
    }
}
