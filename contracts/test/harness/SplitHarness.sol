// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Member} from "../../interfaces/ICoLending.sol";
import {SplitLib} from "../../libraries/SplitLib.sol";
import {ISplitHarness} from "./ISplitHarness.sol";

/// @title SplitHarness
/// @notice `SplitLib` compiled with the shipped settings.
contract SplitHarness is ISplitHarness {
    /// @inheritdoc ISplitHarness
    function entitlements(Member[] calldata members, uint256 receivedMinor)
        external
        pure
        returns (uint256[] memory amounts)
    {
        return SplitLib.entitlements(members, receivedMinor);
    }
}
