// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @dev Dates are whole numbers `yyyymmdd` (20260201), days in the loan's own UTC offset. Texts are
/// left-aligned ASCII of up to 31 bytes, shown as `string` in the signed message. Amounts are minor
/// units of the loan's currency.

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

/// @notice What lender and borrower sign. Never stored: calls pass it, its hash is the loan id.
/// @param agreement The lender's number of the agreement; makes otherwise equal terms distinct.
/// @param annualRatePpm Agreed annual rate in parts per million, from which the schedule was made.
/// @param rounding `half_even` or `half_up`: how penalty and pro-rated interest are rounded.
/// @param penaltyRatePpm Annual penalty rate, simple, on unpaid principal and interest past due.
/// @param penaltyYearDays Days in the year for the penalty: 360 or 365.
/// @param graceDays Whole days past due that bear no penalty.
/// @param utcOffsetMinutes Where the dates of these terms are counted (480 in China).
/// @param signBy Last day on which the signatures may be used.
/// @param disburseOn First day of disbursement; interest is counted from it.
/// @param disburseBy Last day of disbursement.
/// @param selfPaidMinorMax Most the borrower may withdraw and spend itself.
/// @param documentHash Hash of the agreement's full text.
struct LoanTerms {
    bytes32 agreement;
    address lender;
    address borrower;
    bytes32 currency;
    uint64 principalMinor;
    bytes32 method;
    bytes32 dayCount;
    uint32 annualRatePpm;
    bytes32 rounding;
    uint32 penaltyRatePpm;
    uint16 penaltyYearDays;
    uint16 graceDays;
    int16 utcOffsetMinutes;
    uint32 signBy;
    uint32 disburseOn;
    uint32 disburseBy;
    uint64 selfPaidMinorMax;
    bytes32 documentHash;
    PurposeCap[] purposes;
    Instalment[] instalments;
}

/// @dev Lifecycle, only forward. `WrittenOff` still takes repayments.
enum Status {
    None,
    Approved,
    Active,
    WrittenOff,
    Closed
}

/// @param accruedOn Day number (days since 1970-01-01) up to which `penaltyUnitDays` is counted.
/// @param nextInstalment Index of the oldest instalment not fully repaid.
/// @param paidOnNextMinor Interest and principal repaid on that instalment, interest first.
/// @param penaltyUnitDays Sum over past days of the overdue amount that bore penalty that day.
/// @param controlledMinor Disbursed money not yet used.
struct Loan {
    Status status;
    uint40 disbursedAt;
    uint32 accruedOn;
    uint16 nextInstalment;
    uint64 paidOnNextMinor;
    uint64 principalRepaidMinor;
    uint128 penaltyUnitDays;
    uint64 penaltyRepaidMinor;
    uint64 controlledMinor;
    uint64 withdrawnMinor;
}

/// @notice What is owed at a time.
/// @param penaltyMinor Penalty accrued and not repaid.
/// @param interestMinor Unpaid interest of instalments fallen due.
/// @param principalMinor Unpaid principal of instalments fallen due.
/// @param currentMinor Unpaid part of the instalment that falls due next.
/// @param payoffInterestMinor Interest of the current period for its elapsed days, less interest paid.
/// @param outstandingPrincipalMinor All principal not repaid, due or not.
/// @param arrearsMinor Unpaid interest and principal of instalments past due beyond the grace days.
/// @param daysPastDue Days since the oldest unpaid instalment fell due; zero on its due date.
struct Owed {
    uint64 penaltyMinor;
    uint64 interestMinor;
    uint64 principalMinor;
    uint64 currentMinor;
    uint64 payoffInterestMinor;
    uint64 outstandingPrincipalMinor;
    uint64 arrearsMinor;
    uint32 daysPastDue;
}

