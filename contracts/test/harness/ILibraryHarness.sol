// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Instalment, LoanState, LoanTerms, Owed} from "../../interfaces/ILoanLedger.sol";

/// @notice What tests call of the internal libraries. A loan's standing goes in and comes out as it is
/// stored.
interface ILibraryHarness {
    function isDate(uint32 yyyymmdd) external pure returns (bool);
    function dayNumber(uint32 yyyymmdd) external pure returns (uint256);
    function localDay(uint256 asOf, int16 utcOffsetMinutes) external pure returns (uint256);
    function divide(uint256 numerator, uint256 denominator, bool isHalfUp)
        external
        pure
        returns (uint256);
    function textLength(bytes32 text) external pure returns (uint256);
    function textHash(bytes32 text) external pure returns (bytes32);

    /// @notice The members of `LoanTerms` that a witness has, and which instalments it shows.
    function readWitness(bytes calldata witness)
        external
        pure
        returns (bytes32 loanId, uint256 shownFrom, uint256 shownEnd, LoanTerms memory terms);

    function rowOf(bytes calldata witness, uint256 index)
        external
        pure
        returns (uint32 startsOn, uint256 balanceMinor, Instalment memory row, uint256 balanceAfterMinor);

    /// @notice The members of `LoanTerms` that an agreement has.
    function readAgreement(bytes calldata witness, bytes calldata agreement)
        external
        pure
        returns (LoanTerms memory terms);

    /// @notice Stores `state`, loads it and stores that: what comes back of it.
    function storedAndLoaded(LoanState calldata state) external returns (LoanState memory);

    /// @notice An instalment as the schedule stands now.
    function reduced(LoanState calldata state, bytes calldata witness, uint256 index)
        external
        returns (uint256 balanceMinor, uint256 interestMinor, uint256 principalMinor);

    function accrue(LoanState calldata state, bytes calldata witness, uint256 today)
        external
        returns (Owed memory owed, LoanState memory accrued);

    /// @notice Accrues to `today` and allocates `amountMinor`: penalty, interest, principal.
    function repay(
        LoanState calldata state,
        bytes calldata witness,
        uint256 today,
        uint256 amountMinor
    ) external returns (uint256[3] memory parts, bool isCleared, LoanState memory moved);

    function prepay(
        LoanState calldata state,
        bytes calldata witness,
        uint256 today,
        uint256 principalMinor
    ) external returns (uint256 interestMinor, LoanState memory moved);

    function accelerate(LoanState calldata state, bytes calldata witness, uint256 today)
        external
        returns (LoanState memory moved);

    function credit(bytes calldata witness, uint256 balanceMinor)
        external
        returns (LoanState memory credited);
}
