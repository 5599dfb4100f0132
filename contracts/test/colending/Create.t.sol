// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICoLending, Member} from "../../interfaces/ICoLending.sol";
import {ICoLendingFactory} from "../../interfaces/ICoLendingFactory.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {CoLendingTest} from "./CoLendingTest.sol";

contract CoLendingCreateTest is CoLendingTest {
    bytes32 private constant SALT = "another agreement";

    function testIsWhereItWasSaidToBe() public {
        address foretold = factory.coLendingOf(_firstLoss(), SALT);
        vm.assertEq(foretold.code.length, 0);
        vm.expectEmit(address(factory));
        emit ICoLendingFactory.CoLendingCreated(foretold, _firstLoss(), SALT);
        vm.prank(outsider);
        vm.assertEq(factory.create(_firstLoss(), SALT), foretold);
        bytes memory kept = abi.encode(ICoLending(foretold).members());
        vm.assertEq(kept, abi.encode(_firstLoss()));
    }

    function testTheSameAgainIsFound() public {
        address first = factory.create(_firstLoss(), SALT);
        vm.recordLogs();
        vm.assertEq(factory.create(_firstLoss(), SALT), first);
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function testIsFoundAlsoWhenAMemberIsFrozenSince() public {
        _freeze(cityBank);
        vm.assertEq(factory.create(_equals(), "L-2026-0001"), address(coLending));
    }

    function testTheAddressCommitsToAllThatWasAgreed() public view {
        address agreed = factory.coLendingOf(_firstLoss(), SALT);
        vm.assertNotEq(factory.coLendingOf(_firstLoss(), "yet another"), agreed);
        for (uint256 i; i < 6; ++i) {
            Member[] memory other = _firstLoss();
            if (i == 0) other[2].party = stranger;
            else if (i == 1) other[1].rank = 1;
            else if (i == 2) ++other[0].commitmentMinor;
            else if (i == 3) ++other[1].priorityMinor;
            else if (i == 4) ++other[2].share;
            else (other[0], other[1]) = (other[1], other[0]);
            vm.assertNotEq(factory.coLendingOf(other, SALT), agreed);
        }
    }

    function testTwoToSixteenMembers() public {
        _expectCountInvalid(0);
        _expectCountInvalid(1);
        factory.create(_crowd(2), SALT);
        factory.create(_crowd(16), SALT);
        _expectCountInvalid(17);
    }

    function testRefusesAMemberTwice() public {
        address[2] memory earlier = [lender, cityBank];
        for (uint256 i; i < 2; ++i) {
            Member[] memory members = _firstLoss();
            members[2].party = earlier[i];
            _expectRefused(
                members,
                abi.encodeWithSelector(ICoLendingFactory.MemberRepeated.selector, earlier[i])
            );
        }
    }

    function testRefusesWhoIsNoActiveLender() public {
        Member[] memory members = _equals();
        members[1].party = outsider;
        _expectNotLender(members, outsider);
        members[1].party = borrower;
        _expectNotLender(members, borrower);
        members[1].party = address(0);
        _expectNotLender(members, address(0));
        members[1].party = cityBank;
        _freeze(cityBank);
        _expectNotLender(members, cityBank);
        _unfreeze(cityBank);
        _setRoles(cityBank, PartyRoles.GUARANTOR);
        _expectNotLender(members, cityBank);
    }

    function testRanksStartAtZeroAndLeaveNoneOut() public {
        Member[] memory members = _firstLoss();
        (members[0].rank, members[1].rank, members[2].rank) = (1, 1, 1);
        _expectInvalid(members, 0, "rank");
        (members[0].rank, members[1].rank, members[2].rank) = (0, 2, 2);
        _expectInvalid(members, 1, "rank");
        (members[0].rank, members[1].rank, members[2].rank) = (0, 1, 0);
        _expectInvalid(members, 2, "rank");
        (members[0].rank, members[1].rank, members[2].rank) = (0, 1, 3);
        _expectInvalid(members, 2, "rank");
        (members[0].rank, members[1].rank, members[2].rank) = (0, 1, 2);
        factory.create(members, SALT);
    }

    function testEverybodyPutsInSomething() public {
        Member[] memory members = _firstLoss();
        members[1].commitmentMinor = 0;
        _expectInvalid(members, 1, "commitmentMinor");
    }

    function testEverybodyGetsSomething() public {
        Member[] memory members = _equals();
        members[2].share = 0;
        _expectInvalid(members, 2, "share");
        members[2].priorityMinor = 1;
        factory.create(members, SALT);
    }

    function testSomebodyGetsTheRest() public {
        Member[] memory members = _firstLoss();
        (members[0].share, members[1].share, members[2].share) = (0, 0, 0);
        _expectRefused(
            members, abi.encodeWithSelector(ICoLendingFactory.SharesMissing.selector)
        );
        members[1].share = 1;
        factory.create(members, SALT);
    }

    /// @dev The contract every co-lending is a clone of lends for nobody.
    function testTheOriginalDoesNothing() public {
        (, bytes memory answer) = address(factory).staticcall(abi.encodeWithSignature("ORIGINAL()"));
        ICoLending original = ICoLending(abi.decode(answer, (address)));
        vm.expectRevert();
        original.members();
        vm.expectRevert();
        vm.prank(lender);
        original.giveConsent("digest");
        vm.expectRevert();
        original.isValidSignature("digest", "");
        vm.expectRevert();
        original.distribute();
        vm.expectRevert();
        original.act("", type(uint256).max, "");
    }

    function _crowd(uint160 count) private returns (Member[] memory members) {
        members = new Member[](count);
        for (uint160 i; i < count; ++i) {
            address party = address(0x1000 + i);
            if (!registry.isActive(party)) _register(party, PartyRoles.LENDER, 0);
            members[i] = Member(party, 0, 1, 0, 1);
        }
    }

    function _expectCountInvalid(uint160 count) private {
        _expectRefused(
            _crowd(count),
            abi.encodeWithSelector(ICoLendingFactory.MemberCountInvalid.selector, uint256(count))
        );
    }

    function _expectNotLender(Member[] memory members, address party) private {
        _expectRefused(
            members, abi.encodeWithSelector(ICoLendingFactory.MemberNotLender.selector, party)
        );
    }

    function _expectInvalid(Member[] memory members, uint256 index, bytes32 field) private {
        _expectRefused(
            members, abi.encodeWithSelector(ICoLendingFactory.MemberInvalid.selector, index, field)
        );
    }

    function _expectRefused(Member[] memory members, bytes memory reason) private {
        vm.expectRevert(reason);
        factory.create(members, SALT);
    }
}
