// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPartyRegistry, Party, PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {Deployment} from "../base/Deployment.sol";

contract PartyRegistryTest is Deployment {
    bytes32 private constant IDENTITY = keccak256("identity record and salt");

    /* REGISTER */

    function testRegistersAParty() public {
        vm.expectEmit(address(registry));
        emit IPartyRegistry.PartyRegistered(outsider, PartyRoles.LENDER, 0, IDENTITY);
        vm.prank(registrar);
        registry.register(outsider, PartyRoles.LENDER, 0, IDENTITY);
        _assertParty(outsider, PartyRoles.LENDER, 0, false, IDENTITY);
    }

    function testUnregisteredPartiesAreAllZero() public view {
        _assertParty(outsider, 0, 0, false, 0);
        vm.assertFalse(registry.isActive(outsider));
        vm.assertFalse(registry.isActiveAs(outsider, 0));
        vm.assertFalse(registry.isActiveAs(outsider, PartyRoles.LENDER));
    }

    function testRevertsOnAPartyTwice() public {
        vm.expectRevert(
            abi.encodeWithSelector(IPartyRegistry.PartyAlreadyRegistered.selector, lender)
        );
        vm.prank(registrar);
        registry.register(lender, PartyRoles.LENDER, 0, IDENTITY);
    }

    function testRevertsOnNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IPartyRegistry.PartyAddressZero.selector));
        vm.prank(registrar);
        registry.register(address(0), PartyRoles.LENDER, 0, IDENTITY);
    }

    function testRevertsOnRolesThatAreNone() public {
        uint32[4] memory wrong =
            [uint32(0), PartyRoles.ALL + 1, PartyRoles.ALL + 1 + PartyRoles.LENDER, type(uint32).max];
        for (uint256 i; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IPartyRegistry.RolesInvalid.selector, wrong[i]));
            vm.prank(registrar);
            registry.register(outsider, wrong[i], 0, IDENTITY);
        }
    }

    function testPayeesAndOnlyPayeesHaveACategory() public {
        _expectCategoryInvalid(PartyRoles.PAYEE, 0);
        _expectCategoryInvalid(PartyRoles.PAYEE | PartyRoles.BORROWER, 0);
        _expectCategoryInvalid(PartyRoles.BORROWER, STEEL);
        _expectCategoryInvalid(PartyRoles.ALL & ~PartyRoles.PAYEE, STEEL);
        vm.prank(registrar);
        registry.register(outsider, PartyRoles.ALL, STEEL, IDENTITY);
        _assertParty(outsider, PartyRoles.ALL, STEEL, false, IDENTITY);
    }

    function testRevertsWithoutAnIdentity() public {
        vm.expectRevert(
            abi.encodeWithSelector(IPartyRegistry.IdentityCommitmentMissing.selector, outsider)
        );
        vm.prank(registrar);
        registry.register(outsider, PartyRoles.LENDER, 0, 0);
    }

    /* UPDATE */

    function testReplacesRolesCategoryAndIdentity() public {
        uint32 roles = PartyRoles.PAYEE | PartyRoles.BORROWER;
        vm.expectEmit(address(registry));
        emit IPartyRegistry.PartyUpdated(lender, roles, OUTFITTING, IDENTITY);
        vm.prank(registrar);
        registry.update(lender, roles, OUTFITTING, IDENTITY);
        _assertParty(lender, roles, OUTFITTING, false, IDENTITY);
        vm.assertFalse(registry.isActiveAs(lender, PartyRoles.LENDER));
    }

    function testAnUpdateDoesNotUnfreeze() public {
        _freeze(lender);
        _setRoles(lender, PartyRoles.LENDER | PartyRoles.GUARANTOR);
        vm.assertTrue(registry.partyOf(lender).isFrozen);
        vm.assertFalse(registry.isActive(lender));
    }

    function testAnUpdateIsCheckedLikeARegistration() public {
        vm.startPrank(registrar);
        vm.expectRevert(abi.encodeWithSelector(IPartyRegistry.PartyNotRegistered.selector, outsider));
        registry.update(outsider, PartyRoles.LENDER, 0, IDENTITY);
        vm.expectRevert(abi.encodeWithSelector(IPartyRegistry.RolesInvalid.selector, uint32(0)));
        registry.update(lender, 0, 0, IDENTITY);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPartyRegistry.PayeeCategoryInvalid.selector, PartyRoles.PAYEE, uint16(0)
            )
        );
        registry.update(lender, PartyRoles.PAYEE, 0, IDENTITY);
        vm.expectRevert(
            abi.encodeWithSelector(IPartyRegistry.IdentityCommitmentMissing.selector, lender)
        );
        registry.update(lender, PartyRoles.LENDER, 0, 0);
        vm.stopPrank();
    }

    /* FREEZE */

    function testFreezesAndUnfreezes() public {
        vm.expectEmit(address(registry));
        emit IPartyRegistry.PartyFrozen(lender, "court order");
        vm.prank(guardian);
        registry.freeze(lender, "court order");
        vm.assertTrue(registry.partyOf(lender).isFrozen);
        vm.assertFalse(registry.isActive(lender));
        vm.assertFalse(registry.isActiveAs(lender, PartyRoles.LENDER));

        vm.expectEmit(address(registry));
        emit IPartyRegistry.PartyUnfrozen(lender, "order lifted");
        vm.prank(guardian);
        registry.unfreeze(lender, "order lifted");
        vm.assertTrue(registry.isActiveAs(lender, PartyRoles.LENDER));
    }

    function testRevertsOnFreezingTheUnregistered() public {
        bytes memory notRegistered =
            abi.encodeWithSelector(IPartyRegistry.PartyNotRegistered.selector, outsider);
        vm.startPrank(guardian);
        vm.expectRevert(notRegistered);
        registry.freeze(outsider, "court order");
        vm.expectRevert(notRegistered);
        registry.unfreeze(outsider, "order lifted");
        vm.stopPrank();
    }

    function testRevertsWhenNothingChanges() public {
        vm.startPrank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(IPartyRegistry.FrozenUnchanged.selector, lender, false)
        );
        registry.unfreeze(lender, "order lifted");
        registry.freeze(lender, "court order");
        vm.expectRevert(abi.encodeWithSelector(IPartyRegistry.FrozenUnchanged.selector, lender, true));
        registry.freeze(lender, "court order");
        vm.stopPrank();
    }

    /* ROLES */

    function testEveryRoleAskedForMustBeHeld(uint32 heldSeed, uint32 askedSeed) public {
        uint32 held = uint32(bound(heldSeed, 1, PartyRoles.ALL));
        uint32 asked = uint32(bound(askedSeed, 0, PartyRoles.ALL));
        uint16 category = held & PartyRoles.PAYEE == 0 ? 0 : STEEL;
        vm.prank(registrar);
        registry.register(outsider, held, category, IDENTITY);
        bool hasAll = true;
        for (uint256 bit; bit < 7; ++bit) {
            if (asked & (1 << bit) != 0 && held & (1 << bit) == 0) hasAll = false;
        }
        vm.assertEq(registry.isActiveAs(outsider, asked), hasAll);
        vm.assertTrue(registry.isActive(outsider));
    }

    function _expectCategoryInvalid(uint32 roles, uint16 category) private {
        vm.expectRevert(
            abi.encodeWithSelector(IPartyRegistry.PayeeCategoryInvalid.selector, roles, category)
        );
        vm.prank(registrar);
        registry.register(outsider, roles, category, IDENTITY);
    }

    function _assertParty(
        address party,
        uint32 roles,
        uint16 category,
        bool isFrozen,
        bytes32 identity
    ) private view {
        Party memory record = registry.partyOf(party);
        vm.assertEq(record.roles, roles);
        vm.assertEq(record.payeeCategory, category);
        vm.assertEq(record.isFrozen, isFrozen);
        vm.assertEq(record.identityCommitment, identity);
    }
}
