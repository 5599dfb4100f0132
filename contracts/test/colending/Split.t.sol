// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Member} from "../../interfaces/ICoLending.sol";
import {ISplitHarness} from "../harness/ISplitHarness.sol";
import {Test} from "../Test.sol";

/// @notice Entitlements as a function of what came in, without a loan around them.
contract SplitTest is Test {
    uint256 private constant MOST = type(uint56).max;

    ISplitHarness private _library;

    function setUp() public {
        _library = ISplitHarness(deployArtifact("SplitHarness", ""));
    }

    /* WHAT THE HEAD OF THE CONTRACT SAYS */

    function testWithoutRanksEveryUnitGoesByShares() public view {
        Member[] memory members = new Member[](2);
        members[0] = Member(address(1), 0, 7_000_000, 0, 7_000_000);
        members[1] = Member(address(2), 0, 3_000_000, 0, 3_000_000);
        _assertSplit(members, 0, [uint256(0), 0]);
        _assertSplit(members, 100, [uint256(70), 30]);
        _assertSplit(members, 10_000_000, [uint256(7_000_000), 3_000_000]);
        _assertSplit(members, 1, [uint256(1), 0]);
        _assertSplit(members, 2, [uint256(1), 1]);
        _assertSplit(members, 99, [uint256(69), 30]);
    }

    function testFirstLoss() public view {
        Member[] memory members = new Member[](2);
        members[0] = Member(address(1), 0, 9_000, 9_450, 1);
        members[1] = Member(address(2), 1, 1_000, 1_000, 3);
        _assertSplit(members, 2_000, [uint256(2_000), 0]);
        _assertSplit(members, 9_449, [uint256(9_449), 0]);
        _assertSplit(members, 9_450, [uint256(9_450), 0]);
        _assertSplit(members, 9_451, [uint256(9_450), 1]);
        _assertSplit(members, 9_950, [uint256(9_450), 500]);
        _assertSplit(members, 10_450, [uint256(9_450), 1_000]);
        _assertSplit(members, 11_250, [uint256(9_650), 1_600]);
    }

    function testARankSharesItsPriorityInProportion() public view {
        Member[] memory members = new Member[](3);
        members[0] = Member(address(1), 0, 600, 600, 1);
        members[1] = Member(address(2), 0, 300, 300, 1);
        members[2] = Member(address(3), 1, 100, 0, 1);
        _assertSplit(members, 9, [uint256(6), 3, 0]);
        _assertSplit(members, 90, [uint256(60), 30, 0]);
        _assertSplit(members, 900, [uint256(600), 300, 0]);
        _assertSplit(members, 903, [uint256(601), 301, 1]);
    }

    function testAMemberWithoutPriorityOrWithoutShare() public view {
        Member[] memory members = new Member[](3);
        members[0] = Member(address(1), 0, 600, 630, 0);
        members[1] = Member(address(2), 0, 300, 0, 5);
        members[2] = Member(address(3), 1, 100, 70, 5);
        _assertSplit(members, 630, [uint256(630), 0, 0]);
        _assertSplit(members, 700, [uint256(630), 0, 70]);
        _assertSplit(members, 800, [uint256(630), 50, 120]);
    }

    /// @dev Thirds never come out even; nobody falls behind for good.
    function testThirds() public view {
        Member[] memory members = new Member[](3);
        for (uint160 i; i < 3; ++i) members[i] = Member(address(i + 1), 0, 1, 0, 1);
        _assertSplit(members, 1, [uint256(0), 1, 0]);
        _assertSplit(members, 2, [uint256(1), 1, 0]);
        _assertSplit(members, 3, [uint256(1), 1, 1]);
        _assertSplit(members, 1_000_000, [uint256(333_333), 333_334, 333_333]);
    }

    function testTheLargestNumbersFit() public view {
        Member[] memory members = new Member[](16);
        for (uint160 i; i < 16; ++i) {
            uint48 most = type(uint48).max;
            members[i] = Member(address(i + 1), uint8(i), most, most, most);
        }
        uint256[] memory amounts = _library.entitlements(members, type(uint128).max);
        vm.assertEq(_sum(amounts), type(uint128).max);
    }

    /* FUZZ */

    function testEveryUnitIsSomebodys(uint256 seed, uint256 received) public view {
        Member[] memory members = _randomMembers(seed);
        vm.assertEq(_sum(_library.entitlements(members, bound(received, 0, MOST))), bound(received, 0, MOST));
    }

    /// @dev What makes it safe to pay on at any time: with one unit more one member has one more.
    function testEveryUnitMoreIsOneMembersAlone(uint256 seed, uint256 received) public view {
        Member[] memory members = _randomMembers(seed);
        received = _aPointOfInterest(members, received);
        uint256[] memory before = _library.entitlements(members, received);
        uint256[] memory then = _library.entitlements(members, received + 1);
        uint256 grown;
        for (uint256 i; i < members.length; ++i) {
            vm.assertLe(before[i], then[i]);
            vm.assertLe(then[i], before[i] + 1);
            if (then[i] != before[i]) ++grown;
        }
        vm.assertEq(grown, 1);
    }

    /// @dev Ranks in order, each full before the next begins, shares only beyond them all.
    function testRanksAreServedInOrder(uint256 seed, uint256 received) public view {
        Member[] memory members = _randomMembers(seed);
        received = _aPointOfInterest(members, received);
        uint256[] memory amounts = _library.entitlements(members, received);
        uint256 prioritiesMinor;
        for (uint256 i; i < members.length; ++i) prioritiesMinor += members[i].priorityMinor;
        if (received >= prioritiesMinor) {
            for (uint256 i; i < members.length; ++i) {
                vm.assertGe(amounts[i], members[i].priorityMinor);
            }
            return;
        }
        bool isFilling;
        for (uint256 rank; rank <= members[members.length - 1].rank; ++rank) {
            (uint256 got, uint256 agreed) = _ofRank(members, amounts, rank);
            if (isFilling) vm.assertEq(got, 0, "a rank before its turn");
            if (got < agreed) isFilling = true;
        }
        vm.assertTrue(isFilling);
    }

    /// @dev Nobody is ever as much as half a unit per member away from the exact fraction.
    function testStaysCloseToTheExactFraction(uint256 seed, uint256 received) public view {
        Member[] memory members = _randomMembers(seed);
        uint256 shares;
        for (uint256 i; i < members.length; ++i) {
            (members[i].rank, members[i].priorityMinor) = (0, 0);
            shares += members[i].share;
        }
        if (shares == 0) return;
        received = bound(received, 0, MOST);
        uint256[] memory amounts = _library.entitlements(members, received);
        for (uint256 i; i < members.length; ++i) {
            uint256 exact = received * members[i].share;
            uint256 got = amounts[i] * shares;
            uint256 distance = exact > got ? exact - got : got - exact;
            vm.assertLt(distance * 2, shares * members.length);
        }
    }

    /// @dev A whole round of all shares leaves nothing to round.
    function testWholeRoundsAreExact(uint256 seed, uint256 rounds) public view {
        Member[] memory members = _randomMembers(seed);
        uint256 due;
        for (uint256 i; i < members.length; ++i) {
            due += members[i].priorityMinor;
        }
        rounds = bound(rounds, 0, type(uint32).max);
        for (uint256 i; i < members.length; ++i) due += members[i].share * rounds;
        uint256[] memory amounts = _library.entitlements(members, due);
        for (uint256 i; i < members.length; ++i) {
            vm.assertEq(amounts[i], members[i].priorityMinor + members[i].share * rounds);
        }
    }

    function _randomMembers(uint256 seed) private pure returns (Member[] memory members) {
        seed = uint256(keccak256(abi.encode(seed)));
        members = new Member[](2 + seed % 15);
        uint8 rank;
        for (uint256 i; i < members.length; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (i != 0 && seed & 3 == 0) ++rank;
            // Of all sizes, zero among them.
            uint48 priority = uint48(seed >> 16) >> uint48((seed >> 8) % 49);
            uint48 share = uint48(seed >> 80) >> uint48((seed >> 64) % 49);
            members[i] = Member(address(uint160(i + 1)), rank, 1, priority, share);
        }
        if (members[0].share == 0) members[0].share = 1;
    }

    /// @dev Any amount, and often one beside the end of a rank.
    function _aPointOfInterest(Member[] memory members, uint256 seed)
        private
        pure
        returns (uint256 received)
    {
        if (seed & 1 == 0) return bound(seed >> 1, 0, MOST);
        uint256 until = (seed >> 1) % members.length;
        for (uint256 i; i <= until; ++i) received += members[i].priorityMinor;
        uint256 beside = (seed >> 16) % 5;
        return received + beside < 2 ? 0 : received + beside - 2;
    }

    function _ofRank(Member[] memory members, uint256[] memory amounts, uint256 rank)
        private
        pure
        returns (uint256 got, uint256 agreed)
    {
        for (uint256 i; i < members.length; ++i) {
            if (members[i].rank != rank) continue;
            got += amounts[i];
            agreed += members[i].priorityMinor;
        }
    }

    function _sum(uint256[] memory amounts) private pure returns (uint256 sum) {
        for (uint256 i; i < amounts.length; ++i) sum += amounts[i];
    }

    function _assertSplit(Member[] memory members, uint256 received, uint256[2] memory expected)
        private
        view
    {
        uint256[] memory amounts = _library.entitlements(members, received);
        for (uint256 i; i < 2; ++i) vm.assertEq(amounts[i], expected[i]);
    }

    function _assertSplit(Member[] memory members, uint256 received, uint256[3] memory expected)
        private
        view
    {
        uint256[] memory amounts = _library.entitlements(members, received);
        for (uint256 i; i < 3; ++i) vm.assertEq(amounts[i], expected[i]);
    }
}
