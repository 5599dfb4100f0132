// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Account, LoanFlags, LoanState, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {DayByDayLoan} from "../models/DayByDayLoan.sol";
import {EventBook} from "../models/EventBook.sol";
import {Parts, Players} from "./HandlerBase.sol";
import {LedgerHandler} from "./LedgerHandler.sol";

/// @notice What holds after any series of actions, on several loans between several parties.
contract LedgerInvariantTest is LoanTest {
    using DayByDayLoan for DayByDayLoan.State;

    /// @dev Undoes what was tried, and says that it went well.
    error Cleared();

    uint256 private constant ACTIONS = 25;

    LedgerHandler private _handler;
    EventBook private _book;
    address[8] private _parties;
    bytes4[] private _actions;

    function setUp() public override {
        super.setUp();
        (address secondLender, uint256 secondLenderKey) = makeKey("second lender");
        (address secondBorrower, uint256 secondBorrowerKey) = makeKey("second borrower");
        _register(secondLender, PartyRoles.LENDER, 0);
        _register(secondBorrower, PartyRoles.BORROWER, 0);
        _parties = [
            lender, secondLender, borrower, secondBorrower, guarantor, steelmaker, outfitter, stranger
        ];
        Players memory players = Players(_parties, servicer, guardian, bank);
        uint256[8] memory keys;
        (keys[0], keys[1], keys[2]) = (lenderKey, secondLenderKey, borrowerKey);
        (keys[3], keys[4], keys[7]) = (secondBorrowerKey, guarantorKey, strangerKey);
        _handler = new LedgerHandler(ledger, token, registry, players, keys);
        _book = _handler.BOOK();
        _target();
        for (uint256 i; i < 4; ++i) {
            _handler.originate(i);
            _handler.disburse(i);
        }
    }

    /// @dev One campaign for all: each invariant of its own would live through other loans once more. The
    /// loan touched last is looked at closely, and another in turn.
    function invariantTheHalvesMatch() public {
        _theLedgerHoldsWhatItOwes();
        _balancesAreTheSumsOfEvents();
        uint256 count = _handler.loanCount();
        if (count == 0) return;
        _look(_handler.lastTouched());
        bytes32 inTurn = _handler.loanIds((vm.getBlockTimestamp() / 1 hours) % count);
        _look(inTurn);
        _anyoneCanClear(inTurn);
    }

    function _look(bytes32 loanId) private view {
        LoanTerms memory terms = _handler.termsOf(loanId);
        vm.assertEq(ledger.idOf(_witness(terms)), loanId, "terms");
        LoanState memory state = ledger.loanOf(loanId);
        _theEventsTellTheStorage(state, _book.loanOf(loanId));
        _theAgreementIsKept(loanId, terms, state.account);
        _everyDisbursedUnitIsSomewhere(loanId, terms, state.account);
        _principalIsRepaidOrOutstanding(terms, state.loan.status, _book.loanOf(loanId));
        _theLedgerAgreesWithTheSimulation(loanId, terms, state.loan.status);
    }

    /// @dev Money in the ledger is some loan's controlled money or held for someone.
    function _theLedgerHoldsWhatItOwes() private view {
        uint256 controlled;
        for (uint256 i; i < _handler.loanCount(); ++i) {
            controlled += _account(_handler.loanIds(i)).controlledMinor;
        }
        uint256 claimable;
        for (uint256 i; i < 8; ++i) claimable += ledger.claimableMinor(_parties[i]);
        vm.assertEq(token.balanceOf(address(ledger)), controlled + claimable);
        vm.assertEq(claimable, _book.totalHeld());
    }

    /// @dev Every movement of money has its event, and no event is without: balances are the sums of what
    /// the log tells.
    function _balancesAreTheSumsOfEvents() private view {
        uint256 sum = token.balanceOf(address(ledger));
        vm.assertEq(sum, _book.balance(address(ledger)));
        for (uint256 i; i < 8; ++i) {
            uint256 balance = token.balanceOf(_parties[i]);
            vm.assertEq(balance, _book.balance(_parties[i]));
            vm.assertEq(ledger.claimableMinor(_parties[i]), _book.held(_parties[i]));
            sum += balance;
        }
        vm.assertEq(token.totalSupply(), sum);
        vm.assertEq(token.totalSupply(), _book.minted() - _book.burned());
        vm.assertEq(_book.moved(), _book.told() - _book.heldInPlace(), "one event each");
        vm.assertEq(ledger.isPaused(), _book.isPaused());
    }

    function _theEventsTellTheStorage(LoanState memory state, EventBook.LoanSums memory sums)
        private
        pure
    {
        vm.assertEq(uint256(state.loan.status), uint256(sums.status), "status");
        uint8 flags = state.loan.flags;
        vm.assertEq(flags & LoanFlags.MANDATE_REVOKED != 0, sums.isMandateRevoked);
        vm.assertEq(flags & LoanFlags.ACCELERATED != 0, sums.isAccelerated);
        vm.assertEq(flags & LoanFlags.ASSIGNED != 0, sums.assignmentCount != 0);
        vm.assertEq(state.assignee, sums.assignee);
        vm.assertEq(state.account.assignmentCount, sums.assignmentCount);
        vm.assertEq(state.account.withdrawnMinor, sums.withdrawn);
        vm.assertEq(state.account.collectedMinor, sums.collected);
        vm.assertEq(state.account.guaranteedMinor, sums.guaranteed);
        vm.assertEq(state.account.reimbursedMinor, sums.reimbursed);
        vm.assertLe(sums.reimbursed, sums.guaranteed);
    }

    function _theAgreementIsKept(bytes32 loanId, LoanTerms memory terms, Account memory account)
        private
        view
    {
        for (uint256 i; i < terms.purposes.length; ++i) {
            uint64 spentFor = ledger.spentMinor(loanId, terms.purposes[i].purpose);
            vm.assertLe(spentFor, terms.purposes[i].capMinor);
            vm.assertEq(spentFor, _book.paidFor(loanId, terms.purposes[i].purpose));
        }
        vm.assertLe(account.withdrawnMinor, terms.selfPaidMinorMax);
        vm.assertLe(account.collectedMinor, terms.mandateMinorMax);
        vm.assertLe(account.guaranteedMinor, terms.guaranteeMinorMax);
    }

    /// @dev disbursed or carried over = controlled + spent + withdrawn + applied to the debt + released +
    /// carried away.
    function _everyDisbursedUnitIsSomewhere(
        bytes32 loanId,
        LoanTerms memory terms,
        Account memory account
    ) private view {
        EventBook.LoanSums memory sums = _book.loanOf(loanId);
        uint256 used = sums.paid + account.withdrawnMinor + sums.applied;
        vm.assertEq(
            sums.disbursed + sums.controlledIn,
            account.controlledMinor + used + sums.released + sums.controlledOut
        );
        bool isDisbursed = sums.status > Status.Cancelled && terms.priorLoanId == 0;
        vm.assertEq(sums.disbursed, isDisbursed ? terms.principalMinor : 0);
        bool hasEnded = sums.status == Status.Closed || sums.status == Status.Restructured;
        vm.assertTrue(!hasEnded || account.controlledMinor == 0);
    }

    /// @dev disbursed or carried over = repaid + outstanding + carried away.
    function _principalIsRepaidOrOutstanding(
        LoanTerms memory terms,
        Status status,
        EventBook.LoanSums memory sums
    ) private view {
        uint256 outstanding = _owed(terms).outstandingPrincipalMinor;
        bool isLive = status == Status.Active || status == Status.WrittenOff;
        vm.assertTrue(isLive || outstanding == 0);
        vm.assertEq(
            sums.disbursed + sums.carriedIn, sums.principal + outstanding + sums.carriedOut
        );
    }

    /// @dev The ledger's arithmetic is that of a loan lived day by day, whoever touched it when.
    function _theLedgerAgreesWithTheSimulation(
        bytes32 loanId,
        LoanTerms memory terms,
        Status status
    ) private view {
        EventBook.LoanSums memory sums = _book.loanOf(loanId);
        Parts memory parts = _handler.partsOf(loanId);
        vm.assertEq(sums.penalty, parts.penalty, "penalty");
        vm.assertEq(sums.interest, parts.interest, "interest");
        vm.assertEq(sums.principal, parts.principal, "principal");
        vm.assertEq(sums.fee, parts.fee, "fee");
        if (status != Status.Active && status != Status.WrittenOff) return;
        _assertSame(_owed(terms), _handler.simulatedOf(loanId).owed());
    }

    /* ANYONE CAN ALWAYS CLEAR A LIVE LOAN */

    function _anyoneCanClear(bytes32 loanId) private {
        Status status = _loan(loanId).status;
        if (status != Status.Active && status != Status.WrittenOff) return;
        bool isPayoff = uint256(loanId) & 1 == 0;
        (bool isDone, bytes memory answer) =
            address(this).call(abi.encodeCall(this.clearAndUndo, (loanId, isPayoff)));
        vm.assertFalse(isDone);
        vm.assertEq(answer, abi.encodeWithSelector(Cleared.selector));
    }

    /// @notice Whatever stands against it: paused, every side frozen.
    function clearAndUndo(bytes32 loanId, bool isPayoff) external {
        LoanTerms memory terms = _handler.termsOf(loanId);
        for (uint256 i; i < 5; ++i) if (registry.isActive(_parties[i])) _freeze(_parties[i]);
        if (!registry.isActive(stranger)) _unfreeze(stranger);
        if (!ledger.isPaused()) {
            vm.prank(guardian);
            ledger.pause();
        }
        if (isPayoff) {
            _payoff(terms, stranger);
        } else {
            // An instalment of nothing leaves nothing to repay until it is due.
            while (_loan(loanId).status != Status.Closed) {
                uint64 amountMinor = _repayableMinor(terms);
                if (amountMinor == 0) vm.warp(vm.getBlockTimestamp() + 30 days);
                else _repay(terms, stranger, amountMinor);
            }
        }
        _assertStatus(loanId, Status.Closed);
        revert Cleared();
    }

    /* THE HANDLER IS WORTH ITS RUNS */

    /// @dev By chance alone it gets everywhere in a few campaigns.
    function testTheHandlerReachesEverything() public {
        string[27] memory actions = [
            "originate", "revokeSignature", "cancel", "cancelSignatures", "disburse", "pay",
            "withdraw", "restructure", "assign", "revokeMandate", "repay", "collect", "prepay",
            "payoff", "callGuarantee", "reimburse", "accelerate", "writeOff", "serveNotice", "batch",
            "claim", "pause", "freeze", "burn", "wait", "held", "closed"
        ];
        uint256[27] memory counts;
        for (uint256 campaign; campaign < 8; ++campaign) {
            uint256 snapshot = vm.snapshotState();
            _campaign(campaign);
            for (uint256 i; i < actions.length; ++i) counts[i] += _handler.doneCount(actions[i]);
            vm.revertToState(snapshot);
        }
        for (uint256 i; i < actions.length; ++i) vm.assertGt(counts[i], 0, actions[i]);
    }

    function _campaign(uint256 seed) private {
        for (uint256 i; i < 150; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 amountSeed = uint256(keccak256(abi.encode(seed, "amount")));
            bytes memory call = abi.encodePacked(_actions[seed % ACTIONS], seed >> 8, amountSeed);
            (bool isDone,) = address(_handler).call(call);
            vm.assertTrue(isDone, "the handler reverts");
        }
        invariantTheHalvesMatch();
    }

    function _target() private {
        _actions.push(LedgerHandler.repay.selector);
        _actions.push(LedgerHandler.collect.selector);
        _actions.push(LedgerHandler.prepay.selector);
        _actions.push(LedgerHandler.payoff.selector);
        _actions.push(LedgerHandler.callGuarantee.selector);
        _actions.push(LedgerHandler.reimburse.selector);
        _actions.push(LedgerHandler.accelerate.selector);
        _actions.push(LedgerHandler.writeOff.selector);
        _actions.push(LedgerHandler.serveNotice.selector);
        _actions.push(LedgerHandler.batch.selector);
        _actions.push(LedgerHandler.claim.selector);
        _actions.push(LedgerHandler.pause.selector);
        _actions.push(LedgerHandler.freeze.selector);
        _actions.push(LedgerHandler.burn.selector);
        _actions.push(LedgerHandler.wait_.selector);
        _actions.push(_handler.originate.selector);
        _actions.push(_handler.revokeSignature.selector);
        _actions.push(_handler.cancel.selector);
        _actions.push(_handler.cancelSignatures.selector);
        _actions.push(_handler.disburse.selector);
        _actions.push(_handler.pay.selector);
        _actions.push(_handler.withdraw.selector);
        _actions.push(_handler.restructure.selector);
        _actions.push(_handler.assign.selector);
        _actions.push(_handler.revokeMandate.selector);
        vm.assertEq(_actions.length, ACTIONS);
        targetContract(address(_handler));
        targetSelector(FuzzSelector(address(_handler), _actions));
    }
}
