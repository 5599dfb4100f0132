// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Member} from "../../interfaces/ICoLending.sol";
import {ILedgerErrors, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {CoLendingTest} from "./CoLendingTest.sol";

/// @notice Loans of several lenders from their signatures to their end, every unit accounted for.
contract CoLendingLifeTest is CoLendingTest {
    /* SERVED */

    function testServedToTheEnd() public {
        LoanTerms memory terms = _coTerms();
        bytes32 loanId = _coDisburse(terms);
        vm.prank(borrower);
        ledger.pay(_witness(terms), _agreement(terms), steelmaker, MATERIALS_CAP, MATERIALS, EVIDENCE);
        vm.warp(_noon(20260205));
        _repay(terms, borrower, 412_000);
        coLending.distribute();
        _assertHave(274_667, 103_000, 34_333);
        vm.warp(_noon(20260305));
        _repay(terms, borrower, 408_000);
        vm.warp(_noon(20260405));
        _repay(terms, borrower, 404_000);
        coLending.distribute();
        _assertStatus(loanId, Status.Closed);
        // Each its commitment and its part of 24,000 interest.
        _assertHave(816_000, 306_000, 102_000);
        _assertOwed(0, 0, 0);
        vm.assertEq(token.balanceOf(address(ledger)), 0);
    }

    function testPaidOffEarly() public {
        LoanTerms memory terms = _coTerms();
        _coDisburse(terms);
        vm.warp(_noon(20260115));
        uint64 due = _payoff(terms, borrower);
        coLending.distribute();
        vm.assertEq(due, PRINCIPAL + 3_871);
        _assertHave(802_581, 300_968, 100_322);
    }

    /* DEFAULT */

    /// @dev What the two with rank are to have comes first, and the village bank bears the loss.
    function testFirstLoss() public {
        LoanTerms memory terms = _withFirstLoss();
        bytes32 loanId = _coDisburse(terms);
        _useAllProceeds(terms);
        vm.warp(_noon(20260205));
        _repay(terms, borrower, 412_000);
        coLending.distribute();
        _assertHave(299_636, 112_364, 0);

        vm.warp(_noon(20260601));
        vm.prank(servicer);
        ledger.writeOff(_witness(terms), "insolvent");
        _repay(terms, stranger, 699_000);
        coLending.distribute();
        _assertHave(808_000, 303_000, 0);
        _assertStatus(loanId, Status.WrittenOff);

        _repay(terms, stranger, 1);
        coLending.distribute();
        _assertHave(808_000, 303_000, 1);
        _repay(terms, stranger, 39_999);
        coLending.distribute();
        // Of 1,200,000 put in and 1,151,000 back, the two gained 11,000 and the village bank lost 60,000.
        _assertHave(808_000, 303_000, 40_000);
    }

    function testRecoveredInFullAfterAll() public {
        LoanTerms memory terms = _withFirstLoss();
        bytes32 loanId = _coDisburse(terms);
        vm.warp(_noon(20260601));
        uint256 due = _payoff(terms, stranger);
        coLending.distribute();
        _assertStatus(loanId, Status.Closed);
        uint256 beyond = due - 1_211_000;
        uint256 first = (2 * beyond + 4) / 8;
        uint256 second = (2 * (beyond - first) + 3) / 6;
        _assertHave(808_000 + first, 303_000 + second, 100_000 + beyond - first - second);
    }

    /* RESTRUCTURED AND ASSIGNED */

    function testARestructuringIsSignedByAllMembers() public {
        LoanTerms memory terms = _coTerms();
        bytes32 priorId = _coDisburse(terms);
        _useAllProceeds(terms);
        _repay(terms, borrower, 412_000);
        coLending.distribute();
        vm.warp(_noon(20260320));

        LoanTerms memory extended = _extended(terms, priorId);
        (bytes memory witness, bytes memory agreement) = (_witness(extended), _agreement(extended));
        bytes32 digest = ledger.digestOf(witness, agreement);
        bytes memory borrowers = _sign(borrowerKey, digest);
        bytes[] memory signatures = _each(digest);
        signatures[2] = "";
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, address(coLending))
        );
        ledger.restructure(
            _witness(terms), witness, agreement, abi.encode(signatures), borrowers, ""
        );
        bytes32 loanId = ledger.restructure(
            _witness(terms), witness, agreement, _jointly(digest), borrowers, ""
        );
        _assertStatus(priorId, Status.Restructured);
        _assertStatus(loanId, Status.Active);
        // Nothing moved, and the commitments were put in once.
        vm.assertEq(coLending.loanId(), priorId);
        vm.assertEq(coLending.receivedMinor(), 412_000);

        uint256 taken = _payoff(extended, borrower);
        coLending.distribute();
        _assertStatus(loanId, Status.Closed);
        _assertEqualsHave(412_000 + taken);
    }

    function testThePriceOfTheClaimIsSplit() public {
        LoanTerms memory terms = _coTerms();
        _coDisburse(terms);
        _repay(terms, borrower, 412_000);
        _setRoles(stranger, PartyRoles.LENDER);
        _fundForLedger(stranger, 700_000);
        bytes memory witness = _witness(terms);
        bytes32 digest = ledger.assignmentDigestOf(witness, stranger, 700_000, 20260131);
        bytes memory assignees = _sign(strangerKey, digest);
        bytes[] memory signatures = _each(digest);
        signatures[0] = "";
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, address(coLending))
        );
        ledger.assign(witness, stranger, 700_000, 20260131, abi.encode(signatures), assignees);
        ledger.assign(witness, stranger, 700_000, 20260131, _jointly(digest), assignees);
        coLending.distribute();
        _assertEqualsHave(1_112_000);

        // What the borrower repays now is the assignee's.
        vm.warp(_noon(20260305));
        _repay(terms, borrower, 408_000);
        _assertOwed(0, 0, 0);
        vm.assertEq(token.balanceOf(stranger), 408_000);
    }

    /* FUZZ */

    /// @dev Any agreement of the three, any payments in any order: what the ledger took is what the
    /// members have and are owed, the seniors first.
    function testAnyAgreementAnyLife(uint256 seed) public {
        seed = uint256(keccak256(abi.encode(seed)));
        coLending = _created(_anyMembers(seed));
        LoanTerms memory terms = _coTerms();
        bytes32 loanId = _coDisburse(terms);
        uint256 taken;
        for (uint256 i; i < 12 && ledger.loanOf(loanId).loan.status == Status.Active; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.warp(vm.getBlockTimestamp() + seed % 30 days);
            if (seed >> 32 & 7 == 0) {
                taken += _payoff(terms, borrower);
            } else if (_repayableMinor(terms) != 0) {
                taken += _repay(terms, borrower, uint64(1 + (seed >> 40) % 500_000));
            }
            if (seed >> 128 & 1 == 0 && token.balanceOf(address(coLending)) != 0) {
                coLending.distribute();
            }
        }
        vm.assertEq(coLending.receivedMinor(), taken);
        uint256 owed = coLending.owedMinor(lender) + coLending.owedMinor(cityBank)
            + coLending.owedMinor(villageBank);
        vm.assertEq(owed, token.balanceOf(address(coLending)));
        if (owed != 0) coLending.distribute();
        uint256 juniorHas = token.balanceOf(villageBank);
        vm.assertEq(token.balanceOf(lender) + token.balanceOf(cityBank) + juniorHas, taken);
        uint256 seniors =
            coLending.members()[0].priorityMinor + coLending.members()[1].priorityMinor;
        if (taken <= seniors) vm.assertEq(juniorHas, 0);
        else vm.assertGe(token.balanceOf(lender), coLending.members()[0].priorityMinor);
    }

    /* STEPS */

    function _withFirstLoss() private returns (LoanTerms memory) {
        coLending = _created(_firstLoss());
        return _coTerms();
    }

    function _anyMembers(uint256 seed) private view returns (Member[] memory members) {
        members = _firstLoss();
        members[0].commitmentMinor = uint48(1 + (seed >> 1) % (PRINCIPAL - 2));
        members[1].commitmentMinor =
            uint48(1 + (seed >> 32) % (PRINCIPAL - 1 - members[0].commitmentMinor));
        members[2].commitmentMinor =
            uint48(PRINCIPAL - members[0].commitmentMinor - members[1].commitmentMinor);
        for (uint256 i; i < 3; ++i) {
            members[i].priorityMinor = uint48((seed >> (64 + 24 * i)) % 600_000);
            members[i].share = uint48(1 + (seed >> (136 + 24 * i)) % 1_000);
        }
    }

    function _extended(LoanTerms memory terms, bytes32 priorId)
        private
        view
        returns (LoanTerms memory extended)
    {
        extended = abi.decode(abi.encode(terms), (LoanTerms));
        extended.agreement = "L-2026-0001/2";
        extended.priorLoanId = priorId;
        extended.principalMinor = 800_000;
        extended.selfPaidMinorMax = 0;
        extended.purposes = _terms().purposes;
        for (uint256 i; i < 3; ++i) extended.purposes[i].capMinor = 1;
        (extended.signBy, extended.disburseOn, extended.disburseBy) = (20260320, 20260320, 20260320);
        for (uint32 i; i < 3; ++i) {
            extended.instalments[i].dueOn = 20260620 + i * 100;
            extended.instalments[i].principalMinor = i == 2 ? 200_000 : 300_000;
        }
    }

    function _useAllProceeds(LoanTerms memory terms) private {
        (bytes memory witness, bytes memory agreement) = (_witness(terms), _agreement(terms));
        vm.startPrank(borrower);
        ledger.pay(witness, agreement, steelmaker, MATERIALS_CAP, MATERIALS, EVIDENCE);
        ledger.pay(witness, agreement, outfitter, MACHINES_CAP, MACHINES, EVIDENCE);
        vm.stopPrank();
    }

    /// @dev With shares as 8 : 3 : 1.
    function _assertEqualsHave(uint256 received) private view {
        uint256 first = (2 * received * 8 + 12) / 24;
        uint256 second = (2 * (received - first) * 3 + 4) / 8;
        _assertHave(first, second, received - first - second);
    }
}
