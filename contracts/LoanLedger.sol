// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {
    Account,
    ILoanLedger,
    LoanFlags,
    LoanState,
    Owed,
    RepaymentKind,
    Status
} from "./interfaces/ILoanLedger.sol";
import {IPartyRegistry, Party, PartyRoles} from "./interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";
import {LedgerBase, Tally} from "./LedgerBase.sol";
import {AgreementLib} from "./libraries/AgreementLib.sol";
import {TextLib} from "./libraries/TextLib.sol";
import {Standing, StandingLib} from "./libraries/StandingLib.sol";
import {WaterfallLib} from "./libraries/WaterfallLib.sol";
import {Row} from "./libraries/RowLib.sol";
import {Witness, WitnessLib} from "./libraries/WitnessLib.sol";

/// @title LoanLedger
/// @notice See `ILoanLedger`. Every entry point that changes a loan goes id, require, accrue, write,
/// emit, transfer, in that order.
///
/// WHAT IS OWED
///
/// - The schedule is what was signed: dated instalments of interest and principal. An instalment is due
///   from the first second of its date, where the loan counts its days; until then it is the current one.
/// - Penalty is counted in unit-days: one minor unit of unpaid interest or principal for one whole day
///   past due beyond the grace days. Unit-days are whole numbers and become money by one rounding,
///
///       penalty accrued = unit-days × penaltyRatePpm ÷ (1,000,000 × penaltyYearDays),
///
///   so what is owed at a time does not depend on when, how often or by whom the loan was touched.
/// - A repayment goes to penalty, then to the oldest instalment's interest, its principal, and so on.
///   With `PenaltyLast` what is due of the instalments comes before penalty, the current one after it.
/// - Paying off charges the current period's interest for its elapsed days and the agreed fee on
///   principal not yet due. Interest already paid is not given back.
/// - Prepayment reduces what is outstanding beyond the current instalment: by the rule in the terms the
///   last instalments fall away, or all become smaller. Interest follows the balance.
/// - Acceleration replaces the instalments by what is outstanding, with interest to the day.
/// - Restructuring ends a loan and begins another with its balances. Carried penalty and interest are
///   due at once and bear no penalty.
/// - What a guarantor paid, the borrower owes the guarantor; the lender ranks first.
///
/// WHO MAY
///
///     lender or servicer      disburse, callGuarantee, accelerate
///     borrower or servicer    pay
///     borrower                withdraw, prepay, revokeMandate
///     guarantor               callGuarantee
///     lender or borrower      cancel
///     any who signs           revokeSignature
///     whom the terms let      collect
///     servicer                writeOff, serveNotice
///     guardian                pause
///     those who signed        originate, restructure, assign: anyone may bring the signatures
///     anyone                  repay, payoff, reimburse, batch
///     whom money is held for  claim
///
/// WHAT CAN NEVER HAPPEN
///
/// - Terms change: they are the loan's id. What moves is in `LoanState`.
/// - A status goes back: none, approved, active, (written off,) closed or restructured; or cancelled.
/// - A repayment fails because of its receiver, a pause, or what someone else repaid before.
/// - A unit is lost: disbursed = controlled + spent + withdrawn + applied to the debt + released, and
///   principal disbursed = repaid + outstanding, carried over restructurings.
/// - A penalty is escaped by closing, assigning, accelerating or restructuring.
contract LoanLedger is ILoanLedger, LedgerBase {
    using AgreementLib for bytes;
    using SafeERC20 for ISettlementToken;
    using TextLib for bytes32;
    using StandingLib for Standing;
    using WaterfallLib for Owed;
    using WaterfallLib for Standing;
    using WitnessLib for Witness;
    using WitnessLib for bytes;

    /// @notice The contract with the code of the rarer calls.
    address public immutable SERVICING;

    constructor(
        address initialAuthority,
        IPartyRegistry registry,
        ISettlementToken token,
        address servicing
    ) LedgerBase(initialAuthority, registry, token) {
        SERVICING = servicing;
    }

    /* AGREEMENT */

    /// @inheritdoc ILoanLedger
    function originate(
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
        require(agreement.priorLoanId() == 0, TermInvalid("priorLoanId"));

        _loans[loanId].loan.status = Status.Approved;

        emit LoanOriginated(loanId, shown.lender(), shown.borrower(), witness, agreement);
    }

    /* DISBURSEMENT AND USE OF PROCEEDS */

    /// @inheritdoc ILoanLedger
    function disburse(bytes calldata witness, bytes calldata agreement) external {
        Witness memory shown = witness.read();
        bytes32 loanId = shown.loanId;
        LoanState storage state = _loanIn(loanId, Status.Approved);
        require(!_isPaused, IsPaused());
        agreement.requireOf(shown);
        address lender = shown.lender();
        _requireCaller(lender);
        _requireActiveAs(lender, PartyRoles.LENDER);
        _requireActiveAs(shown.borrower(), PartyRoles.BORROWER);
        Row first = shown.row(0);
        uint256 today = _requireInWindow(shown, first.startsOn(), agreement.disburseBy());

        uint64 amountMinor = uint64(first.balanceMinor());
        state.loan.status = Status.Active;
        state.loan.accruedOn = uint24(today);
        state.account.controlledMinor = uint48(amountMinor);

        emit FundsDisbursed(loanId, amountMinor);

        TOKEN.safeTransferFrom(lender, address(this), amountMinor);
    }

    /// @inheritdoc ILoanLedger
    function pay(
        bytes calldata witness,
        bytes calldata agreement,
        address payee,
        uint64 amountMinor,
        bytes32 purpose,
        bytes32 evidenceHash
    ) external {
        Witness memory shown = witness.read();
        bytes32 loanId = shown.loanId;
        LoanState storage state = _loanUsingProceeds(loanId);
        agreement.requireOf(shown);
        _requireCaller(shown.borrower());
        _requireActiveAs(shown.borrower(), PartyRoles.BORROWER);
        require(amountMinor != 0, AmountZero());
        require(evidenceHash != 0, EvidenceMissing());
        (uint16 payeeCategory, uint64 capMinor) = _agreedPurpose(agreement, purpose);
        _requirePayee(shown, state, payee, payeeCategory);
        uint64 spent = _spentMinor[loanId][purpose];
        require(
            amountMinor <= capMinor - spent,
            PurposeCapExceeded(purpose, spent, amountMinor, capMinor)
        );

        _spentMinor[loanId][purpose] = spent + amountMinor;
        _takeControlled(state.account, amountMinor);

        emit ProceedsPaid(loanId, payee, purpose, amountMinor, evidenceHash);

        TOKEN.safeTransfer(payee, amountMinor);
    }

    /// @inheritdoc ILoanLedger
    function withdraw(bytes calldata witness, bytes calldata agreement, uint64 amountMinor)
        external
    {
        Witness memory shown = witness.read();
        bytes32 loanId = shown.loanId;
        LoanState storage state = _loanUsingProceeds(loanId);
        agreement.requireOf(shown);
        require(msg.sender == shown.borrower(), CallerNotPermitted(msg.sender));
        require(amountMinor != 0, AmountZero());
        uint64 withdrawn = state.account.withdrawnMinor;
        uint64 maxMinor = agreement.selfPaidMinorMax();
        require(
            amountMinor <= maxMinor - withdrawn,
            SelfPaidShareExceeded(withdrawn, amountMinor, maxMinor)
        );

        state.account.withdrawnMinor = uint48(withdrawn + amountMinor);
        _takeControlled(state.account, amountMinor);

        emit ProceedsWithdrawn(loanId, amountMinor);

        TOKEN.safeTransfer(msg.sender, amountMinor);
    }

    /* REPAYMENT */

    /// @inheritdoc ILoanLedger
    function repay(bytes calldata witness, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor)
    {
        Tally memory tally = _accrued(witness, false);
        Witness memory shown = tally.shown;
        Owed memory owed = tally.owed;
        uint256 repayable = owed.repayable();
        require(repayable != 0, NothingOwed(shown.loanId));
        require(amountMinorMax != 0, AmountZero());
        takenMinor = repayable < amountMinorMax ? uint64(repayable) : amountMinorMax;

        _repay(tally, takenMinor, RepaymentKind.Repay, msg.sender);
    }

    /// @inheritdoc ILoanLedger
    function claim() external returns (uint64 amountMinor) {
        amountMinor = _claimableMinor[msg.sender];
        require(amountMinor != 0, NothingToClaim(msg.sender));

        _claimableMinor[msg.sender] = 0;

        emit PayoutClaimed(msg.sender, amountMinor);

        TOKEN.safeTransfer(msg.sender, amountMinor);
    }

    /* SERVICING */

    /// @inheritdoc ILoanLedger
    function serveNotice(bytes32 loanId, bytes32 step, bytes32 contentHash) external restricted {
        require(_loans[loanId].loan.status >= Status.Approved, LoanUnknown(loanId));
        require(step.textLength() != 0 && contentHash != 0, NoticeIncomplete());
        require(
            _noticeServedAt[loanId][contentHash] == 0, NoticeAlreadyServed(loanId, contentHash)
        );

        _noticeServedAt[loanId][contentHash] = uint40(block.timestamp);

        emit NoticeServed(loanId, contentHash, step);
    }

    /// @inheritdoc ILoanLedger
    function batch(bytes[] calldata calls) external returns (bytes[] memory errors) {
        errors = new bytes[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            bytes calldata item = calls[i];
            bytes4 selector = bytes4(item);
            require(selector != this.batch.selector, BatchNested());
            bool isDone;
            assembly ("memory-safe") {
                // Laid out above the free memory pointer, used and given back.
                let m := mload(0x40)
                calldatacopy(m, item.offset, item.length)
                isDone := delegatecall(gas(), address(), m, item.length, 0, 0)
            }
            if (isDone) continue;
            bytes memory reason = _returned();
            errors[i] = reason;
            emit BatchItemFailed(i, selector, reason);
        }
    }

    /* SERVICING: THE CODE IS IN `LoanServicing` */

    /// @inheritdoc ILoanLedger
    function revokeSignature(bytes calldata) external {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function cancel(bytes calldata) external {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function collect(bytes calldata) external returns (uint64) {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function payoff(bytes calldata, uint64) external returns (uint64) {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function revokeMandate(bytes calldata) external {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function prepay(bytes calldata, uint64, uint64) external returns (uint64) {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function callGuarantee(bytes calldata, uint64) external returns (uint64) {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function reimburse(bytes calldata, uint64) external returns (uint64) {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function accelerate(bytes calldata, bytes32) external {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function restructure(
        bytes calldata,
        bytes calldata,
        bytes calldata,
        bytes calldata,
        bytes calldata,
        bytes calldata
    ) external returns (bytes32) {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function assign(bytes calldata, address, uint64, uint32, bytes calldata, bytes calldata) external {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function writeOff(bytes calldata, bytes32) external {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function pause() external {
        _delegate();
    }

    /// @inheritdoc ILoanLedger
    function unpause() external {
        _delegate();
    }

    /* VIEWS */

    /// @inheritdoc ILoanLedger
    function idOf(bytes calldata witness) external pure returns (bytes32) {
        return witness.read().loanId;
    }

    /// @inheritdoc ILoanLedger
    function digestOf(bytes calldata witness, bytes calldata agreement)
        external
        view
        returns (bytes32)
    {
        return _checkedDigest(witness.read(), agreement);
    }

    /// @inheritdoc ILoanLedger
    function assignmentDigestOf(
        bytes calldata witness,
        address assignee,
        uint64 priceMinor,
        uint32 signBy
    ) external view returns (bytes32) {
        Witness memory shown = witness.read();
        address lender = _lenderOf(shown, _loans[shown.loanId].loan.flags);
        return _assignmentDigest(shown.loanId, lender, assignee, priceMinor, signBy);
    }

    /// @inheritdoc ILoanLedger
    function loanOf(bytes32 loanId) external view returns (LoanState memory) {
        return _loans[loanId];
    }

    /// @inheritdoc ILoanLedger
    function owedAt(bytes calldata witness, uint256 asOf) external view returns (Owed memory) {
        return _owedAt(witness.read(), asOf);
    }

    /// @inheritdoc ILoanLedger
    function spentMinor(bytes32 loanId, bytes32 purpose) external view returns (uint64) {
        return _spentMinor[loanId][purpose];
    }

    /// @inheritdoc ILoanLedger
    function claimableMinor(address party) external view returns (uint64) {
        return _claimableMinor[party];
    }

    /// @inheritdoc ILoanLedger
    function noticeServedAt(bytes32 loanId, bytes32 contentHash) external view returns (uint40) {
        return _noticeServedAt[loanId][contentHash];
    }

    /// @inheritdoc ILoanLedger
    function isPaused() external view returns (bool) {
        return _isPaused;
    }

    /* INTERNAL */

    /// @dev What the last call returned.
    function _returned() private pure returns (bytes memory data) {
        assembly ("memory-safe") {
            data := mload(0x40)
            let size := returndatasize()
            mstore(data, size)
            returndatacopy(add(data, 0x20), 0, size)
            mstore(0x40, add(data, and(add(size, 0x3f), not(0x1f))))
        }
    }

    /// @dev Hands the call over as it came. Does not return here.
    function _delegate() private {
        address servicing = SERVICING;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, 0, calldatasize())
            let isDone := delegatecall(gas(), servicing, m, calldatasize(), 0, 0)
            returndatacopy(m, 0, returndatasize())
            switch isDone
            case 0 { revert(m, returndatasize()) }
            default { return(m, returndatasize()) }
        }
    }

    function _takeControlled(Account storage account, uint64 amountMinor) private {
        uint64 controlled = account.controlledMinor;
        require(amountMinor <= controlled, ControlledBalanceExceeded(controlled, amountMinor));
        account.controlledMinor = uint48(controlled - amountMinor);
    }

    function _loanUsingProceeds(bytes32 loanId) private view returns (LoanState storage state) {
        state = _loanIn(loanId, Status.Active);
        require(
            state.loan.flags & LoanFlags.ACCELERATED == 0, LoanAlreadyAccelerated(loanId)
        );
    }

    function _agreedPurpose(bytes calldata agreement, bytes32 purpose)
        private
        pure
        returns (uint16 payeeCategory, uint64 capMinor)
    {
        uint256 count = agreement.purposeCount();
        for (uint256 i; i < count; ++i) {
            bytes32 agreed;
            (agreed, payeeCategory, capMinor) = agreement.purposeAt(i);
            if (agreed == purpose) return (payeeCategory, capMinor);
        }
        revert PurposeNotAgreed(purpose);
    }

    function _requirePayee(
        Witness memory shown,
        LoanState storage state,
        address payee,
        uint16 agreedCategory
    ) private view {
        // Paying either side would be a withdrawal under another name.
        require(
            payee != shown.borrower() && payee != shown.lender() && payee != state.assignee
                && payee != address(this),
            PayeeIsParty(payee)
        );
        require(REGISTRY.isActiveAs(payee, PartyRoles.PAYEE), PayeeNotRegistered(payee));
        if (agreedCategory == 0) return;
        Party memory record = REGISTRY.partyOf(payee);
        require(
            record.payeeCategory == agreedCategory,
            PayeeCategoryNotAgreed(payee, record.payeeCategory, agreedCategory)
        );
    }
}
