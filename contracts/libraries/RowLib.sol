// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @notice One instalment in its place, a window on 26 bytes of the schedule: date and balance before
/// it, interest, date and balance after it.
type Row is uint256;

using RowLib for Row global;

/// @title RowLib
/// @notice Members of a `Row`.
library RowLib {
    uint256 private constant MINOR = type(uint48).max;

    /// @notice The date the instalment's period starts: the due date before it, or `disburseOn`.
    function startsOn(Row row) internal pure returns (uint32) {
        return uint32(Row.unwrap(row) >> 176);
    }

    /// @notice Principal outstanding before the instalment, by schedule.
    function balanceMinor(Row row) internal pure returns (uint256) {
        return (Row.unwrap(row) >> 128) & MINOR;
    }

    function interestMinor(Row row) internal pure returns (uint256) {
        return (Row.unwrap(row) >> 80) & MINOR;
    }

    function dueOn(Row row) internal pure returns (uint32) {
        return uint32(Row.unwrap(row) >> 48);
    }

    /// @notice Principal outstanding after the instalment, by schedule.
    function balanceAfterMinor(Row row) internal pure returns (uint256) {
        return Row.unwrap(row) & MINOR;
    }
}
