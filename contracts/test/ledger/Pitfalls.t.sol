// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    ILedgerErrors,
    ILedgerEvents,
    ILoanLedger,
    Instalment,
    LoanTerms,
    Owed,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {RestructureBase} from "../base/RestructureBase.sol";
import {HookedToken, OpenBalances, QuietToken, RefusingToken} from "../doubles/Tokens.sol";
import {ReenteringWallet} from "../doubles/Wallets.sol";
import {EventBook} from "../models/EventBook.sol";

/// @notice What went wrong elsewhere, one test for each; the details are in the files by entry point.
contract PitfallsTest is RestructureBase {
    /// @dev No dust, whether paid a little early or late, in whatever pieces.
    function test01LastInstalmentTakesTheStoredBalance(uint256 seed) public {
        LoanTerms memory terms = _terms();
        terms.principalMinor = 1_000_003;
        for (uint256 i; i < 3; ++i) terms.instalments[i].principalMinor = 333_334;
        terms.instalments[2].principalMinor = 333_335;
        bytes32 loanId = _disburse(terms);
        uint256 repaid;
        while (_loan(loanId).status == Status.Active) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.warp(vm.getBlockTimestamp() + seed % 25 days);
            uint256 before = _owed(terms).outstandingPrincipalMinor;
            uint64 most = _repayableMinor(terms);
            _repay(terms, borrower, seed >> 40 & 3 != 0 ? most : uint64(bound(seed >> 64, 1, most)));
            repaid += before - _owed(terms).outstandingPrincipalMinor;
        }
        vm.assertEq(repaid, 1_000_003);
        _assertStatus(loanId, Status.Closed);
    }

    function test02RefusedAtOrigination() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].principalMinor = 399_999;
        _expectNotOriginable(
            terms, abi.encodeWithSelector(ILedgerErrors.ScheduleNotSummingToPrincipal.selector, 1)
        );
        terms = _terms();
        terms.instalments[1] = Instalment(20260305, 0, 0);
        terms.instalments[2].principalMinor = 800_000;
        _expectInstalmentInvalid(terms, 1, "principalMinor");
        terms = _terms();
        terms.instalments[2].dueOn = 20260304;
        _expectInstalmentInvalid(terms, 2, "dueOn");
        terms.instalments[2].dueOn = 20260305;
        _expectInstalmentInvalid(terms, 2, "dueOn");
        terms = _terms();
        terms.instalments[0].interestMinor = 2 ** 48 - 1;
        _expectNotOriginable(
            terms, abi.encodeWithSelector(ILedgerErrors.TermInvalid.selector, bytes32("instalments"))
        );
    }

    function test03DueDatesCountFromTheSchedule() public {
        _disburse(_terms());
        vm.warp(_midnight(20260205) - 1);
        vm.assertEq(_owed(_terms()).interestMinor, 0);
        vm.warp(_midnight(20260205));
        vm.assertEq(_owed(_terms()).interestMinor, 12_000);
        vm.warp(_lastSecond(20260208));
        vm.assertEq(_owed(_terms()).arrearsMinor, 0);
        vm.warp(_lastSecond(20260208) + 1);
        vm.assertEq(_owed(_terms()).arrearsMinor, 412_000);
        // Repaid late: the next due date does not move.
        vm.warp(_noon(20260304));
        _repay(_terms(), borrower, _repayableMinor(_terms()) - 408_000);
        vm.warp(_midnight(20260305) - 1);
        vm.assertEq(_owed(_terms()).interestMinor, 0);
        vm.warp(_midnight(20260305));
        vm.assertEq(_owed(_terms()).interestMinor, 8_000);
    }

    function test04AFrozenLenderNeverBlocksRepayment() public {
        _disburse(_terms());
        _freeze(lender);
        _repay(_terms(), borrower, 412_000);
        _payoff(_terms(), borrower);
        uint64 held = ledger.claimableMinor(lender);
        vm.assertEq(held, 412_000 + 800_000);
        vm.warp(_noon(20460101));
        _unfreeze(lender);
        vm.prank(lender);
        vm.assertEq(ledger.claim(), held);
    }

    /// @dev Whatever makes default possible, paying is possible at the same moment.
    function test05PausingNeverTrapsABorrower() public {
        LoanTerms memory terms = _termsWithAll();
        bytes32 loanId = _disburse(terms);
        vm.prank(guardian);
        ledger.pause();
        _freeze(lender);
        vm.warp(_noon(20260310));
        uint256 snapshot = vm.snapshotState();
        _payoff(terms, borrower);
        _assertStatus(loanId, Status.Closed);
        vm.revertToState(snapshot);
        _accelerate(terms);
        _writeOff(terms);
        _payoff(terms, borrower);
        _assertStatus(loanId, Status.Closed);
    }

    function test06NothingReenters() public {
        HookedToken hooked = new HookedToken();
        (ILoanLedger other, LoanTerms memory terms) = _otherLedger(hooked);
        bytes memory witness = _witness(terms);
        // Repaying from inside a repayment sees the first one done already: it repays the next instalment.
        hooked.give(address(hooked), PRINCIPAL);
        hooked.hook(address(other), abi.encodeCall(other.repay, (witness, 412_000)));
        vm.prank(borrower);
        vm.assertEq(other.repay(witness, 412_000), 412_000);
        vm.assertEq(abi.decode(hooked.answer(), (uint64)), 408_000);
        vm.assertEq(other.loanOf(_id(terms)).loan.nextInstalment, 2);
        // Paying off once more from inside a payoff finds the loan closed.
        hooked.hook(address(other), abi.encodeCall(other.payoff, (witness, type(uint64).max)));
        vm.prank(borrower);
        other.payoff(witness, type(uint64).max);
        vm.assertFalse(hooked.isDone());
        vm.assertEq(hooked.answer(), _statusInvalid(_id(terms), Status.Closed));
        vm.assertEq(hooked.balanceOf(address(other)), 0);
        // A signer asked whether it signed cannot change anything meanwhile.
        ReenteringWallet wallet = new ReenteringWallet(ledger);
        wallet.prepare(abi.encodeCall(ledger.revokeSignature, (_witness(_terms()))));
        _register(address(wallet), PartyRoles.LENDER, 0);
        LoanTerms memory asked = _terms();
        asked.lender = address(wallet);
        vm.warp(_noon(20260102));
        _assertStatus(_originate(asked), Status.Approved);
    }

    function test07SignaturesServeOnceAndHereOnly() public {
        LoanTerms memory terms = _terms();
        Signatures memory given = _signatures(terms);
        bytes memory notTheLenders =
            abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, lender);
        ILoanLedger other = _deployLedger(address(authority), registry, token);
        vm.expectRevert(notTheLenders);
        other.originate(_witness(terms), _agreement(terms), given.lender, given.borrower, "");
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        vm.expectRevert(notTheLenders);
        _originate(terms, given);
        vm.chainId(here);
        ++terms.annualRatePpm;
        vm.expectRevert(notTheLenders);
        _originate(terms, given);
        --terms.annualRatePpm;
        bytes32 loanId = _disburse(terms);
        _payoff(terms, borrower);
        vm.warp(_noon(20260102));
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.LoanAlreadyOriginated.selector, loanId)
        );
        _originate(terms, given);
        vm.prank(lender);
        registry.cancelSignatures();
        terms.agreement = "L-2026-0002";
        _expectNotTaken(
            terms, abi.encodeWithSelector(ILedgerErrors.SignatureNonceInvalid.selector, lender, 0)
        );
    }

    /// @dev What others do to a loan cannot make a correct call fail.
    function test08NobodyOutrunsAWitness() public {
        LoanTerms memory terms = _termsWithAll();
        _disburse(terms);
        bytes memory witness = _witness(terms);
        _fundForLedger(borrower, 3);
        vm.prank(borrower);
        ledger.repay(witness, 1);
        _repay(terms, stranger, 412_000 - 1);
        vm.prank(borrower);
        ledger.repay(witness, 1);
        _assign(terms, 0);
        _useAll(terms);
        vm.warp(_noon(20260501));
        _writeOff(terms);
        vm.prank(borrower);
        vm.assertEq(ledger.repay(witness, 1), 1);
    }

    function test09RestructuringKeepsWhatIsOwed() public {
        LoanTerms memory prior = _termsWithAll();
        LoanTerms memory terms = _new(prior);
        vm.warp(_noon(20260308));
        _expectRefused(prior, terms, _unknown(_id(prior)));
        vm.warp(_noon(20260102));
        _originate(prior);
        vm.warp(_noon(20260308));
        _expectRefused(prior, terms, _statusInvalid(_id(prior), Status.Approved));

        prior.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        _disburse(prior);
        terms = _new(prior);
        vm.warp(_noon(20260308));
        _repay(prior, borrower, 5_000);
        Owed memory before = _owed(prior);
        _restructure(prior, terms);
        Owed memory carried = _owed(terms);
        vm.assertEq(carried.penaltyMinor, before.penaltyMinor);
        vm.assertEq(carried.interestMinor, before.interestMinor + before.payoffInterestMinor);
        vm.assertEq(carried.outstandingPrincipalMinor, before.outstandingPrincipalMinor);
        vm.expectRevert(_statusInvalid(_id(prior), Status.Restructured));
        ledger.repay(_witness(prior), 1);
    }

    /// @dev Unit by unit, beyond what is owed, and long after: it neither underflows nor loses.
    function test10TinyAndTooLargePayments() public {
        bytes32 loanId = _disburse(_terms());
        vm.warp(_noon(20260301));
        uint64 all = _repayableMinor(_terms());
        for (uint256 i; i < 20; ++i) _repay(_terms(), borrower, 1);
        vm.assertEq(_repayableMinor(_terms()), all - 20);
        vm.warp(_noon(21260301));
        all = _repayableMinor(_terms());
        _fundForLedger(borrower, uint256(all) + 77);
        vm.prank(borrower);
        vm.assertEq(ledger.repay(_witness(_terms()), type(uint64).max), all);
        vm.assertEq(token.balanceOf(borrower), 77 + PRINCIPAL);
        _assertStatus(loanId, Status.Closed);
    }

    function test11PenaltyIsNotEscaped() public {
        LoanTerms memory terms = _termsWithAll();
        bytes32 loanId = _disburse(terms);
        vm.warp(_noon(20260308));
        uint256 penalty = _owed(terms).penaltyMinor;
        vm.assertEq(penalty, 28 * 206);
        _assign(terms, 0);
        vm.assertEq(_owed(terms).penaltyMinor, penalty);
        LoanTerms memory next = _new(terms);
        next.lender = factor;
        Signatures memory given = _signatures(next);
        given.lender = _sign(factorKey, ledger.digestOf(_witness(next), _agreement(next)));
        bytes32 nextId = _restructure(terms, next, given);
        vm.assertEq(_owed(next).penaltyMinor, penalty);
        _payoff(next, borrower);
        vm.assertEq(token.balanceOf(factor), penalty + 20_387 + PRINCIPAL + 12_000);
        _assertStatus(nextId, Status.Closed);
        _assertStatus(loanId, Status.Restructured);
    }

    function test11TouchingItOftenChangesNothing() public {
        LoanTerms memory often = _terms();
        LoanTerms memory seldom = _terms();
        seldom.agreement = "L-2026-0002";
        _disburse(often);
        vm.warp(_noon(20260102));
        _disburse(seldom);
        for (uint256 day; day < 90; ++day) {
            vm.warp(_noon(20260205) + day * 1 days);
            _repay(often, stranger, 1);
        }
        vm.assertGt(_owed(seldom).penaltyMinor, _owed(often).penaltyMinor);
        // Ninety units went to penalty; only those of the first four days to interest, whose penalty rounds
        // to nothing.
        vm.assertEq(_owed(seldom).penaltyMinor, _owed(often).penaltyMinor + 86);
        vm.assertEq(_owed(seldom).interestMinor, _owed(often).interestMinor + 4);
    }

    function test12NoClaimGoesToAnUnregisteredOrFrozenParty() public {
        LoanTerms memory terms = _termsWithAll();
        _disburse(terms);
        _freeze(factor);
        address[3] memory wrong = [outsider, stranger, factor];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(_notActiveAs(wrong[i], PartyRoles.LENDER));
            ledger.assign(_witness(terms), wrong[i], 0, 20991231, "", "");
        }
    }

    /// @dev A whole life, replayed from its events; the invariants do so for random lives.
    function test13EveryUnitIsSomewhere() public {
        EventBook book = new EventBook(address(token));
        LoanTerms memory terms = _termsWithAll();
        vm.recordLogs();
        bytes32 loanId = _disburse(terms);
        bytes memory witness = _witness(terms);
        vm.startPrank(borrower);
        ledger.pay(witness, _agreement(terms), steelmaker, 300_000, MATERIALS, EVIDENCE);
        ledger.withdraw(witness, _agreement(terms), 150_000);
        vm.stopPrank();
        _prepay(terms, 100_000);
        vm.warp(_noon(20260310));
        _repay(terms, borrower, 200_000);
        _accelerate(terms);
        book.read(vm.getRecordedLogs());

        EventBook.LoanSums memory sums = book.loanOf(loanId);
        vm.assertEq(sums.disbursed, PRINCIPAL);
        vm.assertEq(sums.applied, PRINCIPAL - 450_000);
        uint256 outstanding = _owed(terms).outstandingPrincipalMinor;
        vm.assertGt(outstanding, 0);
        vm.assertEq(sums.disbursed, sums.principal + outstanding);
        vm.assertEq(book.paidFor(loanId, MATERIALS), ledger.spentMinor(loanId, MATERIALS));
        vm.assertEq(book.moved(), book.told());
        vm.assertEq(book.balance(lender), token.balanceOf(lender));
        vm.assertEq(uint256(sums.status), uint256(_loan(loanId).status));
    }

    function test14TermsAreImmutableAndALifeGoesForwardOnly() public {
        LoanTerms memory terms = _termsWithAll();
        bytes32 loanId = _disburse(terms);
        _payoff(terms, borrower);
        bytes memory witness = _witness(terms);
        bytes memory agreement = _agreement(terms);
        Signatures memory given = _signatures(terms);
        vm.warp(_noon(20260105));
        bytes[] memory calls = new bytes[](7);
        calls[0] = abi.encodeCall(ledger.disburse, (witness, agreement));
        calls[1] = abi.encodeCall(ledger.cancel, (witness));
        calls[2] = abi.encodeCall(ledger.repay, (witness, 1));
        calls[3] = abi.encodeCall(ledger.payoff, (witness, 1));
        calls[4] = abi.encodeCall(ledger.accelerate, (witness, "reason"));
        calls[5] = abi.encodeCall(ledger.revokeSignature, (witness));
        calls[6] = abi.encodeCall(
            ledger.originate, (witness, agreement, given.lender, given.borrower, given.guarantor)
        );
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(lender);
            (bool isDone,) = address(ledger).call(calls[i]);
            vm.assertFalse(isDone);
        }
        _assertStatus(loanId, Status.Closed);
        vm.assertEq(ledger.idOf(witness), loanId);
        ++terms.graceDays;
        vm.expectRevert(_unknown(_id(terms)));
        ledger.repay(_witness(terms), 1);
    }

    /// @dev A token may say nothing; one that says no has paid nothing.
    function test15TokensThatSayNothingOrNo() public {
        QuietToken quiet = new QuietToken();
        (ILoanLedger other, LoanTerms memory terms) = _otherLedger(quiet);
        vm.prank(borrower);
        vm.assertEq(other.repay(_witness(terms), 412_000), 412_000);
        vm.assertEq(quiet.balanceOf(lender), 412_000);

        RefusingToken refusing = new RefusingToken();
        (other, terms) = _otherLedger(refusing);
        refusing.refuse();
        vm.expectRevert();
        vm.prank(borrower);
        other.repay(_witness(terms), 412_000);
        vm.assertEq(other.loanOf(_id(terms)).loan.nextInstalment, 0);
    }

    /// @dev To oneself: the lender repays, and the money stays where it was.
    function test15TransfersToOneself() public {
        bytes32 loanId = _disburse(_terms());
        vm.assertEq(_repay(_terms(), lender, 412_000), 412_000);
        vm.assertEq(token.balanceOf(lender), 412_000);
        vm.assertEq(_loan(loanId).nextInstalment, 1);
    }

    /// @dev Money the ledger did not fetch itself does not come in.
    function test15NothingIsForcedOnTheLedger() public {
        _fund(stranger, 1);
        vm.expectRevert(
            abi.encodeWithSelector(ISettlementToken.ReceiverIsLedger.selector, address(ledger))
        );
        vm.prank(stranger);
        token.transfer(address(ledger), 1);
        vm.expectRevert();
        vm.prank(address(ledger));
        token.transfer(address(ledger), 1);
    }

    function test16ABadItemIsToldOfAndStopsNothing() public {
        bytes32 loanId = _disburse(_terms());
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(ledger.repay, (_witness(_terms()), 1));
        calls[1] = abi.encodeCall(ledger.repay, (_witness(_termsWithAll()), 1));
        calls[2] = abi.encodeCall(ledger.repay, (_witness(_terms()), 2));
        _fundForLedger(borrower, 3);
        bytes memory reason = _unknown(_id(_termsWithAll()));
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.BatchItemFailed(1, ledger.repay.selector, reason);
        vm.prank(borrower);
        bytes[] memory errors = ledger.batch(calls);
        vm.assertEq(errors[1], reason);
        vm.assertEq(_loan(loanId).paidOnNextMinor, 3);
    }

    /// @dev A ledger over another token, and an active loan of it.
    function _otherLedger(OpenBalances money)
        private
        returns (ILoanLedger other, LoanTerms memory terms)
    {
        other = _deployLedger(address(authority), registry, ISettlementToken(address(money)));
        terms = _terms();
        vm.warp(_noon(20260102));
        bytes32 digest = other.digestOf(_witness(terms), _agreement(terms));
        other.originate(
            _witness(terms),
            _agreement(terms),
            _sign(lenderKey, digest),
            _sign(borrowerKey, digest),
            ""
        );
        vm.warp(_noon(20260105));
        money.give(lender, PRINCIPAL);
        money.give(borrower, 2 * PRINCIPAL);
        vm.prank(lender);
        other.disburse(_witness(terms), _agreement(terms));
        vm.prank(lender);
        (bool isDone,) = address(money).call(
            abi.encodeWithSignature("transfer(address,uint256)", stranger, money.balanceOf(lender))
        );
        vm.assertTrue(isDone);
    }

    function _expectInstalmentInvalid(LoanTerms memory terms, uint256 index, bytes32 field) private {
        _expectNotOriginable(
            terms, abi.encodeWithSelector(ILedgerErrors.InstalmentInvalid.selector, index, field)
        );
    }
}
