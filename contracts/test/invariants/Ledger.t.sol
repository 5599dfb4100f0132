// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Loan, LoanTerms, Owed, Status} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {DayByDayLoan} from "../models/DayByDayLoan.sol";
import {EventBook} from "../models/EventBook.sol";
import {LedgerHandler, Players} from "./LedgerHandler.sol";

/// @notice What holds after any series of actions, on several loans between several parties.
/// hardhat-config: invariant.depth = 128
contract LedgerInvariantTest is LoanTest {
    using DayByDayLoan for DayByDayLoan.State;

    LedgerHandler private _handler;
    EventBook private _book;
    address[] private _parties;

    function setUp() public override {
        super.setUp();
        (address secondLender, uint256 secondLenderKey) = makeKey("second lender");
        (address secondBorrower, uint256 secondBorrowerKey) = makeKey("second borrower");
        _register(secondLender, PartyRoles.LENDER, 0);
        _register(secondBorrower, PartyRoles.BORROWER, 0);
        Players memory players;
        players.lenders = [lender, secondLender];
        players.lenderKeys = [lenderKey, secondLenderKey];
        players.borrowers = [borrower, secondBorrower];
        players.borrowerKeys = [borrowerKey, secondBorrowerKey];
        players.payees = [steelmaker, outfitter];
        (players.stranger, players.servicer) = (stranger, servicer);
        (players.guardian, players.bank) = (guardian, bank);
        _parties =
            [lender, secondLender, borrower, secondBorrower, steelmaker, outfitter, stranger];

        _handler = new LedgerHandler(ledger, token, registry, players);
        _book = _handler.BOOK();
        _target();
    }

    /// @dev One campaign for all: each invariant of its own would live through other loans once more.
    function invariantTheHalvesMatch() public view {
        _theLedgerHoldsWhatItOwes();
        _everyDisbursedUnitIsSomewhere();
        _principalIsRepaidOrOutstanding();
        _theLedgerAgreesWithTheSimulation();
        _balancesAreTheSumsOfEvents();
    }

    /// @dev Money in the ledger is some loan's controlled money or held for someone.
    function _theLedgerHoldsWhatItOwes() private view {
        uint256 controlled;
        for (uint256 i; i < _handler.loanCount(); ++i) {
            controlled += ledger.loanOf(_handler.loanIds(i)).controlledMinor;
        }
        uint256 claimable;
        for (uint256 i; i < _parties.length; ++i) claimable += ledger.claimableMinor(_parties[i]);
        vm.assertEq(token.balanceOf(address(ledger)), controlled + claimable);
        vm.assertEq(claimable, _book.totalHeld());
    }

    /// @dev disbursed = controlled + spent + withdrawn + released at closing.
    function _everyDisbursedUnitIsSomewhere() private view {
        for (uint256 i; i < _handler.loanCount(); ++i) {
            bytes32 loanId = _handler.loanIds(i);
            Loan memory loan = ledger.loanOf(loanId);
            LoanTerms memory terms = _handler.termsOf(loanId);
            EventBook.LoanSums memory sums = _book.loanOf(loanId);
            uint256 spent;
            for (uint256 j; j < terms.purposes.length; ++j) {
                uint64 spentFor = ledger.spentMinor(loanId, terms.purposes[j].purpose);
                vm.assertLe(spentFor, terms.purposes[j].capMinor);
                vm.assertEq(spentFor, _book.paidFor(loanId, terms.purposes[j].purpose));
                spent += spentFor;
            }
            vm.assertEq(spent, sums.paid);
            vm.assertLe(loan.withdrawnMinor, terms.selfPaidMinorMax);
            vm.assertEq(loan.withdrawnMinor, sums.withdrawn);
            vm.assertEq(
                sums.disbursed, loan.controlledMinor + spent + loan.withdrawnMinor + sums.released
            );
            bool isDisbursed = uint256(loan.status) > uint256(Status.Approved);
            vm.assertEq(sums.disbursed, isDisbursed ? terms.principalMinor : 0);
            vm.assertTrue(loan.status != Status.Closed || loan.controlledMinor == 0);
        }
    }

    /// @dev principal disbursed = repaid + outstanding; what was repaid is what the events say.
    function _principalIsRepaidOrOutstanding() private view {
        for (uint256 i; i < _handler.loanCount(); ++i) {
            bytes32 loanId = _handler.loanIds(i);
            Loan memory loan = ledger.loanOf(loanId);
            LoanTerms memory terms = _handler.termsOf(loanId);
            EventBook.LoanSums memory sums = _book.loanOf(loanId);
            vm.assertEq(loan.principalRepaidMinor, sums.principal);
            vm.assertEq(loan.penaltyRepaidMinor, sums.penalty);
            vm.assertEq(sums.repaid, sums.penalty + sums.interest + sums.principal);
            vm.assertEq(uint256(loan.status), uint256(sums.status));
            if (loan.status != Status.Active && loan.status != Status.WrittenOff) continue;
            uint64 outstanding = _owedOf(terms).outstandingPrincipalMinor;
            vm.assertEq(sums.disbursed, loan.principalRepaidMinor + outstanding);
        }
    }

    /// @dev The ledger's arithmetic is that of a loan lived day by day.
    function _theLedgerAgreesWithTheSimulation() private view {
        for (uint256 i; i < _handler.loanCount(); ++i) {
            bytes32 loanId = _handler.loanIds(i);
            Status status = ledger.loanOf(loanId).status;
            if (status == Status.Approved) continue;
            DayByDayLoan.State memory simulated = _handler.simulatedOf(loanId);
            EventBook.LoanSums memory sums = _book.loanOf(loanId);
            vm.assertEq(sums.penalty, simulated.penaltyRepaid);
            vm.assertEq(sums.interest, simulated.interestRepaid);
            vm.assertEq(sums.principal, simulated.principalRepaid);
            LoanTerms memory terms = _handler.termsOf(loanId);
            if (status != Status.Closed) _assertSame(_owedOf(terms), simulated.owed());
            else vm.assertEq(simulated.principalRepaid, terms.principalMinor);
        }
    }

    /// @dev Every movement of money has its event: balances are the sums of what the log tells.
    function _balancesAreTheSumsOfEvents() private view {
        uint256 sum = token.balanceOf(address(ledger));
        vm.assertEq(sum, _book.balance(address(ledger)));
        for (uint256 i; i < _parties.length; ++i) {
            uint256 balance = token.balanceOf(_parties[i]);
            vm.assertEq(balance, _book.balance(_parties[i]));
            vm.assertEq(ledger.claimableMinor(_parties[i]), _book.held(_parties[i]));
            sum += balance;
        }
        vm.assertEq(token.totalSupply(), sum);
        vm.assertEq(token.totalSupply(), _book.minted() - _book.burned());
    }

    /// @dev The handler is worth its runs: by chance alone it gets everywhere.
    function testTheHandlerReachesEverything() public {
        uint256 seed = 1;
        for (uint256 i; i < 800; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            _act(seed % 13, seed >> 8, uint256(keccak256(abi.encode(seed, "amount"))));
        }
        string[13] memory actions = [
            "originate", "disburse", "pay", "withdraw", "repay", "payoff", "writeOff", "freeze",
            "claim", "burn", "wait", "held", "closed"
        ];
        for (uint256 i; i < actions.length; ++i) {
            vm.assertGt(_handler.doneCount(actions[i]), 0, actions[i]);
        }
        invariantTheHalvesMatch();
    }

    function _act(uint256 which, uint256 seed, uint256 amountSeed) private {
        if (which == 0) _handler.originate(seed);
        else if (which == 1) _handler.disburse(seed);
        else if (which == 2) _handler.pay(seed, amountSeed);
        else if (which == 3) _handler.withdraw(seed, amountSeed);
        else if (which == 4) _handler.payoff(seed);
        else if (which == 5) _handler.writeOff(seed);
        else if (which == 6) _handler.freeze(seed);
        else if (which == 7) _handler.claim(seed);
        else if (which == 8) _handler.burn(seed, amountSeed);
        else if (which <= 10) _handler.wait_(amountSeed);
        else _handler.repay(seed, amountSeed);
    }

    function _owedOf(LoanTerms memory terms) private view returns (Owed memory) {
        return ledger.owedAt(terms, vm.getBlockTimestamp());
    }

    function _target() private {
        bytes4[] memory actions = new bytes4[](11);
        actions[0] = LedgerHandler.originate.selector;
        actions[1] = LedgerHandler.disburse.selector;
        actions[2] = LedgerHandler.pay.selector;
        actions[3] = LedgerHandler.withdraw.selector;
        actions[4] = LedgerHandler.repay.selector;
        actions[5] = LedgerHandler.payoff.selector;
        actions[6] = LedgerHandler.writeOff.selector;
        actions[7] = LedgerHandler.freeze.selector;
        actions[8] = LedgerHandler.claim.selector;
        actions[9] = LedgerHandler.burn.selector;
        actions[10] = LedgerHandler.wait_.selector;
        targetContract(address(_handler));
        targetSelector(FuzzSelector(address(_handler), actions));
    }
}
