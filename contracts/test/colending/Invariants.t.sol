// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICoLending, Member} from "../../interfaces/ICoLending.sol";
import {LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {ISplitHarness} from "../harness/ISplitHarness.sol";
import {CoLendingHandler, CoLoan} from "./CoLendingHandler.sol";
import {CoLendingTest} from "./CoLendingTest.sol";

/// @notice What holds after any series of actions on two co-lent loans of the same three lenders, one
/// without ranks and one with.
contract CoLendingInvariantTest is CoLendingTest {
    CoLendingHandler private _handler;
    ISplitHarness private _library;
    ICoLending[2] private _both;

    function setUp() public override {
        super.setUp();
        _library = ISplitHarness(deployArtifact("SplitHarness", ""));
        _handler = new CoLendingHandler(ledger, token, registry);
        CoLoan[] memory coLoans = new CoLoan[](2);
        uint256 start = vm.getBlockTimestamp();
        for (uint256 i; i < 2; ++i) {
            if (i == 1) coLending = _created(_firstLoss());
            _both[i] = coLending;
            LoanTerms memory terms = _coTerms();
            terms.accelerateAfterDays = 5;
            vm.warp(start);
            _coDisburse(terms);
            coLoans[i] = CoLoan(coLending, _witness(terms));
            vm.prank(borrower);
            ledger.pay(
                _witness(terms), _agreement(terms), steelmaker, MATERIALS_CAP, MATERIALS, EVIDENCE
            );
        }
        _handler.begin(coLoans, stranger, servicer, guardian, bank);
        _target();
    }

    function invariantEveryUnitIsSomebodys() public view {
        uint256[3] memory paid;
        for (uint256 i; i < 2; ++i) {
            ICoLending lent = _both[i];
            Member[] memory members = lent.members();
            uint256 received = lent.receivedMinor();
            vm.assertEq(
                received + ledger.claimableMinor(address(lent)), _handler.sentMinor(lent), "received"
            );
            uint256[] memory entitled = _library.entitlements(members, received);
            uint256 owed;
            for (uint256 j; j < 3; ++j) {
                address party = members[j].party;
                uint256 paidHere = lent.paidMinor(party);
                owed += lent.owedMinor(party);
                paid[j] += paidHere;
                vm.assertEq(paidHere + lent.owedMinor(party), entitled[j], "entitled");
            }
            vm.assertEq(owed, token.balanceOf(address(lent)), "balance");
            vm.assertEq(token.allowance(address(lent), address(ledger)), 0);
        }
        _assertHave(paid[0], paid[1], paid[2]);
        // First loss: the village bank has nothing before the others have all of theirs.
        uint256 village = _both[1].paidMinor(villageBank) + _both[1].owedMinor(villageBank);
        if (_both[1].receivedMinor() <= 1_111_000) vm.assertEq(village, 0);
        else vm.assertGt(village, 0);
    }

    /// @dev The handler is worth its runs: by chance alone it gets everywhere.
    function testTheHandlerReachesEverything() public {
        uint256 seed = 1;
        for (uint256 i; i < 500; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 which = seed % 11;
            uint256 amountSeed = uint256(keccak256(abi.encode(seed, "amount")));
            if (which == 0) _handler.payoff(seed >> 8);
            else if (which == 1) _handler.writeOff(seed >> 8);
            else if (which == 2) _handler.stray(seed >> 8, amountSeed);
            else if (which == 3) _handler.distribute(seed >> 8);
            else if (which == 4) _handler.claim(seed >> 8);
            else if (which == 5) _handler.freeze(seed >> 8);
            else if (which == 6) _handler.wait_(amountSeed);
            else if (which == 7) _handler.accelerate(seed >> 8);
            else if (which == 8) _handler.say(seed >> 8);
            else _handler.repay(seed >> 8, uint64(amountSeed));
            if (i % 10 == 0) invariantEveryUnitIsSomebodys();
        }
        string[10] memory actions = [
            "repay", "payoff", "writeOff", "stray", "distribute", "claim", "freeze", "wait",
            "accelerate", "say"
        ];
        for (uint256 i; i < actions.length; ++i) {
            vm.assertGt(_handler.doneCount(actions[i]), 0, actions[i]);
        }
    }

    function _target() private {
        bytes4[] memory actions = new bytes4[](10);
        actions[0] = CoLendingHandler.repay.selector;
        actions[1] = CoLendingHandler.payoff.selector;
        actions[2] = CoLendingHandler.writeOff.selector;
        actions[3] = CoLendingHandler.stray.selector;
        actions[4] = CoLendingHandler.distribute.selector;
        actions[5] = CoLendingHandler.claim.selector;
        actions[6] = CoLendingHandler.freeze.selector;
        actions[7] = CoLendingHandler.wait_.selector;
        actions[8] = CoLendingHandler.accelerate.selector;
        actions[9] = CoLendingHandler.say.selector;
        targetContract(address(_handler));
        targetSelector(FuzzSelector(address(_handler), actions));
    }
}
