// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Member} from "./ICoLending.sol";

/// @title ICoLendingFactory
/// @notice Makes co-lendings at addresses known beforehand. The address commits to the members and all
/// they agreed; whoever registers one as a lender should have it from here.
interface ICoLendingFactory {
    event CoLendingCreated(address indexed coLending, Member[] members, bytes32 salt);

    /// @dev Fewer than two members, or more than sixteen.
    error MemberCountInvalid(uint256 count);
    error MemberRepeated(address member);
    /// @dev The member is not registered as a lender, or is frozen.
    error MemberNotLender(address member);
    /// @dev A member that cannot be agreed on; `field` is the member's name in `Member`.
    error MemberInvalid(uint256 index, bytes32 field);
    /// @dev Nobody has a share of what goes beyond the priorities.
    error SharesMissing();

    /// @notice Makes the co-lending of these members, or finds it made. Anyone may call; it binds nobody
    /// before the members sign.
    /// @dev All members are active lenders. Ranks start at zero and leave none out. Everybody puts in
    /// something and has a priority or a share.
    /// @param salt Tells co-lendings of equal members apart.
    function create(Member[] calldata members, bytes32 salt) external returns (address coLending);

    /// @notice Where the co-lending is or will be.
    function coLendingOf(Member[] calldata members, bytes32 salt) external view returns (address);
}
