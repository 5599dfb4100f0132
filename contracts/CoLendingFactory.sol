// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {CoLending} from "./CoLending.sol";
import {Member} from "./interfaces/ICoLending.sol";
import {ICoLendingFactory} from "./interfaces/ICoLendingFactory.sol";
import {ILoanLedger} from "./interfaces/ILoanLedger.sol";
import {IPartyRegistry, PartyRoles} from "./interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";

/// @title CoLendingFactory
/// @notice See `ICoLendingFactory`.
contract CoLendingFactory is ICoLendingFactory {
    /// @dev Every payout to all stays far below a block's gas.
    uint256 private constant MEMBERS_MAX = 16;

    /// @notice The original every co-lending is a clone of. It has no members itself.
    address public immutable ORIGINAL;
    IPartyRegistry public immutable REGISTRY;

    constructor(ILoanLedger ledger, IPartyRegistry registry, ISettlementToken token) {
        ORIGINAL = address(new CoLending(ledger, registry, token));
        REGISTRY = registry;
    }

    /// @inheritdoc ICoLendingFactory
    function create(Member[] calldata members, bytes32 salt) external returns (address coLending) {
        coLending = coLendingOf(members, salt);
        if (coLending.code.length != 0) return coLending;
        _requireAgreeable(members);

        emit CoLendingCreated(coLending, members, salt);

        Clones.cloneDeterministicWithImmutableArgs(ORIGINAL, abi.encode(members), salt);
    }

    /// @inheritdoc ICoLendingFactory
    function coLendingOf(Member[] calldata members, bytes32 salt) public view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(
            ORIGINAL, abi.encode(members), salt
        );
    }

    function _requireAgreeable(Member[] calldata members) private view {
        uint256 count = members.length;
        require(count >= 2 && count <= MEMBERS_MAX, MemberCountInvalid(count));
        uint256 rank;
        uint256 shares;
        for (uint256 i; i < count; ++i) {
            Member calldata member = members[i];
            address party = member.party;
            for (uint256 j; j < i; ++j) {
                require(members[j].party != party, MemberRepeated(party));
            }
            require(REGISTRY.isActiveAs(party, PartyRoles.LENDER), MemberNotLender(party));
            bool isNextRank = i != 0 && member.rank == rank + 1;
            require(member.rank == rank || isNextRank, MemberInvalid(i, "rank"));
            require(member.commitmentMinor != 0, MemberInvalid(i, "commitmentMinor"));
            require(member.priorityMinor | member.share != 0, MemberInvalid(i, "share"));
            rank = member.rank;
            shares += member.share;
        }
        require(shares != 0, SharesMissing());
    }
}
