// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Member} from "../../interfaces/ICoLending.sol";

/// @title ISplitHarness
/// @notice What tests call of `SplitLib`, behind an external call.
interface ISplitHarness {
    function entitlements(Member[] calldata members, uint256 receivedMinor)
        external
        pure
        returns (uint256[] memory amounts);
}
