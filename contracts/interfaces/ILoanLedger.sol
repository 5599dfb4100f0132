// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @dev Dates are whole numbers `yyyymmdd` (20260201), days in the loan's own UTC offset. Amounts are
/// minor units of the ledger's currency. Rates are parts per million a year. Days past due count from
/// an instalment's due date, on which they are zero.

/// @param purpose Agreed use of proceeds, such as `working_capital`.
/// @param payeeCategory Category a payee must have for this purpose; zero admits any payee.
/// @param capMinor Most that may be paid for this purpose.
struct PurposeCap {
    bytes32 purpose;
    uint16 payeeCategory;
    uint64 capMinor;
}

struct Instalment {
    uint32 dueOn;
    uint64 principalMinor;
    uint64 interestMinor;
}

/// @notice What the parties sign, member for member the EIP-712 message `LoanTerms`, in which the
/// texts and the enumerations are strings (`MessageLib`). Never stored, and never passed in this
/// form: calls show a packed one (`WitnessLib`), whose hash is the loan id.
/// @param agreement The lender's number of the agreement; makes otherwise equal terms distinct.
/// @param guarantor Optional third signer; zero when there is none.
/// @param annualRatePpm Agreed annual rate, from which the schedule was made.
/// @param rounding How penalty and pro-rated interest are rounded.
/// @param allocation Whether a repayment goes to penalty before or after the instalments.
/// @param penaltyRatePpm Simple annual rate on unpaid principal and interest past due.
/// @param penaltyYearDays Days in the year for the penalty: 360 or 365.
/// @param graceDays Whole days past due that bear no penalty.
/// @param prepayment What a partial prepayment does to the schedule.
/// @param prepaymentFeePpm Fee on principal repaid before it is due, in parts per million of it.
/// @param accelerateAfterDays Days past due beyond which all may be made due; zero: never.
/// @param mandateMinorMax Most that may be collected under the mandate in all; zero: no mandate.
/// @param collectableBy Who may collect under the mandate.
/// @param guaranteeMinorMax Most the guarantor can be called on for in all.
/// @param guaranteeAfterDays Days past due beyond which the guarantor can be called on.
/// @param utcOffsetMinutes Where the dates of these terms are counted (480 in China).
/// @param signBy Last day on which the signatures may be used.
/// @param disburseOn First day of disbursement; interest is counted from it.
/// @param disburseBy Last day of disbursement.
/// @param selfPaidMinorMax Most the borrower may withdraw and spend itself.
/// @param documentHash Hash of the agreement's full text.
/// @param collateralHash Hash of what the collateral is; zero when there is none.
/// @param priorLoanId The loan these terms restructure; zero for a loan of its own.
/// @param lenderNonce The registry's `signatureNonce` of the lender; likewise the other two.
struct LoanTerms {
    bytes32 agreement;
    address lender;
    address borrower;
    address guarantor;
    bytes32 currency;
    uint64 principalMinor;
    Method method;
    DayCount dayCount;
    uint32 annualRatePpm;
    Rounding rounding;
    Allocation allocation;
    uint32 penaltyRatePpm;
    uint16 penaltyYearDays;
    uint16 graceDays;
    Prepayment prepayment;
    uint32 prepaymentFeePpm;
    uint16 accelerateAfterDays;
    uint64 mandateMinorMax;
    CollectableBy collectableBy;
    uint64 guaranteeMinorMax;
    uint16 guaranteeAfterDays;
    int16 utcOffsetMinutes;
    uint32 signBy;
    uint32 disburseOn;
    uint32 disburseBy;
    uint64 selfPaidMinorMax;
    bytes32 documentHash;
    bytes32 collateralHash;
    bytes32 priorLoanId;
    uint32 lenderNonce;
    uint32 borrowerNonce;
    uint32 guarantorNonce;
    PurposeCap[] purposes;
    Instalment[] instalments;
}

enum Method {
    EqualInstalment,
    EqualPrincipal,
    InterestOnly,
    SingleRepayment,
    Custom
}

enum DayCount {
    Thirty360,
    Act360,
    Act365F,
    ActAct
}

