// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ILedgerErrors, ILedgerEvents, LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {OwnedWallet} from "../doubles/Wallets.sol";

contract ClaimTest is ServicingTest {
    function setUp() public override {
        super.setUp();
        _disburse(_terms());
        _freeze(lender);
        _repay(_terms(), borrower, 412_000);
    }

    function testSendsWhatWasHeld() public {
        _unfreeze(lender);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.PayoutClaimed(lender, 412_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(ledger), lender, 412_000);
        vm.prank(lender);
        vm.assertEq(ledger.claim(), 412_000);
        vm.assertEq(token.balanceOf(lender), 412_000);
        vm.assertEq(ledger.claimableMinor(lender), 0);
        vm.assertEq(token.balanceOf(address(ledger)), PRINCIPAL);
    }

    function testGathersOverRepaymentsAndLoans() public {
        LoanTerms memory second = _terms();
        second.agreement = "L-2026-0002";
        _unfreeze(lender);
        vm.warp(_noon(20260102));
        _disburse(second);
        _freeze(lender);
        _repay(_terms(), borrower, 8_000);
        _repay(second, borrower, 5_000);
        vm.assertEq(ledger.claimableMinor(lender), 425_000);
        _unfreeze(lender);
        _repay(second, borrower, 7_000);
        vm.assertEq(token.balanceOf(lender), 7_000);
        vm.prank(lender);
        vm.assertEq(ledger.claim(), 425_000);
    }

    function testStaysClaimableWhileFrozen() public {
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.PartyNotActive.selector, lender));
        vm.prank(lender);
        ledger.claim();
        vm.warp(_noon(20360101));
        vm.assertEq(ledger.claimableMinor(lender), 412_000);
        _unfreeze(lender);
        vm.prank(lender);
        ledger.claim();
        vm.assertEq(token.balanceOf(lender), 412_000);
    }

    function testRevertsTheSecondTime() public {
        _unfreeze(lender);
        vm.prank(lender);
        ledger.claim();
        _expectNothing(lender);
    }

    function testRevertsForThoseNothingIsHeldFor() public {
        _expectNothing(borrower);
        _expectNothing(servicer);
        _expectNothing(outsider);
    }

    /// @dev What is held for one is neither controlled money nor another's.
    function testHeldMoneyIsNotControlledMoney() public {
        vm.startPrank(borrower);
        ledger.withdraw(_witness(_terms()), _agreement(_terms()), SELF_PAID_MAX);
        ledger.pay(_witness(_terms()), _agreement(_terms()), steelmaker, MATERIALS_CAP, MATERIALS, EVIDENCE);
        ledger.pay(_witness(_terms()), _agreement(_terms()), outfitter, 200_000, MACHINES, EVIDENCE);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedgerErrors.ControlledBalanceExceeded.selector, uint64(0), uint64(1)
            )
        );
        ledger.pay(_witness(_terms()), _agreement(_terms()), outfitter, 1, MACHINES, EVIDENCE);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(address(ledger)), 412_000);
    }

    function testTheReleaseAtClosingIsClaimedLikewise() public {
        _freeze(borrower);
        _payoff(_terms(), stranger);
        _unfreeze(borrower);
        vm.prank(borrower);
        vm.assertEq(ledger.claim(), PRINCIPAL);
        vm.assertEq(token.balanceOf(address(ledger)), ledger.claimableMinor(lender));
    }

    function testAWalletClaims() public {
        OwnedWallet wallet = new OwnedWallet(lender);
        _register(address(wallet), PartyRoles.LENDER, 0);
        LoanTerms memory terms = _terms();
        terms.lender = address(wallet);
        vm.warp(_noon(20260102));
        _originate(terms);
        vm.warp(_noon(20260105));
        _fund(address(wallet), PRINCIPAL);
        wallet.approve(token, address(ledger), PRINCIPAL);
        vm.prank(servicer);
        ledger.disburse(_witness(terms), _agreement(terms));
        _freeze(address(wallet));
        _repay(terms, borrower, 12_000);
        _unfreeze(address(wallet));
        wallet.claim(ledger);
        vm.assertEq(token.balanceOf(address(wallet)), 12_000);
    }

    function _expectNothing(address party) private {
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.NothingToClaim.selector, party));
        vm.prank(party);
        ledger.claim();
    }
}
