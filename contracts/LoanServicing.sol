// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {
    Account,
    CollectableBy,
    Loan,
    LoanFlags,
    LoanState,
    Owed,
    Prepayment,
    RepaymentKind,
    Status
} from "./interfaces/ILoanLedger.sol";
import {IPartyRegistry, PartyRoles} from "./interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";
import {LedgerBase, Tally} from "./LedgerBase.sol";
import {AgreementLib} from "./libraries/AgreementLib.sol";
import {CalendarLib} from "./libraries/CalendarLib.sol";
import {ReductionLib} from "./libraries/ReductionLib.sol";
import {Standing, StandingLib} from "./libraries/StandingLib.sol";
import {WaterfallLib} from "./libraries/WaterfallLib.sol";
import {Row} from "./libraries/RowLib.sol";
import {Witness, WitnessLib} from "./libraries/WitnessLib.sol";

/// @title LoanServicing
/// @notice The rarer calls of `LoanLedger`, which delegates them here: the code is in two contracts
/// because it does not fit one. Stores nothing of its own; called directly, it finds no loans.
contract LoanServicing is LedgerBase {
    using AgreementLib for bytes;
    using CalendarLib for uint32;
    using ReductionLib for Standing;
    using SafeERC20 for ISettlementToken;
    using StandingLib for Standing;
    using WaterfallLib for Owed;
    using WaterfallLib for Standing;
    using WitnessLib for Witness;
    using WitnessLib for bytes;

    constructor(address initialAuthority, IPartyRegistry registry, ISettlementToken token)
        LedgerBase(initialAuthority, registry, token)
    {}

    /// @dev See `ILoanLedger`.
    function revokeSignature(bytes calldata witness) external {
        Witness memory shown = witness.read();
        bytes32 loanId = shown.loanId;
        Loan storage loan = _loans[loanId].loan;
        require(loan.status != Status.Revoked, SignatureIsRevoked(loanId));
        require(loan.status == Status.None, LoanAlreadyOriginated(loanId));
        require(
            msg.sender == shown.lender() || msg.sender == shown.borrower()
                || msg.sender == shown.guarantor(),
            CallerNotPermitted(msg.sender)
        );

        loan.status = Status.Revoked;

        emit SignatureRevoked(loanId, msg.sender);
    }

    /// @dev See `ILoanLedger`.
    function cancel(bytes calldata witness) external {
        Witness memory shown = witness.read();
        bytes32 loanId = shown.loanId;
        LoanState storage state = _loanIn(loanId, Status.Approved);
        require(
            msg.sender == shown.lender() || msg.sender == shown.borrower(),
            CallerNotPermitted(msg.sender)
        );

        state.loan.status = Status.Cancelled;

        emit LoanCancelled(loanId, msg.sender);
    }

    /// @dev See `ILoanLedger`.
    function collect(bytes calldata witness) external returns (uint64 takenMinor) {
        Tally memory tally = _accrued(witness, false);
        Witness memory shown = tally.shown;
        Standing memory standing = tally.standing;
        Owed memory owed = tally.owed;
        bytes32 loanId = shown.loanId;
        CollectableBy collectableBy = shown.collectableBy();
        require(collectableBy != CollectableBy.Nobody, NotAgreed("collect"));
        require(!standing.has(LoanFlags.MANDATE_REVOKED), MandateIsRevoked(loanId));
        if (collectableBy != CollectableBy.Anyone) {
            bool isByLender = collectableBy == CollectableBy.Lender;
            _requireCaller(isByLender ? _lenderOf(shown, standing.flags) : address(0));
        }
        Account storage account = _loans[loanId].account;
        address borrower = shown.borrower();
        uint64 collected = account.collectedMinor;
        takenMinor = uint64(_takeable(borrower, owed.due(), shown.mandateMinorMax() - collected));
        require(takenMinor != 0, NothingToCollect(loanId));

        account.collectedMinor = uint48(collected + takenMinor);
        _repay(tally, takenMinor, RepaymentKind.Collect, borrower);
    }

    /// @dev See `ILoanLedger`.
    function payoff(bytes calldata witness, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor)
    {
        Tally memory tally = _accrued(witness, true);
        Witness memory shown = tally.shown;
        Standing memory standing = tally.standing;
        Owed memory owed = tally.owed;
        takenMinor = uint64(owed.payoff());
        require(takenMinor <= amountMinorMax, AmountAboveMax(takenMinor, amountMinorMax));

        standing.clear(shown, owed);

        emit RepaymentReceived(
            shown.loanId,
            msg.sender,
            RepaymentKind.Payoff,
            uint64(owed.penaltyMinor),
            uint64(owed.interestMinor + owed.payoffInterestMinor),
            uint64(owed.outstandingPrincipalMinor),
            uint64(owed.payoffFeeMinor)
        );

        _settle(shown, standing, true, takenMinor, msg.sender);
    }

    /// @dev See `ILoanLedger`.
    function revokeMandate(bytes calldata witness) external {
        Witness memory shown = witness.read();
        bytes32 loanId = shown.loanId;
        Loan storage loan = _loans[loanId].loan;
        require(loan.status >= Status.Approved, LoanUnknown(loanId));
        require(msg.sender == shown.borrower(), CallerNotPermitted(msg.sender));
        require(shown.collectableBy() != CollectableBy.Nobody, NotAgreed("collect"));
        require(loan.flags & LoanFlags.MANDATE_REVOKED == 0, MandateIsRevoked(loanId));

        loan.flags |= LoanFlags.MANDATE_REVOKED;

        emit MandateRevoked(loanId, msg.sender);
    }

    /// @dev See `ILoanLedger`.
    function prepay(bytes calldata witness, uint64 principalMinor, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor)
    {
        Tally memory tally = _accrued(witness, false);
        Witness memory shown = tally.shown;
        Standing memory standing = tally.standing;
        Owed memory owed = tally.owed;
        _requireActive(shown, standing);
        require(msg.sender == shown.borrower(), CallerNotPermitted(msg.sender));
        require(shown.prepayment() != Prepayment.NotAllowed, NotAgreed("prepay"));
        require(owed.due() == 0, DueAmountsFirst(uint64(owed.due())));
        require(principalMinor != 0, AmountZero());

        uint64 interest = uint64(standing.prepay(shown, principalMinor));
        uint64 fee = uint64(WaterfallLib.feeOn(shown, principalMinor));
        takenMinor = principalMinor + interest + fee;
        require(takenMinor <= amountMinorMax, AmountAboveMax(takenMinor, amountMinorMax));
        standing.storeReduction(_loans[shown.loanId]);

        emit RepaymentReceived(
            shown.loanId, msg.sender, RepaymentKind.Prepay, 0, interest, principalMinor, fee
        );

        _settle(shown, standing, false, takenMinor, msg.sender);
    }

    /// @dev See `ILoanLedger`.
    function callGuarantee(bytes calldata witness, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor)
    {
        Tally memory tally = _accrued(witness, false);
        Witness memory shown = tally.shown;
        Standing memory standing = tally.standing;
        Owed memory owed = tally.owed;
        address guarantor = shown.guarantor();
        require(guarantor != address(0), NotAgreed("guarantee"));
        if (msg.sender != guarantor) {
            _requireCaller(_lenderOf(shown, standing.flags));
            _requireLate(owed, shown.guaranteeAfterDays());
        }
        Account storage account = _loans[shown.loanId].account;
        uint64 guaranteed = account.guaranteedMinor;
        takenMinor =
            uint64(_takeable(guarantor, owed.due(), shown.guaranteeMinorMax() - guaranteed));
        if (takenMinor > amountMinorMax) takenMinor = amountMinorMax;
        require(takenMinor != 0, NothingToCallFor(shown.loanId));

        account.guaranteedMinor = uint48(guaranteed + takenMinor);
        _repay(tally, takenMinor, RepaymentKind.Guarantee, guarantor);
    }

    /// @dev See `ILoanLedger`.
    function reimburse(bytes calldata witness, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor)
    {
        Witness memory shown = witness.read();
        bytes32 loanId = shown.loanId;
        LoanState storage state = _loans[loanId];
        require(state.loan.status >= Status.Approved, LoanUnknown(loanId));
        uint256 dueMinor = _owedAt(shown, block.timestamp).due();
        require(dueMinor == 0, DueAmountsFirst(uint64(dueMinor)));
        uint64 reimbursed = state.account.reimbursedMinor;
        takenMinor = state.account.guaranteedMinor - reimbursed;
        require(takenMinor != 0, NothingToReimburse(loanId));
        require(amountMinorMax != 0, AmountZero());
        bool isLast = takenMinor <= amountMinorMax;
        if (!isLast) takenMinor = amountMinorMax;

        state.account.reimbursedMinor = uint48(reimbursed + takenMinor);

        address guarantor = shown.guarantor();
        emit GuarantorReimbursed(loanId, guarantor, msg.sender, takenMinor);
        if (isLast && state.loan.status == Status.Closed && shown.hasCollateral()) {
            emit CollateralReleased(loanId);
        }

        _receive(loanId, msg.sender, guarantor, takenMinor);
    }

    /// @dev See `ILoanLedger`.
    function accelerate(bytes calldata witness, bytes32 reasonHash) external {
        Tally memory tally = _accrued(witness, true);
        Witness memory shown = tally.shown;
        Standing memory standing = tally.standing;
        Owed memory owed = tally.owed;
        _requireActive(shown, standing);
        bytes32 loanId = shown.loanId;
        require(!standing.has(LoanFlags.ACCELERATED), LoanAlreadyAccelerated(loanId));
        uint16 daysAgreed = shown.accelerateAfterDays();
        require(daysAgreed != 0, NotAgreed("accelerate"));
        _requireCaller(_lenderOf(shown, standing.flags));
        _requireLate(owed, daysAgreed);

        standing.accelerate(shown, owed);

        emit LoanAccelerated(
            loanId,
            uint64(standing.acceleratedInterestMinor),
            uint64(standing.acceleratedPrincipalMinor),
            reasonHash
        );

        _applyControlled(tally);
    }

    /// @dev See `ILoanLedger`.
    function restructure(
        bytes calldata priorWitness,
        bytes calldata witness,
        bytes calldata agreement,
        bytes calldata lenderSignature,
        bytes calldata borrowerSignature,
        bytes calldata guarantorSignature
    ) external returns (bytes32 loanId) {
        Witness memory shown = _agree(
            witness, agreement, lenderSignature, borrowerSignature, guarantorSignature
        );
        loanId = shown.loanId;
        emit LoanOriginated(loanId, shown.lender(), shown.borrower(), witness, agreement);
        _carryOver(shown, agreement, priorWitness);
    }

    /// @dev See `ILoanLedger`.
    function assign(
        bytes calldata witness,
        address assignee,
        uint64 priceMinor,
        uint32 signBy,
        bytes calldata lenderSignature,
        bytes calldata assigneeSignature
    ) external {
        Witness memory shown = witness.read();
        bytes32 loanId = shown.loanId;
        LoanState storage state = _loans[loanId];
        _requireCarried(loanId, state.loan.status);
        address lender = _lenderOf(shown, state.loan.flags);
        require(signBy.isDate(), TermInvalid("signBy"));
        require(_today(shown) <= signBy.dayNumber(), SignatureExpired(signBy));
        require(
            assignee != lender && assignee != shown.borrower() && assignee != shown.guarantor(),
            AssigneeInvalid(assignee)
        );
        // A frozen lender must not get out of its claim.
        _requireActiveAs(lender, PartyRoles.LENDER);
        _requireActiveAs(assignee, PartyRoles.LENDER);
        bytes32 digest = _assignmentDigest(loanId, lender, assignee, priceMinor, signBy);
        _requireSigned(lender, digest, lenderSignature);
        _requireSigned(assignee, digest, assigneeSignature);

        uint16 assignmentCount = ++state.account.assignmentCount;
        state.loan.flags |= LoanFlags.ASSIGNED;
        state.assignee = assignee;

        emit ClaimAssigned(loanId, lender, assignee, priceMinor, assignmentCount);

        if (priceMinor != 0) TOKEN.safeTransferFrom(assignee, lender, priceMinor);
    }

    /// @dev See `ILoanLedger`.
    function writeOff(bytes calldata witness, bytes32 reasonHash) external restricted {
        Tally memory tally = _accrued(witness, false);
        Witness memory shown = tally.shown;
        Standing memory standing = tally.standing;
        Owed memory owed = tally.owed;
        _requireActive(shown, standing);
        require(owed.arrearsMinor != 0, NotInArrears(shown.loanId));

        standing.status = Status.WrittenOff;

        emit LoanWrittenOff(
            shown.loanId,
            uint64(owed.outstandingPrincipalMinor),
            uint64(owed.interestMinor),
            uint64(owed.penaltyMinor),
            reasonHash
        );

        _applyControlled(tally);
    }

    /// @dev See `ILoanLedger`.
    function pause() external restricted {
        _setPaused(true);
    }

    /// @dev See `ILoanLedger`.
    function unpause() external restricted {
        _setPaused(false);
    }

    /// @dev Ends the prior loan and begins this one with its balances.
    function _carryOver(
        Witness memory shown,
        bytes calldata agreement,
        bytes calldata priorWitness
    ) private {
        Tally memory priorTally = _accrued(priorWitness, true);
        Witness memory prior = priorTally.shown;
        Standing memory priorStanding = priorTally.standing;
        Owed memory owed = priorTally.owed;
        _requireActive(prior, priorStanding);
        bytes32 priorLoanId = prior.loanId;
        require(agreement.priorLoanId() == priorLoanId, RestructuringMismatch("priorLoanId"));
        require(
            shown.lender() == _lenderOf(prior, priorStanding.flags),
            RestructuringMismatch("lender")
        );
        require(shown.borrower() == prior.borrower(), RestructuringMismatch("borrower"));
        Row first = shown.row(0);
        Standing memory standing;
        standing.status = Status.Active;
        standing.accruedOn =
            _requireInWindow(shown, first.startsOn(), agreement.disburseBy());
        uint256 principalMinor = owed.outstandingPrincipalMinor;
        require(
            principalMinor != 0 && principalMinor <= first.balanceMinor(),
            RestructuringMismatch("principalMinor")
        );
        standing.credit(shown, first.balanceMinor(), principalMinor);
        standing.flags |= LoanFlags.DUE_AT_ONCE;
        standing.carriedPenaltyMinor = owed.penaltyMinor;
        standing.carriedInterestMinor = owed.interestMinor + owed.payoffInterestMinor;

        LoanState storage priorState = _loans[priorLoanId];
        LoanState storage state = _loans[shown.loanId];
        uint48 controlledMinor = priorState.account.controlledMinor;
        priorStanding.status = Status.Restructured;
        priorStanding.store(priorState);
        priorState.account.controlledMinor = 0;
        standing.store(state);
        standing.storeReduction(state);
        state.account.controlledMinor = controlledMinor;

        emit LoanRestructured(
            priorLoanId,
            shown.loanId,
            uint64(standing.carriedPenaltyMinor),
            uint64(standing.carriedInterestMinor),
            uint64(principalMinor),
            controlledMinor
        );
    }

    /// @dev Stores the loan after unused proceeds repaid what they can of it.
    function _applyControlled(Tally memory tally) private {
        LoanState storage state = _loans[tally.shown.loanId];
        uint256 controlled = state.account.controlledMinor;
        uint256 amountMinor = tally.owed.repayable();
        if (controlled < amountMinor) amountMinor = controlled;
        if (amountMinor == 0) return tally.standing.store(state);

        state.account.controlledMinor = uint48(controlled - amountMinor);
        _repay(tally, amountMinor, RepaymentKind.Controlled, address(this));
    }

    function _setPaused(bool isPaused) private {
        require(_isPaused != isPaused, PauseUnchanged(isPaused));
        _isPaused = isPaused;
        emit PauseChanged(msg.sender, isPaused);
    }

    function _requireActive(Witness memory shown, Standing memory standing) private pure {
        Status status = standing.status;
        require(status == Status.Active, LoanStatusInvalid(shown.loanId, status));
    }

    function _requireLate(Owed memory owed, uint16 daysAgreed) private pure {
        require(
            owed.daysPastDue > daysAgreed, NotLateEnough(uint32(owed.daysPastDue), daysAgreed)
        );
    }
}
