// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Loan, LoanTerms, Owed} from "../../interfaces/ILoanLedger.sol";
import {CalendarLib} from "../../libraries/CalendarLib.sol";
import {RoundingLib} from "../../libraries/RoundingLib.sol";
import {TextLib} from "../../libraries/TextLib.sol";
import {WaterfallLib} from "../../libraries/WaterfallLib.sol";

/// @notice What tests call of the internal libraries.
interface ILibraryHarness {
    function isDate(uint32 yyyymmdd) external pure returns (bool);
    function dayNumber(uint32 yyyymmdd) external pure returns (uint256);
    function localDay(uint256 asOf, int16 utcOffsetMinutes) external pure returns (uint256);
    function isKnownRounding(bytes32 rounding) external pure returns (bool);
    function divide(uint256 numerator, uint256 denominator, bytes32 rounding)
        external
        pure
        returns (uint256);
    function textLength(bytes32 text) external pure returns (uint256);
    function textHash(bytes32 text) external pure returns (bytes32);
    function owedOn(LoanTerms calldata terms, Loan calldata loan, uint256 today)
        external
        pure
        returns (Owed memory, uint128);
    function allocate(LoanTerms calldata terms, Loan calldata loan, uint64 amountMinor)
        external
        pure
        returns (uint64 interestMinor, uint64 principalMinor, Loan memory moved);
}

/// @title LibraryHarness
/// @notice The internal libraries behind external calls, compiled with the shipped settings.
contract LibraryHarness is ILibraryHarness {
    function isDate(uint32 yyyymmdd) external pure returns (bool) {
        return CalendarLib.isDate(yyyymmdd);
    }

    function dayNumber(uint32 yyyymmdd) external pure returns (uint256) {
        return CalendarLib.dayNumber(yyyymmdd);
    }

    function localDay(uint256 asOf, int16 utcOffsetMinutes) external pure returns (uint256) {
        return CalendarLib.localDay(asOf, utcOffsetMinutes);
    }

    function isKnownRounding(bytes32 rounding) external pure returns (bool) {
        return RoundingLib.isKnown(rounding);
    }

    function divide(uint256 numerator, uint256 denominator, bytes32 rounding)
        external
        pure
        returns (uint256)
    {
        return RoundingLib.divide(numerator, denominator, rounding);
    }

    function textLength(bytes32 text) external pure returns (uint256) {
        return TextLib.textLength(text);
    }

    function textHash(bytes32 text) external pure returns (bytes32) {
        return TextLib.textHash(text);
    }

    function owedOn(LoanTerms calldata terms, Loan calldata loan, uint256 today)
        external
        pure
        returns (Owed memory, uint128)
    {
        return WaterfallLib.owedOn(terms, loan, today);
    }

    function allocate(LoanTerms calldata terms, Loan calldata loan, uint64 amountMinor)
        external
        pure
        returns (uint64 interestMinor, uint64 principalMinor, Loan memory moved)
    {
        moved = loan;
        (interestMinor, principalMinor) = WaterfallLib.allocate(terms, moved, amountMinor);
    }
}
