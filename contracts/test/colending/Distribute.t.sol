// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ICoLending} from "../../interfaces/ICoLending.sol";
import {ILedgerEvents} from "../../interfaces/ILoanLedger.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {CoLendingTest} from "./CoLendingTest.sol";

/// @notice What comes in is paid on: of 12 parts the lender has 8, the city bank 3, the village bank 1.
contract CoLendingDistributeTest is CoLendingTest {
    function setUp() public override {
        super.setUp();
        _coDisburse(_coTerms());
    }

    function testPaysEveryMemberItsPart() public {
        _repay(_coTerms(), borrower, 412_000);
        _assertOwed(274_667, 103_000, 34_333);
        vm.expectEmit(address(coLending));
        emit ICoLending.SharePaid(lender, 274_667);
        vm.expectEmit(address(coLending));
        emit ICoLending.SharePaid(cityBank, 103_000);
        vm.expectEmit(address(coLending));
        emit ICoLending.SharePaid(villageBank, 34_333);
        vm.prank(outsider);
        vm.assertEq(coLending.distribute(), 412_000);
        _assertHave(274_667, 103_000, 34_333);
        _assertOwed(0, 0, 0);
        vm.assertEq(coLending.paidMinor(cityBank), 103_000);
        vm.assertEq(coLending.receivedMinor(), 412_000);
    }

    /// @dev Unit by unit or all at once: in the end everybody has the same.
    function testUnitByUnit() public {
        for (uint256 i; i < 24; ++i) {
            _repay(_coTerms(), borrower, 1);
            vm.assertEq(coLending.distribute(), 1);
        }
        _assertHave(16, 6, 2);
    }

    function testNothingToDistribute() public {
        vm.expectRevert(ICoLending.NothingToDistribute.selector);
        coLending.distribute();
        _repay(_coTerms(), borrower, 1);
        coLending.distribute();
        vm.expectRevert(ICoLending.NothingToDistribute.selector);
        coLending.distribute();
    }

    function testAnybodysMoneyIsSplitAlike() public {
        _repay(_coTerms(), villageBank, 1_200);
        coLending.distribute();
        _assertHave(800, 300, 100);
    }

    function testWhatCameByMistakeIsSplitToo() public {
        _sendHere(stranger, 1_200);
        _assertOwed(800, 300, 100);
    }

    /// @dev A co-lending that sends to itself has neither more nor less, and here it cannot.
    function testNoMoneyLeavesExceptToMembers() public {
        _repay(_coTerms(), borrower, 1_200);
        vm.startPrank(stranger);
        vm.expectRevert();
        token.transferFrom(address(coLending), address(coLending), 1);
        vm.expectRevert();
        token.transferFrom(address(coLending), stranger, 1);
        vm.stopPrank();
        _assertOwed(800, 300, 100);
    }

    /* WHO CANNOT RECEIVE */

    function testAFrozenMemberHoldsUpNobody() public {
        _repay(_coTerms(), borrower, 1_200);
        _freeze(cityBank);
        vm.expectEmit(address(coLending));
        emit ICoLending.SharePaid(lender, 800);
        vm.expectEmit(address(coLending));
        emit ICoLending.ShareHeld(cityBank, 300);
        vm.expectEmit(address(coLending));
        emit ICoLending.SharePaid(villageBank, 100);
        vm.assertEq(coLending.distribute(), 900);
        _assertHave(800, 0, 100);
        _assertOwed(0, 300, 0);
        vm.assertEq(coLending.paidMinor(cityBank), 0);
    }

    function testWhatIsHeldStaysOwedAndGrows() public {
        _freeze(cityBank);
        _repay(_coTerms(), borrower, 1_200);
        coLending.distribute();
        vm.assertEq(coLending.distribute(), 0);
        _repay(_coTerms(), borrower, 2_400);
        coLending.distribute();
        _assertHave(2_400, 0, 300);
        _assertOwed(0, 900, 0);
        vm.warp(_noon(20360101));
        _unfreeze(cityBank);
        vm.assertEq(coLending.distribute(), 900);
        _assertHave(2_400, 900, 300);
    }

    function testWhileTheCoLendingIsFrozenTheLedgerHolds() public {
        _repay(_coTerms(), borrower, 1_200);
        _freeze(address(coLending));
        _repay(_coTerms(), borrower, 2_400);
        vm.assertEq(ledger.claimableMinor(address(coLending)), 2_400);
        vm.assertEq(coLending.receivedMinor(), 1_200);
        vm.assertEq(coLending.distribute(), 0);
        _assertOwed(800, 300, 100);
        _unfreeze(address(coLending));
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.PayoutClaimed(address(coLending), 2_400);
        vm.assertEq(coLending.distribute(), 3_600);
        _assertHave(2_400, 900, 300);
        vm.assertEq(ledger.claimableMinor(address(coLending)), 0);
    }

    /// @dev What the ledger holds and cannot send now does not keep back what is here.
    function testWhileTheLedgerIsFrozenWhatIsHereIsPaid() public {
        _freeze(address(coLending));
        _repay(_coTerms(), borrower, 2_400);
        _unfreeze(address(coLending));
        _sendHere(stranger, 1_200);
        _freeze(address(ledger));
        vm.assertEq(coLending.distribute(), 1_200);
        _assertHave(800, 300, 100);
        _unfreeze(address(ledger));
        vm.assertEq(coLending.distribute(), 2_400);
        _assertHave(2_400, 900, 300);
    }

    /* CLAIM */

    function testAMemberClaimsItsOwn() public {
        _repay(_coTerms(), borrower, 1_200);
        vm.expectEmit(address(coLending));
        emit ICoLending.SharePaid(cityBank, 300);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(coLending), cityBank, 300);
        vm.prank(cityBank);
        vm.assertEq(coLending.claim(), 300);
        _assertHave(0, 300, 0);
        _assertOwed(800, 0, 100);
        coLending.distribute();
        _assertHave(800, 300, 100);
    }

    function testClaimingFetchesWhatTheLedgerHolds() public {
        _freeze(address(coLending));
        _repay(_coTerms(), borrower, 1_200);
        _unfreeze(address(coLending));
        vm.prank(villageBank);
        vm.assertEq(coLending.claim(), 100);
        _assertOwed(800, 300, 0);
    }

    function testAFrozenMemberLearnsWhy() public {
        _repay(_coTerms(), borrower, 1_200);
        _freeze(cityBank);
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.PartyNotActive.selector, cityBank));
        vm.prank(cityBank);
        coLending.claim();
        _assertOwed(800, 300, 100);
        _unfreeze(cityBank);
        vm.prank(cityBank);
        vm.assertEq(coLending.claim(), 300);
    }

    function testNothingToClaim() public {
        _expectNothingToClaim(lender);
        _repay(_coTerms(), borrower, 1_200);
        _expectNothingToClaim(borrower);
        _expectNothingToClaim(outsider);
        vm.prank(lender);
        coLending.claim();
        _expectNothingToClaim(lender);
    }

    /* WHEN AND HOW OFTEN DOES NOT MATTER */

    /// @dev Random money in, random payouts and freezes between: all have what one payout at the end
    /// would have given them.
    function testTheEndDoesNotDependOnTheWay(uint256 seed) public {
        uint256 received;
        address[3] memory parties = [lender, cityBank, villageBank];
        for (uint256 i; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 amount = 1 + (seed >> 8) % (seed >> 40 & 1 == 0 ? 5 : 100_000);
            _sendHere(stranger, amount);
            received += amount;
            address party = parties[(seed >> 48) % 3];
            uint256 what = (seed >> 56) % 4;
            if (what == 0) coLending.distribute();
            if (what == 1 && coLending.owedMinor(party) != 0 && registry.isActive(party)) {
                vm.prank(party);
                coLending.claim();
            }
            if (what == 2) registry.isActive(party) ? _freeze(party) : _unfreeze(party);
        }
        for (uint256 i; i < 3; ++i) if (!registry.isActive(parties[i])) _unfreeze(parties[i]);
        if (token.balanceOf(address(coLending)) != 0) coLending.distribute();

        uint256 first = (2 * received * 800_000 + 1_200_000) / 2_400_000;
        uint256 second = (2 * (received - first) * 300_000 + 400_000) / 800_000;
        _assertHave(first, second, received - first - second);
    }

    /* STEPS */

    function _sendHere(address payer, uint256 amountMinor) private {
        _fund(payer, amountMinor);
        vm.prank(payer);
        token.transfer(address(coLending), amountMinor);
    }

    function _expectNothingToClaim(address party) private {
        vm.expectRevert(abi.encodeWithSelector(ICoLending.NothingToClaim.selector, party));
        vm.prank(party);
        coLending.claim();
    }
}