enum Rounding {
    HalfEven,
    HalfUp
}

enum Allocation {
    PenaltyFirst,
    PenaltyLast
}

enum Prepayment {
    NotAllowed,
    ShorterTerm,
    SmallerInstalments
}

enum CollectableBy {
    Nobody,
    Servicer,
    Lender,
    Anyone
}

/// @dev Lifecycle, only forward. `WrittenOff` still takes repayments; `Revoked` are terms that one side
/// withdrew its signature from before they became a loan.
enum Status {
    None,
    Revoked,
    Approved,
    Cancelled,
    Active,
    WrittenOff,
    Restructured,
    Closed
}

/// @notice How far a loan has been repaid: one storage slot, the only one an ordinary repayment needs.
/// @param flags Bits of `LoanFlags`: which other slots hold something.
/// @param nextInstalment Index of the oldest instalment not fully repaid.
/// @param accruedOn Day number (days since 1970-01-01) up to which `penaltyUnitDays` is counted.
/// @param paidOnNextMinor Interest and principal repaid on the next instalment, interest first.
/// @param penaltyUnitDays Sum over past days of the overdue amount that bore penalty that day.
struct Loan {
    Status status;
    uint8 flags;
    uint16 nextInstalment;
    uint24 accruedOn;
    uint48 paidOnNextMinor;
    uint64 penaltyRepaidMinor;
    uint88 penaltyUnitDays;
}

library LoanFlags {
    /// @dev The claim was assigned: `LoanState.lender` is not the one who signed.
    uint8 internal constant ASSIGNED = 1;
    /// @dev Principal was prepaid: `Reduction` changes the schedule.
    uint8 internal constant REDUCED = 2;
    /// @dev Something in `DueAtOnce`.
    uint8 internal constant DUE_AT_ONCE = 4;
    uint8 internal constant ACCELERATED = 8;
    uint8 internal constant MANDATE_REVOKED = 16;
}

/// @notice Money besides the schedule.
/// @param controlledMinor Disbursed money not yet used.
/// @param withdrawnMinor Withdrawn by the borrower under the self-paid share.
/// @param collectedMinor Collected under the mandate.
/// @param guaranteedMinor Paid by the guarantor when called on.
/// @param reimbursedMinor Of that, repaid to the guarantor.
/// @param assignmentCount How often the claim was assigned.
struct Account {
    uint48 controlledMinor;
    uint48 withdrawnMinor;
    uint48 collectedMinor;
    uint48 guaranteedMinor;
    uint48 reimbursedMinor;
    uint16 assignmentCount;
}

/// @notice What prepayments made of the schedule; B is the principal outstanding before an instalment.
/// Shorter term: B' = max(0, B − shiftMinor). Smaller instalments: B' = B × numerator ÷ denominator,
/// rounded, from instalment `fromInstalment` on; the one before it keeps `currentPrincipalMinor`. In
/// both, principal is B' less the next B', and interest is scaled by B' ÷ B, rounded.
struct Reduction {
    uint16 fromInstalment;
    uint48 shiftMinor;
    uint48 numeratorMinor;
    uint48 denominatorMinor;
    uint48 currentPrincipalMinor;
}

/// @notice What is due outside the instalments. Carried amounts come from a restructured loan and bear
/// no penalty; accelerated ones replace all instalments and bear it from the day of acceleration.
/// @param oldestDueDay Day number on which the oldest instalment unpaid at acceleration fell due.
struct DueAtOnce {
    uint64 carriedPenaltyMinor;
    uint64 carriedInterestMinor;
    uint48 acceleratedInterestMinor;
    uint48 acceleratedPrincipalMinor;
    uint24 oldestDueDay;
}

/// @notice All that the ledger stores of a loan, apart from purposes spent and notices served.
/// @param assignee The present lender when the claim was assigned, else zero.
struct LoanState {
    Loan loan;
    Account account;
    Reduction reduction;
    DueAtOnce dueAtOnce;
    address assignee;
}

