// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Instalment, LoanTerms, PurposeCap} from "../../interfaces/ILoanLedger.sol";

/// @title TypedData
/// @notice The message lender and borrower sign, as the JSON a wallet is handed (eth_signTypedData_v4).
library TypedData {
    using Strings for address;
    using Strings for uint256;

    string private constant TYPES =
        '{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},'
        '{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],'
        '"Instalment":[{"name":"dueOn","type":"uint32"},{"name":"principalMinor","type":"uint64"},'
        '{"name":"interestMinor","type":"uint64"}],'
        '"PurposeCap":[{"name":"purpose","type":"string"},{"name":"payeeCategory","type":"uint16"},'
        '{"name":"capMinor","type":"uint64"}],'
        '"LoanTerms":[{"name":"agreement","type":"string"},{"name":"lender","type":"address"},'
        '{"name":"borrower","type":"address"},{"name":"currency","type":"string"},'
        '{"name":"principalMinor","type":"uint64"},{"name":"method","type":"string"},'
        '{"name":"dayCount","type":"string"},{"name":"annualRatePpm","type":"uint32"},'
        '{"name":"rounding","type":"string"},{"name":"penaltyRatePpm","type":"uint32"},'
        '{"name":"penaltyYearDays","type":"uint16"},{"name":"graceDays","type":"uint16"},'
        '{"name":"utcOffsetMinutes","type":"int16"},{"name":"signBy","type":"uint32"},'
        '{"name":"disburseOn","type":"uint32"},{"name":"disburseBy","type":"uint32"},'
        '{"name":"selfPaidMinorMax","type":"uint64"},{"name":"documentHash","type":"bytes32"},'
        '{"name":"purposes","type":"PurposeCap[]"},{"name":"instalments","type":"Instalment[]"}]}';

    function json(LoanTerms memory terms, uint256 chainId, address ledger)
        internal
        pure
        returns (string memory)
    {
        string memory domain = string.concat(
            '{"name":"Tallystick LoanLedger","version":"1","chainId":',
            chainId.toString(),
            ',"verifyingContract":"',
            ledger.toHexString(),
            '"}'
        );
        return string.concat(
            '{"types":',
            TYPES,
            ',"primaryType":"LoanTerms","domain":',
            domain,
            ',"message":{',
            _first(terms),
            _second(terms),
            _rows(terms),
            "}}"
        );
    }

    function _first(LoanTerms memory terms) private pure returns (string memory) {
        return string.concat(
            string.concat(
                _member("agreement", terms.agreement),
                _member("lender", terms.lender),
                _member("borrower", terms.borrower),
                _member("currency", terms.currency),
                _member("principalMinor", terms.principalMinor)
            ),
            _member("method", terms.method),
            _member("dayCount", terms.dayCount),
            _member("annualRatePpm", terms.annualRatePpm),
            _member("rounding", terms.rounding),
            _member("penaltyRatePpm", terms.penaltyRatePpm)
        );
    }

    function _second(LoanTerms memory terms) private pure returns (string memory) {
        return string.concat(
            _member("penaltyYearDays", terms.penaltyYearDays),
            _member("graceDays", terms.graceDays),
            string.concat(
                '"utcOffsetMinutes":"', Strings.toStringSigned(terms.utcOffsetMinutes), '",'
            ),
            _member("signBy", terms.signBy),
            _member("disburseOn", terms.disburseOn),
            _member("disburseBy", terms.disburseBy),
            _member("selfPaidMinorMax", terms.selfPaidMinorMax),
            string.concat('"documentHash":"', Strings.toHexString(uint256(terms.documentHash), 32), '",')
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
}
