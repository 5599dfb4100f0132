// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {Deployment} from "../base/Deployment.sol";

/// @notice Bank money enters and leaves by bank payments, each booked once.
contract MintBurnTest is Deployment {
    uint256 private constant SUPPLY_MAX = 2 ** 63 - 1;

    function setUp() public override {
        super.setUp();
        vm.prank(lender);
        token.approve(bank, SUPPLY_MAX);
    }

    function testDescribesItself() public view {
        IERC20Metadata described = IERC20Metadata(address(token));
        vm.assertEq(described.name(), "Settlement Yuan");
        vm.assertEq(described.symbol(), "SCNY");
        vm.assertEq(described.decimals(), 2);
        vm.assertEq(token.currency(), bytes32("CNY"));
    }

    /* MINT */

    function testMints() public {
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(0), lender, 5_000);
        vm.expectEmit(address(token));
        emit ISettlementToken.Minted(lender, 5_000, "CNAPS 1");
        _mint(lender, 5_000, "CNAPS 1");
        vm.assertEq(token.balanceOf(lender), 5_000);
        vm.assertEq(token.totalSupply(), 5_000);
        vm.assertTrue(token.isBankReferenceUsed("CNAPS 1"));
        vm.assertFalse(token.isBankReferenceUsed("CNAPS 2"));
    }

    function testRevertsOnNothing() public {
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.AmountZero.selector));
        _mint(lender, 0, "CNAPS 1");
    }

    function testRevertsWithoutABankReference() public {
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.BankReferenceMissing.selector));
        _mint(lender, 1, "");
    }

    function testRevertsOnABankReferenceUsedBefore() public {
        _mint(lender, 1, "CNAPS 1");
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlementToken.BankReferenceUsed.selector, bytes32("CNAPS 1")
            )
        );
        _mint(borrower, 2, "CNAPS 1");
    }

    function testRevertsOnInactiveReceivers() public {
        vm.expectRevert(_notActive(outsider));
        _mint(outsider, 1, "CNAPS 1");
        _freeze(lender);
        vm.expectRevert(_notActive(lender));
        _mint(lender, 1, "CNAPS 1");
        vm.assertFalse(token.isBankReferenceUsed("CNAPS 1"));
    }

    /// @dev Nobody could ever use it there.
    function testRevertsOnALedgerAsReceiver() public {
        vm.expectRevert(
            abi.encodeWithSelector(ISettlementToken.ReceiverIsLedger.selector, address(ledger))
        );
        _mint(address(ledger), 1, "CNAPS 1");
    }

    function testRevertsOnNobodyAsReceiver() public {
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0))
        );
        _mint(address(0), 1, "CNAPS 1");
    }

    function testTheSupplyFitsSixtyThreeBits() public {
        _mint(lender, SUPPLY_MAX, "CNAPS 1");
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlementToken.SupplyAboveBound.selector, SUPPLY_MAX + 1, SUPPLY_MAX
            )
        );
        _mint(borrower, 1, "CNAPS 2");
        _burn(lender, 1, "CNAPS 3");
        _mint(borrower, 1, "CNAPS 2");
    }

    function testRevertsOnAmountsThatWrapAround() public {
        _mint(lender, 1, "CNAPS 1");
        vm.expectRevert();
        _mint(lender, type(uint256).max, "CNAPS 2");
        vm.assertEq(token.totalSupply(), 1);
    }

    /* BURN */

    function testBurnsWhatThePartyAllowed() public {
        _mint(lender, 5_000, "CNAPS 1");
        vm.prank(lender);
        token.approve(bank, 3_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(lender, address(0), 2_000);
        vm.expectEmit(address(token));
        emit ISettlementToken.Burned(lender, 2_000, "CNAPS 2");
        vm.prank(bank);
        token.burn(lender, 2_000, "CNAPS 2");
        vm.assertEq(token.balanceOf(lender), 3_000);
        vm.assertEq(token.totalSupply(), 3_000);
        vm.assertEq(token.allowance(lender, bank), 1_000);
    }

    function testRevertsOnMoreThanThePartyAllowed() public {
        _mint(lender, 5_000, "CNAPS 1");
        vm.prank(lender);
        token.approve(bank, 1_999);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, bank, 1_999, 2_000
            )
        );
        vm.prank(bank);
        token.burn(lender, 2_000, "CNAPS 2");
    }

    function testTheBankBurnsItsOwnWithoutAllowance() public {
        _mint(bank, 5_000, "CNAPS 1");
        vm.prank(bank);
        token.burn(bank, 5_000, "CNAPS 2");
        vm.assertEq(token.totalSupply(), 0);
    }

    function testRevertsOnBurningMoreThanThereIs() public {
        _mint(lender, 5, "CNAPS 1");
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, lender, 5, 6)
        );
        _burn(lender, 6, "CNAPS 2");
    }

    function testRevertsOnBurningFrozenMoney() public {
        _mint(lender, 5, "CNAPS 1");
        _freeze(lender);
        vm.expectRevert(_notActive(lender));
        _burn(lender, 5, "CNAPS 2");
    }

    /// @dev A payment goes in or out, and is booked once either way.
    function testMintAndBurnShareTheBankReferences() public {
        _mint(lender, 5, "CNAPS 1");
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlementToken.BankReferenceUsed.selector, bytes32("CNAPS 1")
            )
        );
        _burn(lender, 5, "CNAPS 1");
        _burn(lender, 5, "CNAPS 2");
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlementToken.BankReferenceUsed.selector, bytes32("CNAPS 2")
            )
        );
        _mint(lender, 5, "CNAPS 2");
    }

    function testRevertsOnBurningNothingOrWithoutReference() public {
        vm.startPrank(bank);
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.AmountZero.selector));
        token.burn(bank, 0, "CNAPS 1");
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.BankReferenceMissing.selector));
        token.burn(bank, 1, "");
        vm.stopPrank();
    }

    function _mint(address to, uint256 amountMinor, bytes32 bankReference) private {
        vm.prank(bank);
        token.mint(to, amountMinor, bankReference);
    }

    function _burn(address from, uint256 amountMinor, bytes32 bankReference) private {
        vm.prank(bank);
        token.burn(from, amountMinor, bankReference);
    }

    function _notActive(address party) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementToken.PartyNotActive.selector, party);
    }
}
