// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ICoLending, Member} from "../../interfaces/ICoLending.sol";
import {ICoLendingFactory} from "../../interfaces/ICoLendingFactory.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {CoLendingTest} from "./CoLendingTest.sol";

/// @notice A token that, unlike the settlement token, asks receivers before it moves anything, or says
/// no without reverting.
contract AskingToken is ERC20("Asking", "ASK") {
    address public unwanted;

    function mint(address to, uint256 amountMinor) external {
        _mint(to, amountMinor);
    }

    function refuse(address to) external {
        unwanted = to;
    }

    function transfer(address to, uint256 amountMinor) public override returns (bool) {
        if (to == unwanted) return false;
        if (to.code.length != 0) GreedyMember(to).onAsked();
        return super.transfer(to, amountMinor);
    }
}

/// @notice A member that, asked in the middle of a payout, wants another one.
contract GreedyMember {
    ICoLending public coLending;
    bytes public want;
    bool public isInsisting;
    bytes public answer;

    function beGreedy(ICoLending lent, bytes calldata call, bool insists) external {
        (coLending, want, isInsisting) = (lent, call, insists);
    }

    function onAsked() external {
        bool isDone;
        (isDone, answer) = address(coLending).call(want);
        require(isDone || !isInsisting, "insisting");
    }
}

contract CoLendingReentrancyTest is CoLendingTest {
    AskingToken private _money;
    GreedyMember private _greedy;

    function setUp() public override {
        super.setUp();
        _money = new AskingToken();
        _greedy = new GreedyMember();
        _register(address(_greedy), PartyRoles.LENDER, 0);
        factory = ICoLendingFactory(
            deployArtifact("CoLendingFactory", abi.encode(ledger, registry, _money))
        );
        Member[] memory members = _equals();
        members[1].party = address(_greedy);
        coLending = ICoLending(factory.create(members, "with a greedy one"));
        _money.mint(address(coLending), 1_200);
    }

    function testNoSecondPayoutInsideThePayout() public {
        _expectNothingGained(abi.encodeCall(coLending.distribute, ()));
    }

    function testNoClaimInsideThePayout() public {
        _expectNothingGained(abi.encodeCall(coLending.claim, ()));
    }

    function testNoActInsideThePayout() public {
        _expectNothingGained(abi.encodeCall(coLending.act, ("", type(uint256).max, "")));
    }

    function testNoDisbursementInsideThePayout() public {
        bytes memory witness = _witness(_coTerms());
        _expectNothingGained(abi.encodeCall(coLending.disburse, (witness, "")));
    }

    /// @dev A member that fails its own payout has failed its own only.
    function testWhoInsistsGetsNothingNow() public {
        _greedy.beGreedy(coLending, abi.encodeCall(coLending.claim, ()), true);
        vm.expectEmit(address(coLending));
        emit ICoLending.ShareHeld(address(_greedy), 300);
        coLending.distribute();
        _assertMoney(800, 0, 100);
        vm.assertEq(coLending.owedMinor(address(_greedy)), 300);
        _greedy.beGreedy(coLending, "", false);
        coLending.distribute();
        _assertMoney(800, 300, 100);
    }

    function testATokenThatSaysNoWithoutReverting() public {
        _money.refuse(address(_greedy));
        coLending.distribute();
        _assertMoney(800, 0, 100);
        vm.expectRevert(
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(_money))
        );
        vm.prank(address(_greedy));
        coLending.claim();
        vm.assertEq(coLending.owedMinor(address(_greedy)), 300);
    }

    function _expectNothingGained(bytes memory call) private {
        _greedy.beGreedy(coLending, call, false);
        vm.assertEq(coLending.distribute(), 1_200);
        _assertMoney(800, 300, 100);
        vm.assertEq(
            _greedy.answer(),
            abi.encodeWithSelector(ReentrancyGuard.ReentrancyGuardReentrantCall.selector)
        );
    }

    function _assertMoney(uint256 lenderMinor, uint256 greedyMinor, uint256 villageMinor)
        private
        view
    {
        vm.assertEq(_money.balanceOf(lender), lenderMinor);
        vm.assertEq(_money.balanceOf(address(_greedy)), greedyMinor);
        vm.assertEq(_money.balanceOf(villageBank), villageMinor);
    }
}
