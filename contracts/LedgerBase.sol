// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AuthorityUtils} from "@openzeppelin/contracts/access/manager/AuthorityUtils.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {
    ILedgerErrors,
    ILedgerEvents,
    LoanFlags,
    LoanState,
    Owed,
    RepaymentKind,
    Status
} from "./interfaces/ILoanLedger.sol";
import {IPartyRegistry, PartyRoles} from "./interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";
import {AgreementLib} from "./libraries/AgreementLib.sol";
import {CalendarLib} from "./libraries/CalendarLib.sol";
import {MessageLib} from "./libraries/MessageLib.sol";
import {OriginationLib} from "./libraries/OriginationLib.sol";
import {Standing, StandingLib} from "./libraries/StandingLib.sol";
import {WaterfallLib} from "./libraries/WaterfallLib.sol";
import {Witness, WitnessLib} from "./libraries/WitnessLib.sol";

/// @notice What a call that touches a debt works on: the terms it shows, how the loan stands, and what
/// is owed today.
struct Tally {
    Witness shown;
    Standing standing;
    Owed owed;
}

/// @title LedgerBase
/// @notice Storage of the ledger, and what its two halves have in common: `LoanLedger`, which is
/// called, and `LoanServicing`, which it delegates the rarer calls to.
abstract contract LedgerBase is ILedgerEvents, ILedgerErrors, EIP712, AccessManaged {
    using AgreementLib for bytes;
    using CalendarLib for uint32;
    using MessageLib for Witness;
    using OriginationLib for Witness;
    using SafeERC20 for ISettlementToken;
    using StandingLib for Standing;
    using WaterfallLib for Standing;
    using WitnessLib for Witness;
    using WitnessLib for bytes;

    IPartyRegistry public immutable REGISTRY;
    ISettlementToken public immutable TOKEN;
    bytes32 internal immutable CURRENCY;

    mapping(bytes32 loanId => LoanState) internal _loans;
    mapping(bytes32 loanId => mapping(bytes32 purpose => uint64)) internal _spentMinor;
    mapping(bytes32 loanId => mapping(bytes32 contentHash => uint40)) internal _noticeServedAt;
    mapping(address party => uint64) internal _claimableMinor;
    bool internal _isPaused;

    constructor(address initialAuthority, IPartyRegistry registry, ISettlementToken token)
        EIP712("Tallystick LoanLedger", "1")
        AccessManaged(initialAuthority)
    {
        REGISTRY = registry;
        TOKEN = token;
        CURRENCY = token.currency();
    }

    /// @dev What origination and restructuring have in common: new terms all parties signed.
    function _agree(
        bytes calldata witness,
        bytes calldata agreement,
        bytes calldata lenderSignature,
        bytes calldata borrowerSignature,
        bytes calldata guarantorSignature
    ) internal view returns (Witness memory shown) {
        shown = witness.read();
        bytes32 loanId = shown.loanId;
        Status status = _loans[loanId].loan.status;
        require(status != Status.Revoked, SignatureIsRevoked(loanId));
        require(status == Status.None, LoanAlreadyOriginated(loanId));
        require(!_isPaused, IsPaused());
        bytes32 digest = _checkedDigest(shown, agreement);
        uint32 signBy = agreement.signBy();
        require(_today(shown) <= signBy.dayNumber(), SignatureExpired(signBy));

        _requireAgreed(
            shown.lender(), PartyRoles.LENDER, agreement.lenderNonce(), digest, lenderSignature
        );
        _requireAgreed(
            shown.borrower(),
            PartyRoles.BORROWER,
            agreement.borrowerNonce(),
            digest,
            borrowerSignature
        );
        address guarantor = shown.guarantor();
        if (guarantor == address(0)) return shown;
        _requireAgreed(
            guarantor,
            PartyRoles.GUARANTOR,
            agreement.guarantorNonce(),
            digest,
            guarantorSignature
        );
    }

    /// @dev Checks the terms and returns the digest the parties sign.
    function _checkedDigest(Witness memory shown, bytes calldata agreement)
        internal
        view
        returns (bytes32)
    {
        agreement.requireOf(shown);
        bytes32 currency = agreement.currency();
        require(currency == CURRENCY, CurrencyMismatch(currency));
        (uint64 principalMinor, uint32 disburseOn, bytes32 instalmentsHash) =
            shown.readSchedule(agreement.disburseBy());
        shown.requireOriginable(agreement, principalMinor, disburseOn);
        return _hashTypedDataV4(
            shown.termsHash(agreement, currency, principalMinor, disburseOn, instalmentsHash)
        );
    }

    /// @dev Reads a loan that takes repayments and counts what is owed up to today.
    function _accrued(bytes calldata witness, bool isPayoff)
        internal
        view
        returns (Tally memory tally)
    {
        Witness memory shown = tally.shown;
        Standing memory standing = tally.standing;
        witness.read(shown);
        standing.load(_loans[shown.loanId]);
        _requireCarried(shown.loanId, standing.status);
        standing.accrue(shown, _today(shown), isPayoff, tally.owed);
    }

    /// @dev Allocates a repayment and takes it from `payer`.
    function _repay(
        Tally memory tally,
        uint256 amountMinor,
        RepaymentKind kind,
        address payer
    ) internal {
        Witness memory shown = tally.shown;
        Standing memory standing = tally.standing;
        Owed memory owed = tally.owed;
        (uint256 penalty, uint256 interest, uint256 principal) =
            standing.allocate(shown, owed, amountMinor);

        emit RepaymentReceived(
            shown.loanId, payer, kind, uint64(penalty), uint64(interest), uint64(principal), 0
        );

        bool isClosing = standing.isCleared(shown, owed, penalty);
        _settle(shown, standing, isClosing, amountMinor, payer);
    }

    /// @dev Stores the loan, closes it when nothing is left, and moves the money from `payer`.
    function _settle(
        Witness memory shown,
        Standing memory standing,
        bool isClosing,
        uint256 amountMinor,
        address payer
    ) internal {
        bytes32 loanId = shown.loanId;
        LoanState storage state = _loans[loanId];
        uint256 unusedMinor;
        if (isClosing) {
            standing.status = Status.Closed;
            unusedMinor = state.account.controlledMinor;
            state.account.controlledMinor = 0;
        }
        standing.store(state);

        address borrower = shown.borrower();
        if (isClosing) {
            emit LoanClosed(loanId);
            if (unusedMinor != 0) emit ControlledReleased(loanId, borrower, uint64(unusedMinor));
            bool isReimbursed = state.account.reimbursedMinor == state.account.guaranteedMinor;
            if (isReimbursed && shown.hasCollateral()) emit CollateralReleased(loanId);
        }

        _receive(loanId, payer, _lenderOf(shown, standing.flags), amountMinor);
        if (unusedMinor != 0) _payOut(loanId, borrower, unusedMinor);
    }

    /// @dev Moves money from `payer` to `receiver`, or holds it when that cannot receive, so that a
    /// repayment never depends on its receiver.
    function _receive(bytes32 loanId, address payer, address receiver, uint256 amountMinor)
        internal
    {
        if (payer == address(this)) return _payOut(loanId, receiver, amountMinor);
        if (TOKEN.trySafeTransferFrom(payer, receiver, amountMinor)) return;
        _hold(loanId, receiver, amountMinor);
        TOKEN.safeTransferFrom(payer, address(this), amountMinor);
    }

    /// @dev Sends money of the ledger to `party`, or holds it.
    function _payOut(bytes32 loanId, address party, uint256 amountMinor) internal {
        if (!TOKEN.trySafeTransfer(party, amountMinor)) _hold(loanId, party, amountMinor);
    }

    function _hold(bytes32 loanId, address party, uint256 amountMinor) internal {
        _claimableMinor[party] += uint64(amountMinor);
        emit PayoutHeld(loanId, party, uint64(amountMinor));
    }

    /// @dev The least of what is due, what the agreement leaves, and what the ledger can take of `party`.
    function _takeable(address party, uint256 dueMinor, uint256 leftMinor)
        internal
        view
        returns (uint256 least)
    {
        least = dueMinor < leftMinor ? dueMinor : leftMinor;
        uint256 balance = TOKEN.balanceOf(party);
        if (balance < least) least = balance;
        uint256 allowance = TOKEN.allowance(party, address(this));
        if (allowance < least) least = allowance;
    }

    function _owedAt(Witness memory shown, uint256 asOf) internal view returns (Owed memory owed) {
        Standing memory standing;
        standing.load(_loans[shown.loanId]);
        // Nothing is owed before disbursement nor after the end.
        if (standing.status != Status.Active && standing.status != Status.WrittenOff) return owed;
        uint256 day = CalendarLib.localDay(asOf, shown.utcOffsetMinutes());
        require(
            day >= standing.accruedOn, TimeBeforeAccrual(asOf, uint32(standing.accruedOn))
        );
        standing.accrue(shown, day, true, owed);
    }

    function _today(Witness memory shown) internal view returns (uint256) {
        return CalendarLib.localDay(block.timestamp, shown.utcOffsetMinutes());
    }

    function _requireInWindow(Witness memory shown, uint32 disburseOn, uint32 disburseBy)
        internal
        view
        returns (uint256 today)
    {
        today = _today(shown);
        require(
            today >= disburseOn.dayNumber() && today <= disburseBy.dayNumber(),
            DisbursementOutsideWindow(disburseOn, disburseBy)
        );
    }

    /// @dev Who the debt is owed to now.
    function _lenderOf(Witness memory shown, uint256 flags) internal view returns (address) {
        return flags & LoanFlags.ASSIGNED == 0 ? shown.lender() : _loans[shown.loanId].assignee;
    }

    function _loanIn(bytes32 loanId, Status status) internal view returns (LoanState storage state) {
        state = _loans[loanId];
        require(state.loan.status >= Status.Approved, LoanUnknown(loanId));
        require(state.loan.status == status, LoanStatusInvalid(loanId, state.loan.status));
    }

    /// @dev The loan takes repayments.
    function _requireCarried(bytes32 loanId, Status status) internal pure {
        require(status >= Status.Approved, LoanUnknown(loanId));
        require(
            status == Status.Active || status == Status.WrittenOff,
            LoanStatusInvalid(loanId, status)
        );
    }

    function _requireActiveAs(address party, uint32 roles) internal view {
        require(REGISTRY.isActiveAs(party, roles), PartyNotActiveAs(party, roles));
    }

    /// @dev The caller is `party`, or one the authority lets call this function at once.
    function _requireCaller(address party) internal view {
        if (msg.sender == party) return;
        (bool isPermitted,) =
            AuthorityUtils.canCallWithDelay(authority(), msg.sender, address(this), msg.sig);
        require(isPermitted, CallerNotPermitted(msg.sender));
    }

    /// @dev `signer` takes part in this role, and signed under its present nonce.
    function _requireAgreed(
        address signer,
        uint32 roles,
        uint32 nonce,
        bytes32 digest,
        bytes calldata signature
    ) internal view {
        (bool isActiveAs, uint32 signatureNonce) = REGISTRY.signerOf(signer, roles);
        require(isActiveAs, PartyNotActiveAs(signer, roles));
        require(nonce == signatureNonce, SignatureNonceInvalid(signer, nonce));
        _requireSigned(signer, digest, signature);
    }

    /// @dev ECDSA first, so that an account with delegated code can still sign by its key.
    function _requireSigned(address signer, bytes32 digest, bytes calldata signature) internal view {
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered == signer) return;
        require(
            SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature),
            SignatureInvalid(signer)
        );
    }

    /// @dev Carries both signers' present nonces, so that either can cancel what it signed.
    function _assignmentDigest(
        bytes32 loanId,
        address lender,
        address assignee,
        uint64 priceMinor,
        uint32 signBy
    ) internal view returns (bytes32) {
        (, uint32 lenderNonce) = REGISTRY.signerOf(lender, PartyRoles.LENDER);
        (, uint32 assigneeNonce) = REGISTRY.signerOf(assignee, PartyRoles.LENDER);
        return _hashTypedDataV4(
            MessageLib.assignmentHash(
                loanId,
                lender,
                assignee,
                priceMinor,
                _loans[loanId].account.assignmentCount,
                signBy,
                lenderNonce,
                assigneeNonce
            )
        );
    }
}