/// @notice What is owed at a time.
/// @param penaltyMinor Penalty accrued or carried and not repaid.
/// @param interestMinor Unpaid interest fallen due.
/// @param principalMinor Unpaid principal fallen due.
/// @param currentMinor Unpaid part of the instalment that falls due next.
/// @param payoffInterestMinor Interest of the current period for its elapsed days, less interest paid.
/// @param payoffFeeMinor Fee for repaying now what is not yet due.
/// @param outstandingPrincipalMinor All principal not repaid, due or not.
/// @param arrearsMinor Unpaid interest and principal past due beyond the grace days.
/// @param daysPastDue Days since the oldest unpaid instalment fell due; zero on its due date.
struct Owed {
    uint256 penaltyMinor;
    uint256 interestMinor;
    uint256 principalMinor;
    uint256 currentMinor;
    uint256 payoffInterestMinor;
    uint256 payoffFeeMinor;
    uint256 outstandingPrincipalMinor;
    uint256 arrearsMinor;
    uint256 daysPastDue;
}

/// @dev Why a repayment was received.
enum RepaymentKind {
    Repay,
    Collect,
    Prepay,
    Payoff,
    Guarantee,
    Controlled
}

/// @title ILedgerEvents
/// @notice What the ledger tells: enough to rebuild all of its state.
interface ILedgerEvents {
    /// @notice `witness` shows every page: with `agreement` these are the full terms.
    event LoanOriginated(
        bytes32 indexed loanId,
        address indexed lender,
        address indexed borrower,
        bytes witness,
        bytes agreement
    );
    event SignatureRevoked(bytes32 indexed loanId, address indexed party);
    event LoanCancelled(bytes32 indexed loanId, address indexed by);
    event FundsDisbursed(bytes32 indexed loanId, uint64 amountMinor);
    event ProceedsPaid(
        bytes32 indexed loanId,
        address indexed payee,
        bytes32 indexed purpose,
        uint64 amountMinor,
        bytes32 evidenceHash
    );
    event ProceedsWithdrawn(bytes32 indexed loanId, uint64 amountMinor);
    /// @notice `payer` paid penalty + interest + principal + fee; for `Controlled` it is the ledger.
    event RepaymentReceived(
        bytes32 indexed loanId,
        address indexed payer,
        RepaymentKind kind,
        uint64 penaltyMinor,
        uint64 interestMinor,
        uint64 principalMinor,
        uint64 feeMinor
    );
    event MandateRevoked(bytes32 indexed loanId, address indexed borrower);
    /// @notice `guarantor` got back part of what it had paid.
    event GuarantorReimbursed(
        bytes32 indexed loanId, address indexed guarantor, address indexed payer, uint64 amountMinor
    );
    /// @notice All is due: these amounts replace the instalments.
    event LoanAccelerated(
        bytes32 indexed loanId, uint64 interestMinor, uint64 principalMinor, bytes32 reasonHash
    );
    /// @notice `priorLoanId` ended and what was owed under it is owed under `loanId`.
    event LoanRestructured(
        bytes32 indexed priorLoanId,
        bytes32 indexed loanId,
        uint64 penaltyMinor,
        uint64 interestMinor,
        uint64 principalMinor,
        uint64 controlledMinor
    );
    event ClaimAssigned(
        bytes32 indexed loanId,
        address indexed lender,
        address indexed assignee,
        uint64 priceMinor,
        uint16 assignmentCount
    );
    event LoanWrittenOff(
        bytes32 indexed loanId,
        uint64 principalMinor,
        uint64 interestMinor,
        uint64 penaltyMinor,
        bytes32 reasonHash
    );
    event LoanClosed(bytes32 indexed loanId);
    /// @notice Unused proceeds of a closed loan went back to the borrower.
    event ControlledReleased(bytes32 indexed loanId, address indexed borrower, uint64 amountMinor);
    event CollateralReleased(bytes32 indexed loanId);
    /// @notice `party` could not receive money of this loan; it can `claim` it.
    event PayoutHeld(bytes32 indexed loanId, address indexed party, uint64 amountMinor);
    event PayoutClaimed(address indexed party, uint64 amountMinor);
    event NoticeServed(bytes32 indexed loanId, bytes32 indexed contentHash, bytes32 step);
    /// @notice Origination and disbursement stop or go on.
    event PauseChanged(address indexed by, bool isPaused);
    /// @notice Item `index` of a batch failed with `reason`, the encoded error; the rest went on.
    event BatchItemFailed(uint256 indexed index, bytes4 indexed selector, bytes reason);
}

