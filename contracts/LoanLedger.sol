// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AuthorityUtils} from "@openzeppelin/contracts/access/manager/AuthorityUtils.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {
    ILoanLedger,
    Loan,
    LoanTerms,
    Owed,
    PurposeCap,
    Status
} from "./interfaces/ILoanLedger.sol";
import {IPartyRegistry, Party, PartyRoles} from "./interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";
import {CalendarLib} from "./libraries/CalendarLib.sol";
import {OriginationLib} from "./libraries/OriginationLib.sol";
import {TermsLib} from "./libraries/TermsLib.sol";
import {TextLib} from "./libraries/TextLib.sol";
import {WaterfallLib} from "./libraries/WaterfallLib.sol";

/// @title LoanLedger
/// @notice See `ILoanLedger`. Every entry point that changes a loan goes id, require, accrue, write, emit,
/// transfer, in that order.
contract LoanLedger is ILoanLedger, EIP712, AccessManaged, Multicall {
    using CalendarLib for uint32;
    using OriginationLib for LoanTerms;
    using SafeERC20 for ISettlementToken;
    using TermsLib for LoanTerms;
    using TextLib for bytes32;
    using WaterfallLib for LoanTerms;
    using WaterfallLib for Owed;

    IPartyRegistry public immutable REGISTRY;
    ISettlementToken public immutable TOKEN;
    bytes32 private immutable CURRENCY;

    mapping(bytes32 loanId => Loan) private _loans;
    mapping(bytes32 loanId => mapping(address party => bool)) private _isRevoked;
    /// @inheritdoc ILoanLedger
    mapping(bytes32 loanId => mapping(bytes32 purpose => uint64)) public spentMinor;
    /// @inheritdoc ILoanLedger
    mapping(bytes32 loanId => mapping(bytes32 contentHash => uint40)) public noticeServedAt;
    /// @inheritdoc ILoanLedger
    mapping(address party => uint64) public claimableMinor;

    constructor(address initialAuthority, IPartyRegistry registry, ISettlementToken token)
        EIP712("Tallystick LoanLedger", "1")
        AccessManaged(initialAuthority)
    {
        REGISTRY = registry;
        TOKEN = token;
        CURRENCY = token.currency();
    }

    /* AGREEMENT */

    /// @inheritdoc ILoanLedger
    function originate(
        LoanTerms calldata terms,
        bytes calldata lenderSignature,
        bytes calldata borrowerSignature
    ) external returns (bytes32 loanId) {
        loanId = terms.id();
        require(_loans[loanId].status == Status.None, LoanAlreadyOriginated(loanId));
        terms.requireOriginable();
        require(terms.currency == CURRENCY, CurrencyMismatch(terms.currency));
        require(_today(terms) <= terms.signBy.dayNumber(), SignatureExpired(terms.signBy));
        _requireActiveAs(terms.lender, PartyRoles.LENDER);
        _requireActiveAs(terms.borrower, PartyRoles.BORROWER);

        bytes32 digest = _hashTypedDataV4(terms.structHash());
        _requireSigned(loanId, terms.lender, digest, lenderSignature);
        _requireSigned(loanId, terms.borrower, digest, borrowerSignature);

        _loans[loanId].status = Status.Approved;

        emit LoanOriginated(loanId, terms.lender, terms.borrower, terms);
    }

    /// @inheritdoc ILoanLedger
    function revokeSignature(bytes32 loanId) external {
        require(_loans[loanId].status == Status.None, LoanAlreadyOriginated(loanId));
        require(!_isRevoked[loanId][msg.sender], SignatureIsRevoked(loanId, msg.sender));

        _isRevoked[loanId][msg.sender] = true;

        emit SignatureRevoked(loanId, msg.sender);
    }

    /* DISBURSEMENT AND USE OF PROCEEDS */

    /// @inheritdoc ILoanLedger
    function disburse(LoanTerms calldata terms) external {
        bytes32 loanId = terms.id();
        Loan storage loan = _loanIn(loanId, Status.Approved);
        _requireCaller(terms.lender);
        _requireActiveAs(terms.lender, PartyRoles.LENDER);
        _requireActiveAs(terms.borrower, PartyRoles.BORROWER);
        uint256 today = _today(terms);
        require(
            today >= terms.disburseOn.dayNumber() && today <= terms.disburseBy.dayNumber(),
            DisbursementOutsideWindow(terms.disburseOn, terms.disburseBy)
        );

        uint64 amountMinor = terms.principalMinor;
        loan.status = Status.Active;
        loan.disbursedAt = uint40(block.timestamp);
        loan.accruedOn = uint32(today);
        loan.controlledMinor = amountMinor;

        emit FundsDisbursed(loanId, amountMinor);

        TOKEN.safeTransferFrom(terms.lender, address(this), amountMinor);
    }

    /// @inheritdoc ILoanLedger
    function pay(
        LoanTerms calldata terms,
        address payee,
        uint64 amountMinor,
        bytes32 purpose,
        bytes32 evidenceHash
    ) external {
        bytes32 loanId = terms.id();
        Loan storage loan = _loanIn(loanId, Status.Active);
        _requireCaller(terms.borrower);
        _requireActiveAs(terms.borrower, PartyRoles.BORROWER);
        require(amountMinor != 0, AmountZero());
        require(evidenceHash != 0, EvidenceMissing());
        PurposeCap calldata agreed = _agreedPurpose(terms, purpose);
        _requirePayee(terms, payee, agreed.payeeCategory);
        uint64 spent = spentMinor[loanId][purpose];
        require(
            amountMinor <= agreed.capMinor - spent,
            PurposeCapExceeded(purpose, spent, amountMinor, agreed.capMinor)
        );

        spentMinor[loanId][purpose] = spent + amountMinor;
        _takeControlled(loan, amountMinor);

        emit ProceedsPaid(loanId, payee, purpose, amountMinor, evidenceHash);

        TOKEN.safeTransfer(payee, amountMinor);
    }

    /// @inheritdoc ILoanLedger
    function withdraw(LoanTerms calldata terms, uint64 amountMinor) external {
        bytes32 loanId = terms.id();
        Loan storage loan = _loanIn(loanId, Status.Active);
        require(msg.sender == terms.borrower, CallerNotPermitted(msg.sender));
        require(amountMinor != 0, AmountZero());
        uint64 withdrawn = loan.withdrawnMinor;
        require(
            amountMinor <= terms.selfPaidMinorMax - withdrawn,
            SelfPaidShareExceeded(withdrawn, amountMinor, terms.selfPaidMinorMax)
        );

        loan.withdrawnMinor = withdrawn + amountMinor;
        _takeControlled(loan, amountMinor);

        emit ProceedsWithdrawn(loanId, amountMinor);

        TOKEN.safeTransfer(msg.sender, amountMinor);
    }

    /* REPAYMENT */

    /// @inheritdoc ILoanLedger
    function repay(LoanTerms calldata terms, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor)
    {
        bytes32 loanId = terms.id();
        Loan memory loan = _carriedLoan(loanId);
        Owed memory owed = _accrue(terms, loan);
        takenMinor = owed.repayable();
        require(takenMinor != 0, NothingOwed(loanId));
        require(amountMinorMax != 0, AmountZero());
        if (takenMinor > amountMinorMax) takenMinor = amountMinorMax;

        uint64 penalty = takenMinor < owed.penaltyMinor ? takenMinor : owed.penaltyMinor;
        loan.penaltyRepaidMinor += penalty;
        (uint64 interest, uint64 principal) = terms.allocate(loan, takenMinor - penalty);

        emit RepaymentReceived(loanId, msg.sender, takenMinor, penalty, interest, principal, false);

        _settle(loanId, terms, loan, takenMinor);
    }

    /// @inheritdoc ILoanLedger
    function payoff(LoanTerms calldata terms, uint64 amountMinorMax)
        external
        returns (uint64 takenMinor)
    {
        bytes32 loanId = terms.id();
        Loan memory loan = _carriedLoan(loanId);
        Owed memory owed = _accrue(terms, loan);
        uint64 interest = owed.payoffInterest();
        uint64 principal = owed.outstandingPrincipalMinor;
        takenMinor = owed.penaltyMinor + interest + principal;
        require(takenMinor <= amountMinorMax, PayoffAboveMax(takenMinor, amountMinorMax));

        loan.penaltyRepaidMinor += owed.penaltyMinor;
        loan.principalRepaidMinor += principal;
        loan.nextInstalment = uint16(terms.instalments.length);
        loan.paidOnNextMinor = 0;

        emit RepaymentReceived(
            loanId, msg.sender, takenMinor, owed.penaltyMinor, interest, principal, true
        );

        _settle(loanId, terms, loan, takenMinor);
    }

    /// @inheritdoc ILoanLedger
    function claim() external returns (uint64 amountMinor) {
        amountMinor = claimableMinor[msg.sender];
        require(amountMinor != 0, NothingToClaim(msg.sender));

        claimableMinor[msg.sender] = 0;

        emit PayoutClaimed(msg.sender, amountMinor);

        TOKEN.safeTransfer(msg.sender, amountMinor);
    }

    /* SERVICING */

    /// @inheritdoc ILoanLedger
    function writeOff(LoanTerms calldata terms, bytes32 reasonHash) external restricted {
        bytes32 loanId = terms.id();
        Loan memory loan = _loanIn(loanId, Status.Active);
        Owed memory owed = _accrue(terms, loan);
        require(owed.arrearsMinor != 0, NotInArrears(loanId));

        loan.status = Status.WrittenOff;
        _loans[loanId] = loan;

        emit LoanWrittenOff(
            loanId,
            owed.outstandingPrincipalMinor,
            owed.interestMinor,
            owed.penaltyMinor,
            reasonHash
        );
    }

    /// @inheritdoc ILoanLedger
    function serveNotice(bytes32 loanId, bytes32 step, bytes32 contentHash) external restricted {
        require(_loans[loanId].status != Status.None, LoanUnknown(loanId));
        require(step.textLength() != 0 && contentHash != 0, NoticeIncomplete());
        require(
            noticeServedAt[loanId][contentHash] == 0, NoticeAlreadyServed(loanId, contentHash)
        );

        noticeServedAt[loanId][contentHash] = uint40(block.timestamp);

        emit NoticeServed(loanId, contentHash, step);
    }

    /* VIEWS */

    /// @inheritdoc ILoanLedger
    function idOf(LoanTerms calldata terms) external pure returns (bytes32) {
        return terms.id();
    }

    /// @inheritdoc ILoanLedger
    function digestOf(LoanTerms calldata terms) external view returns (bytes32) {
        return _hashTypedDataV4(terms.structHash());
    }

    /// @inheritdoc ILoanLedger
    function loanOf(bytes32 loanId) external view returns (Loan memory) {
        return _loans[loanId];
    }

    /// @inheritdoc ILoanLedger
    function owedAt(LoanTerms calldata terms, uint256 asOf) external view returns (Owed memory) {
        return _owedAt(terms, asOf);
    }

    /// @inheritdoc ILoanLedger
    function repayableAt(LoanTerms calldata terms, uint256 asOf) external view returns (uint64) {
        return _owedAt(terms, asOf).repayable();
    }

    /// @inheritdoc ILoanLedger
    function payoffAt(LoanTerms calldata terms, uint256 asOf) external view returns (uint64) {
        Owed memory owed = _owedAt(terms, asOf);
        return owed.penaltyMinor + owed.payoffInterest() + owed.outstandingPrincipalMinor;
    }

    /* INTERNAL */

    /// @dev Counts unit-days up to today. `loan` is in memory; the caller stores it.
    function _accrue(LoanTerms calldata terms, Loan memory loan)
        private
        view
        returns (Owed memory owed)
    {
        uint256 today = _today(terms);
        (owed, loan.penaltyUnitDays) = terms.owedOn(loan, today);
        loan.accruedOn = uint32(today);
    }

    /// @dev Stores `loan`, closes it when nothing is left, and takes the money from the caller.
    function _settle(
        bytes32 loanId,
        LoanTerms calldata terms,
        Loan memory loan,
        uint64 amountMinor
    ) private {
        bool isClosing = loan.nextInstalment == terms.instalments.length;
        uint64 unusedMinor;
        if (isClosing) {
            loan.status = Status.Closed;
            unusedMinor = loan.controlledMinor;
            loan.controlledMinor = 0;
        }
        _loans[loanId] = loan;

        if (isClosing) emit LoanClosed(loanId);
        if (unusedMinor != 0) emit ControlledReleased(loanId, terms.borrower, unusedMinor);

        _receive(loanId, terms.lender, amountMinor);
        if (unusedMinor != 0) _payOut(loanId, terms.borrower, unusedMinor);
    }

    /// @dev Moves money from the caller to `lender`, or holds it when the lender cannot receive, so
    /// that a repayment never depends on its receiver.
    function _receive(bytes32 loanId, address lender, uint64 amountMinor) private {
        if (amountMinor == 0) return;
        try TOKEN.transferFrom(msg.sender, lender, amountMinor) {
            return;
        } catch {
            _hold(loanId, lender, amountMinor);
            TOKEN.safeTransferFrom(msg.sender, address(this), amountMinor);
        }
    }

    /// @dev Sends money of the ledger to `party`, or holds it.
    function _payOut(bytes32 loanId, address party, uint64 amountMinor) private {
        try TOKEN.transfer(party, amountMinor) {
            return;
        } catch {
            _hold(loanId, party, amountMinor);
        }
    }

    function _hold(bytes32 loanId, address party, uint64 amountMinor) private {
        claimableMinor[party] += amountMinor;
        emit PayoutHeld(loanId, party, amountMinor);
    }

    function _takeControlled(Loan storage loan, uint64 amountMinor) private {
        uint64 controlled = loan.controlledMinor;
        require(amountMinor <= controlled, ControlledBalanceExceeded(controlled, amountMinor));
        loan.controlledMinor = controlled - amountMinor;
    }

    function _owedAt(LoanTerms calldata terms, uint256 asOf)
        private
        view
        returns (Owed memory owed)
    {
        Loan memory loan = _loans[terms.id()];
        // Nothing is owed before disbursement nor after closing.
        if (loan.status != Status.Active && loan.status != Status.WrittenOff) return owed;
        uint256 day = CalendarLib.localDay(asOf, terms.utcOffsetMinutes);
        require(day >= loan.accruedOn, TimeBeforeAccrual(asOf, loan.accruedOn));
        (owed,) = terms.owedOn(loan, day);
    }

    function _today(LoanTerms calldata terms) private view returns (uint256) {
        return CalendarLib.localDay(block.timestamp, terms.utcOffsetMinutes);
    }

    function _loanIn(bytes32 loanId, Status status) private view returns (Loan storage loan) {
        loan = _loans[loanId];
        require(loan.status != Status.None, LoanUnknown(loanId));
        require(loan.status == status, LoanStatusInvalid(loanId, loan.status));
    }

    /// @dev A loan that takes repayments.
    function _carriedLoan(bytes32 loanId) private view returns (Loan memory loan) {
        loan = _loans[loanId];
        require(loan.status != Status.None, LoanUnknown(loanId));
        require(
            loan.status == Status.Active || loan.status == Status.WrittenOff,
            LoanStatusInvalid(loanId, loan.status)
        );
    }

    function _agreedPurpose(LoanTerms calldata terms, bytes32 purpose)
        private
        pure
        returns (PurposeCap calldata)
    {
        PurposeCap[] calldata purposes = terms.purposes;
        for (uint256 i; i < purposes.length; ++i) {
            if (purposes[i].purpose == purpose) return purposes[i];
        }
        revert PurposeNotAgreed(purpose);
    }

    function _requirePayee(LoanTerms calldata terms, address payee, uint16 agreedCategory)
        private
        view
    {
        // Paying either side would be a withdrawal under another name.
        require(
            payee != terms.borrower && payee != terms.lender && payee != address(this),
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

    function _requireActiveAs(address party, uint32 roles) private view {
        require(REGISTRY.isActiveAs(party, roles), PartyNotActiveAs(party, roles));
    }

    /// @dev The caller is `party`, or one the authority lets call this function at once.
    function _requireCaller(address party) private view {
        if (msg.sender == party) return;
        (bool isPermitted,) =
            AuthorityUtils.canCallWithDelay(authority(), msg.sender, address(this), msg.sig);
        require(isPermitted, CallerNotPermitted(msg.sender));
    }

    /// @dev ECDSA first, so that an account with delegated code can still sign by its key.
    function _requireSigned(
        bytes32 loanId,
        address signer,
        bytes32 digest,
        bytes calldata signature
    ) private view {
        require(!_isRevoked[loanId][signer], SignatureIsRevoked(loanId, signer));
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered == signer) return;
        require(
            SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature),
            SignatureInvalid(signer)
        );
    }
}