/// @title ILoanLedger
/// @notice Records loans both sides signed and executes what they agreed. One ledger serves all
/// loans of one currency.
interface ILoanLedger {
    event LoanOriginated(
        bytes32 indexed loanId, address indexed lender, address indexed borrower, LoanTerms terms
    );
    event SignatureRevoked(bytes32 indexed loanId, address indexed party);
    event FundsDisbursed(bytes32 indexed loanId, uint64 amountMinor);
    event ProceedsPaid(
        bytes32 indexed loanId,
        address indexed payee,
        bytes32 indexed purpose,
        uint64 amountMinor,
        bytes32 evidenceHash
    );
    event ProceedsWithdrawn(bytes32 indexed loanId, uint64 amountMinor);
    /// @notice `amountMinor` = penalty + interest + principal.
    event RepaymentReceived(
        bytes32 indexed loanId,
        address indexed payer,
        uint64 amountMinor,
        uint64 penaltyMinor,
        uint64 interestMinor,
        uint64 principalMinor,
        bool isPayoff
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
    /// @notice `party` could not receive money of this loan; it can `claim` it.
    event PayoutHeld(bytes32 indexed loanId, address indexed party, uint64 amountMinor);
    event PayoutClaimed(address indexed party, uint64 amountMinor);
    event NoticeServed(bytes32 indexed loanId, bytes32 indexed contentHash, bytes32 step);

    /// @dev No loan has these terms, or no loan has this id.
    error LoanUnknown(bytes32 loanId);
    error LoanAlreadyOriginated(bytes32 loanId);
    error LoanStatusInvalid(bytes32 loanId, Status status);
    error SignatureInvalid(address signer);
    error SignatureExpired(uint32 signBy);
    error SignatureIsRevoked(bytes32 loanId, address party);
    error PartyNotActiveAs(address party, uint32 roles);
    error CallerNotPermitted(address caller);
    error CurrencyMismatch(bytes32 currency);
    error AmountZero();

    /// @dev Terms that may not be originated; `field` is the term's name.
    error TermInvalid(bytes32 field);
    /// @dev An instalment that may not be originated; `field` is the member's name.
    error InstalmentInvalid(uint256 index, bytes32 field);
    /// @dev A purpose that may not be originated; `field` is the member's name.
    error PurposeInvalid(uint256 index, bytes32 field);
    error ScheduleNotSummingToPrincipal(uint256 sumMinor, uint64 principalMinor);
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
    error PayoffAboveMax(uint64 payoffMinor, uint64 amountMinorMax);
    error NotInArrears(bytes32 loanId);
    error NoticeAlreadyServed(bytes32 loanId, bytes32 contentHash);
    /// @dev The step is not a text, or the hash is zero.
    error NoticeIncomplete();
    error NothingToClaim(address party);
    /// @dev A view was asked about a day before the loan's last accrual.
    error TimeBeforeAccrual(uint256 asOf, uint32 accruedOn);

    /// @notice Records a loan both sides signed. Anyone may bring the signatures.
    /// @param lenderSignature ECDSA or ERC-1271 signature of the EIP-712 message `LoanTerms`.
    /// @param borrowerSignature Likewise, over the same message.
    function originate(
        LoanTerms calldata terms,
        bytes calldata lenderSignature,
        bytes calldata borrowerSignature
    ) external returns (bytes32 loanId);

    /// @notice Makes the caller's signature under these terms worthless before origination.
    function revokeSignature(bytes32 loanId) external;

    /// @notice Moves the whole principal from the lender into the loan's controlled account.
    /// @dev Called by the lender or a servicer, while both sides are active; spends the lender's
    /// allowance to the ledger.
    function disburse(LoanTerms calldata terms) external;

    /// @notice Pays a registered payee from the controlled account for an agreed purpose.
    /// @dev Called by the borrower or a servicer, while the borrower is active.
    function pay(
        LoanTerms calldata terms,
        address payee,
        uint64 amountMinor,
        bytes32 purpose,
        bytes32 evidenceHash
    ) external;

    /// @notice Releases part of the self-paid share to the borrower, who calls it.
    function withdraw(LoanTerms calldata terms, uint64 amountMinor) external;

    /// @notice Repays what has fallen due and the current instalment: penalty first, then the
    /// oldest instalment's interest, its principal, the next instalment's interest, and so on.
    /// @dev Anyone may call; never paused. Takes at most what can be repaid now, so that a
    /// repayment landing just before cannot make this one fail.
    /// @return takenMinor What was taken from the caller.
    function repay(LoanTerms calldata terms, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor);

    /// @notice Repays everything and closes the loan; interest is charged for elapsed days only.
    /// @return takenMinor What was taken from the caller.
    function payoff(LoanTerms calldata terms, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor);

    /// @notice Stops carrying a loan in arrears; the debt survives and repayments are still taken.
    /// @dev Called by a servicer.
    function writeOff(LoanTerms calldata terms, bytes32 reasonHash) external;

    /// @notice Anchors the hash of a served notice.
    /// @param step The dunning step, such as `overdue_7`.
    /// @dev Called by a servicer.
    function serveNotice(bytes32 loanId, bytes32 step, bytes32 contentHash) external;

    /// @notice Sends the caller what was held for it.
    function claim() external returns (uint64 amountMinor);

    /// @notice Hash of the terms as they lie in calldata.
    function idOf(LoanTerms calldata terms) external pure returns (bytes32);

    /// @notice The EIP-712 digest both sides sign.
    function digestOf(LoanTerms calldata terms) external view returns (bytes32);

    /// @notice State of a loan; all zero when unknown.
    function loanOf(bytes32 loanId) external view returns (Loan memory);

    /// @notice What is owed at `asOf` (unix seconds) if nothing is repaid before.
    function owedAt(LoanTerms calldata terms, uint256 asOf) external view returns (Owed memory);

    /// @notice What `repay` would take at most at `asOf`.
    function repayableAt(LoanTerms calldata terms, uint256 asOf) external view returns (uint64);

    /// @notice What `payoff` would take at `asOf`.
    function payoffAt(LoanTerms calldata terms, uint256 asOf) external view returns (uint64);

    /// @notice What was paid so far for a purpose.
    function spentMinor(bytes32 loanId, bytes32 purpose) external view returns (uint64);

    /// @notice Money held for a party that could not receive it.
    function claimableMinor(address party) external view returns (uint64);

    /// @notice When a notice was served (unix seconds); zero if never.
    function noticeServedAt(bytes32 loanId, bytes32 contentHash) external view returns (uint40);
}
