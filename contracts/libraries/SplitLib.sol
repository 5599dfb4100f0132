// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Member} from "../interfaces/ICoLending.sol";

/// @title SplitLib
/// @notice What each member is entitled to of all that came in. With every unit that comes in exactly one
/// member's amount grows, by one, and no other shrinks: so nobody is ever paid too early, and when
/// money is paid on changes nothing.
library SplitLib {
    /// @return amounts By member; they sum to `receivedMinor`.
    function entitlements(Member[] memory members, uint256 receivedMinor)
        internal
        pure
        returns (uint256[] memory amounts)
    {
        amounts = new uint256[](members.length);
        uint256[] memory weights = new uint256[](members.length);
        uint256 left = receivedMinor;
        for (uint256 start; start < members.length;) {
            uint256 end = start;
            uint256 prioritiesMinor;
            while (end < members.length && members[end].rank == members[start].rank) {
                weights[end] = members[end].priorityMinor;
                prioritiesMinor += weights[end];
                ++end;
            }
            uint256 part = left < prioritiesMinor ? left : prioritiesMinor;
            _split(part, weights, prioritiesMinor, start, end, amounts);
            left -= part;
            start = end;
        }

        uint256 shares;
        for (uint256 i; i < members.length; ++i) {
            weights[i] = members[i].share;
            shares += weights[i];
        }
        _split(left, weights, shares, 0, members.length, amounts);
    }

    /// @dev Adds `amount` to `amounts` in proportion to `weights`. Each member in turn takes its part,
    /// rounded half up, of what the ones before it left, against the weights left. When a whole grows
    /// by one, either the part or the rest grows by one, and the other stays. Parts of the whole that
    /// are rounded each by itself would not have this property.
    function _split(
        uint256 amount,
        uint256[] memory weights,
        uint256 weightsLeft,
        uint256 start,
        uint256 end,
        uint256[] memory amounts
    ) private pure {
        for (uint256 i = start; i < end; ++i) {
            if (weights[i] == 0) continue;
            uint256 part = (2 * amount * weights[i] + weightsLeft) / (2 * weightsLeft);
            amounts[i] += part;
            amount -= part;
            weightsLeft -= weights[i];
        }
    }
}