/// @title ILedgerErrors
/// @notice What the ledger refuses, and why.
interface ILedgerErrors {
    /// @dev No loan has these terms, or no loan has this id.
    error LoanUnknown(bytes32 loanId);
    error LoanAlreadyOriginated(bytes32 loanId);
    error LoanStatusInvalid(bytes32 loanId, Status status);
    error SignatureInvalid(address signer);
    error SignatureExpired(uint32 signBy);
    /// @dev The signer cancelled the signatures given under `nonce`.
    error SignatureNonceInvalid(address signer, uint32 nonce);
    error SignatureIsRevoked(bytes32 loanId);
    error PartyNotActiveAs(address party, uint32 roles);
    error CallerNotPermitted(address caller);
    error CurrencyMismatch(bytes32 currency);
    error AmountZero();
    error IsPaused();

    /// @dev The witness is cut short, too long, or shows pages that do not exist.
    error WitnessMalformed();
    /// @dev The call needs an instalment the witness does not show.
    error InstalmentNotShown(uint256 index);
    /// @dev The agreement shown is not the one the witness names.
    error AgreementMismatch();
    /// @dev Terms that may not be originated; `field` is the term's name.
    error TermInvalid(bytes32 field);
    /// @dev An instalment that may not be originated; `field` is the member's name.
    error InstalmentInvalid(uint256 index, bytes32 field);
    /// @dev A purpose that may not be originated; `field` is the member's name.
    error PurposeInvalid(uint256 index, bytes32 field);
    /// @dev The last instalment leaves this principal outstanding.
    error ScheduleNotSummingToPrincipal(uint64 leftMinor);
    /// @dev The caps and the self-paid share would leave principal that nobody can use.
    error PrincipalNotUsable(uint256 usableMinor, uint64 principalMinor);

    error DisbursementOutsideWindow(uint32 disburseOn, uint32 disburseBy);
    error PurposeNotAgreed(bytes32 purpose);
    error PayeeNotRegistered(address payee);
    error PayeeCategoryNotAgreed(address payee, uint16 payeeCategory, uint16 agreedCategory);
    error PayeeIsParty(address payee);
    error PurposeCapExceeded(bytes32 purpose, uint64 spentMinor, uint64 amountMinor, uint64 capMinor);
    error SelfPaidShareExceeded(uint64 withdrawnMinor, uint64 amountMinor, uint64 maxMinor);
    error ControlledBalanceExceeded(uint64 controlledMinor, uint64 amountMinor);
    error EvidenceMissing();
    error NothingOwed(bytes32 loanId);
    /// @dev The call would take more than the caller is willing to pay.
    error AmountAboveMax(uint64 takenMinor, uint64 amountMinorMax);
    error NotInArrears(bytes32 loanId);
    /// @dev Not enough days past due for what was asked.
    error NotLateEnough(uint32 daysPastDue, uint16 daysAgreed);
    /// @dev The terms do not allow this (`prepay`, `accelerate`, `collect`, `guarantee`).
    error NotAgreed(bytes32 what);
    error MandateIsRevoked(bytes32 loanId);
    /// @dev Nothing is due, or the mandate's cap, the balance or the allowance leave nothing.
    error NothingToCollect(bytes32 loanId);
    /// @dev The guarantee is used up, or nothing is due, or the guarantor has nothing to take.
    error NothingToCallFor(bytes32 loanId);
    /// @dev Everything due has to be repaid before principal is prepaid or the guarantor reimbursed.
    error DueAmountsFirst(uint64 dueMinor);
    /// @dev More than what is outstanding beyond the current instalment; to repay all, pay off.
    error PrepaymentTooLarge(uint64 principalMinor, uint64 maxMinor);
    error NothingToReimburse(bytes32 loanId);
    error LoanAlreadyAccelerated(bytes32 loanId);
    error AssigneeInvalid(address assignee);
    /// @dev The new terms name another prior loan, lender, borrower or too little principal.
    error RestructuringMismatch(bytes32 field);
    error NoticeAlreadyServed(bytes32 loanId, bytes32 contentHash);
    /// @dev The step is not a text, or the hash is zero.
    error NoticeIncomplete();
    error NothingToClaim(address party);
    /// @dev A view was asked about a day before the loan's last accrual.
    error TimeBeforeAccrual(uint256 asOf, uint32 accruedOn);
    error BatchNested();
    error PauseUnchanged(bool isPaused);
}

