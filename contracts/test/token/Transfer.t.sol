// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {Deployment} from "../base/Deployment.sol";

contract TransferTest is Deployment {
    function setUp() public override {
        super.setUp();
        _fund(lender, 1_000);
    }

    /* TRANSFER */

    function testMovesMoneyBetweenActiveParties() public {
        vm.expectEmit(address(token));
        emit IERC20.Transfer(lender, stranger, 400);
        vm.prank(lender);
        vm.assertTrue(token.transfer(stranger, 400));
        vm.assertEq(token.balanceOf(lender), 600);
        vm.assertEq(token.balanceOf(stranger), 400);
    }

    function testATransferToItselfChangesNothing() public {
        vm.prank(lender);
        token.transfer(lender, 1_000);
        vm.assertEq(token.balanceOf(lender), 1_000);
        vm.assertEq(token.totalSupply(), 1_000);
    }

    function testRevertsOnInactiveReceivers() public {
        vm.startPrank(lender);
        vm.expectRevert(_notActive(outsider));
        token.transfer(outsider, 1);
        vm.stopPrank();
        _freeze(stranger);
        vm.prank(lender);
        vm.expectRevert(_notActive(stranger));
        token.transfer(stranger, 1);
    }

    function testRevertsOnInactiveSenders() public {
        vm.expectRevert(_notActive(outsider));
        vm.prank(outsider);
        token.transfer(lender, 0);
        _freeze(lender);
        vm.expectRevert(_notActive(lender));
        vm.prank(lender);
        token.transfer(stranger, 1);
        vm.expectRevert(_notActive(lender));
        vm.prank(lender);
        token.transfer(lender, 1);
    }

    function testRevertsOnMoreThanThereIs() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, lender, 1_000, 1_001
            )
        );
        vm.prank(lender);
        token.transfer(stranger, 1_001);
    }

    /// @dev Such money would be in no loan's account, and no function of the ledger would send it back.
    function testRevertsOnALedgerAsReceiver() public {
        bytes memory receiverIsLedger =
            abi.encodeWithSelector(ISettlementToken.ReceiverIsLedger.selector, address(ledger));
        vm.startPrank(lender);
        vm.expectRevert(receiverIsLedger);
        token.transfer(address(ledger), 1);
        vm.expectRevert(receiverIsLedger);
        token.transfer(address(ledger), 0);
        vm.expectRevert(receiverIsLedger);
        token.transferWithPurpose(address(ledger), 1, "repayment", "evidence");
        token.approve(stranger, 1);
        vm.stopPrank();
        vm.expectRevert(receiverIsLedger);
        vm.prank(stranger);
        token.transferFrom(lender, address(ledger), 1);
    }

    function testALedgerFetchesWhatItWasAllowed() public {
        vm.prank(lender);
        token.approve(address(ledger), 10);
        vm.prank(address(ledger));
        token.transferFrom(lender, address(ledger), 10);
        vm.assertEq(token.balanceOf(address(ledger)), 10);
    }

    function testALedgerCannotSendToAnotherLedger() public {
        (address other,) = makeKey("other ledger");
        _register(other, PartyRoles.LEDGER | PartyRoles.PAYEE, STEEL);
        vm.startPrank(address(ledger));
        vm.expectRevert(
            abi.encodeWithSelector(ISettlementToken.ReceiverIsLedger.selector, other)
        );
        token.transfer(other, 0);
        vm.stopPrank();
    }

    /* TRANSFER FROM */

    function testTransferFromSpendsTheAllowance() public {
        vm.prank(lender);
        token.approve(outsider, 100);
        vm.prank(outsider);
        token.transferFrom(lender, stranger, 60);
        vm.assertEq(token.allowance(lender, outsider), 40);
        vm.assertEq(token.balanceOf(stranger), 60);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, outsider, 40, 41
            )
        );
        vm.prank(outsider);
        token.transferFrom(lender, stranger, 41);
    }

    function testAllowancesDoNotMoveFrozenMoney() public {
        vm.prank(lender);
        token.approve(stranger, 100);
        _freeze(lender);
        vm.expectRevert(_notActive(lender));
        vm.prank(stranger);
        token.transferFrom(lender, stranger, 1);
    }

    /* WITH PURPOSE */

    function testStatesThePurposeAfterTheTransfer() public {
        vm.expectEmit(address(token));
        emit IERC20.Transfer(lender, stranger, 400);
        vm.expectEmit(address(token));
        emit ISettlementToken.PurposeStated(lender, stranger, 400, "wages", "payslip");
        vm.prank(lender);
        vm.assertTrue(token.transferWithPurpose(stranger, 400, "wages", "payslip"));
        vm.assertEq(token.balanceOf(stranger), 400);
    }

    function testEvidenceIsOptional() public {
        vm.prank(lender);
        token.transferWithPurpose(stranger, 400, "wages", 0);
    }

    function testRevertsOnAPurposeThatIsNoText() public {
        bytes32[3] memory wrong = [bytes32(0), bytes32(uint256(1)), bytes32("wages") | bytes32(uint256(1))];
        for (uint256 i; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISettlementToken.PurposeMissing.selector));
            vm.prank(lender);
            token.transferWithPurpose(stranger, 400, wrong[i], "payslip");
        }
    }

    function testRevertsOnNothingWithAPurpose() public {
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.AmountZero.selector));
        vm.prank(lender);
        token.transferWithPurpose(stranger, 0, "wages", "payslip");
    }

    function testAPurposeDoesNotHelpTheInactive() public {
        vm.expectRevert(_notActive(outsider));
        vm.prank(lender);
        token.transferWithPurpose(outsider, 1, "wages", "payslip");
    }

    function _notActive(address party) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementToken.PartyNotActive.selector, party);
    }
}