/// @title ILoanLedger
/// @notice Records loans the parties signed and executes what they agreed. One ledger serves all loans
/// of one currency. The economics are written at the head of `LoanLedger`.
///
/// `witness` shows the terms a call needs and hashes to the loan id; `agreement` shows the rest of the
/// terms. Both are immutable, so what others do to a loan cannot make a correct witness wrong: one that
/// shows every page of the schedule always serves, and a repayment needs only the pages from the next
/// instalment to the first one not yet due.
interface ILoanLedger is ILedgerEvents, ILedgerErrors {
    /* AGREEMENT */

    /// @notice Records a loan the parties signed. Anyone may bring the signatures.
    /// @param witness Shows every page of the schedule.
    /// @param lenderSignature ECDSA or ERC-1271 signature of the EIP-712 message `LoanTerms`.
    /// @param borrowerSignature Likewise, over the same message.
    /// @param guarantorSignature Likewise; empty when the terms name no guarantor.
    function originate(
        bytes calldata witness,
        bytes calldata agreement,
        bytes calldata lenderSignature,
        bytes calldata borrowerSignature,
        bytes calldata guarantorSignature
    ) external returns (bytes32 loanId);

    /// @notice Withdraws the caller's signature from terms that are not a loan yet, for good. The
    /// registry's `cancelSignatures` does so for all of the caller's at once.
    function revokeSignature(bytes calldata witness) external;

    /// @notice Gives up a loan before its disbursement.
    /// @dev Called by the lender or the borrower.
    function cancel(bytes calldata witness) external;

    /* DISBURSEMENT AND USE OF PROCEEDS */

    /// @notice Moves the whole principal from the lender into the loan's controlled account.
    /// @dev Called by the lender or a servicer, while both sides are active; spends the lender's
    /// allowance to the ledger.
    function disburse(bytes calldata witness, bytes calldata agreement) external;

    /// @notice Pays a registered payee from the controlled account for an agreed purpose.
    /// @dev Called by the borrower or a servicer, while the borrower is active.
    function pay(
        bytes calldata witness,
        bytes calldata agreement,
        address payee,
        uint64 amountMinor,
        bytes32 purpose,
        bytes32 evidenceHash
    ) external;

    /// @notice Releases part of the self-paid share to the borrower, who calls it.
    function withdraw(bytes calldata witness, bytes calldata agreement, uint64 amountMinor) external;

    /* REPAYMENT */

    /// @notice Repays what has fallen due and the current instalment, in the agreed order.
    /// @dev Anyone may call; never paused. Takes at most what can be repaid now, so that a
    /// repayment landing just before cannot make this one fail.
    /// @return takenMinor What was taken from the caller.
    function repay(bytes calldata witness, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor);

    /// @notice Takes what is due from the borrower under its mandate: at most what the mandate, the
    /// borrower's balance and its allowance leave.
    /// @dev Called by whom the terms let collect.
    function collect(bytes calldata witness) external returns (uint64 takenMinor);

    /// @notice Ends the mandate, for good. Called by the borrower.
    function revokeMandate(bytes calldata witness) external;

    /// @notice Repays `principalMinor` ahead of schedule, with its interest for elapsed days and the
    /// agreed fee; the schedule changes by the rule in the terms.
    /// @dev Called by the borrower, when nothing is due. At most what is outstanding beyond the current
    /// instalment.
    /// @param amountMinorMax Most the caller is willing to pay in all.
    function prepay(bytes calldata witness, uint64 principalMinor, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor);

    /// @notice Repays everything and closes the loan; interest is charged for elapsed days only.
    /// @dev Anyone may call.
    function payoff(bytes calldata witness, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor);

    /// @notice Takes what is due from the guarantor, who takes over the claim for what it paid.
    /// @dev Called by the lender or a servicer beyond the agreed days past due, or by the guarantor.
    function callGuarantee(bytes calldata witness, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor);

    /// @notice Pays the guarantor what it is still owed. Anyone may call; the lender ranks first.
    function reimburse(bytes calldata witness, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor);

    /// @notice Sends the caller what was held for it.
    function claim() external returns (uint64 amountMinor);

    /* SERVICING */

    /// @notice Makes everything due, beyond the agreed days past due; unused proceeds repay the debt.
    /// @dev Called by the lender or a servicer.
    function accelerate(bytes calldata witness, bytes32 reasonHash) external;

    /// @notice Replaces an active loan by a new one the parties signed, which carries its balances:
    /// penalty and interest are due at once, and principal below that of the new terms counts as prepaid.
    /// @param priorWitness Of the loan that ends, which the new terms name in `priorLoanId`.
    function restructure(
        bytes calldata priorWitness,
        bytes calldata witness,
        bytes calldata agreement,
        bytes calldata lenderSignature,
        bytes calldata borrowerSignature,
        bytes calldata guarantorSignature
    ) external returns (bytes32 loanId);

    /// @notice Moves the claim to another lender, against `priceMinor` from the assignee. Both are active
    /// lenders; their signatures carry their present nonces.
    /// @param signBy Last day on which the signatures may be used.
    /// @param lenderSignature Of the EIP-712 message `Assignment`, by the present lender.
    /// @param assigneeSignature Likewise, by the assignee.
    function assign(
        bytes calldata witness,
        address assignee,
        uint64 priceMinor,
        uint32 signBy,
        bytes calldata lenderSignature,
        bytes calldata assigneeSignature
    ) external;

    /// @notice Stops carrying a loan in arrears; the debt survives, recoveries are still taken, and
    /// unused proceeds repay it.
    /// @dev Called by a servicer.
    function writeOff(bytes calldata witness, bytes32 reasonHash) external;

    /// @notice Anchors the hash of a served notice.
    /// @param step The dunning step, such as `overdue_7`.
    /// @dev Called by a servicer.
    function serveNotice(bytes32 loanId, bytes32 step, bytes32 contentHash) external;

    /// @notice Stops origination, restructuring and disbursement. Called by a guardian.
    function pause() external;

    /// @notice Lifts `pause`.
    function unpause() external;

    /// @notice Carries out calls to this ledger one by one, as the caller. One that fails is undone alone
    /// and told of in `BatchItemFailed`.
    /// @return errors By item: empty when it succeeded, else its encoded error.
    function batch(bytes[] calldata calls) external returns (bytes[] memory errors);

    /* VIEWS */

    /// @notice Hash of the terms.
    function idOf(bytes calldata witness) external pure returns (bytes32);

    /// @notice The EIP-712 digest the parties sign.
    function digestOf(bytes calldata witness, bytes calldata agreement)
        external
        view
        returns (bytes32);

    /// @notice The EIP-712 digest of an assignment from the present lender.
    function assignmentDigestOf(
        bytes calldata witness,
        address assignee,
        uint64 priceMinor,
        uint32 signBy
    ) external view returns (bytes32);

    /// @notice All that is stored of a loan; all zero when unknown.
    function loanOf(bytes32 loanId) external view returns (LoanState memory);

    /// @notice What is owed at `asOf` (unix seconds) if nothing is repaid before.
    function owedAt(bytes calldata witness, uint256 asOf) external view returns (Owed memory);

    /// @notice What was paid so far for a purpose.
    function spentMinor(bytes32 loanId, bytes32 purpose) external view returns (uint64);

    /// @notice Money held for a party that could not receive it.
    function claimableMinor(address party) external view returns (uint64);

    /// @notice When a notice was served (unix seconds); zero if never.
    function noticeServedAt(bytes32 loanId, bytes32 contentHash) external view returns (uint40);

    /// @notice Whether origination and disbursement are stopped.
    function isPaused() external view returns (bool);
}
