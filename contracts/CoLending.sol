// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {AuthorityUtils} from "@openzeppelin/contracts/access/manager/AuthorityUtils.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {Consent, ICoLending, Member} from "./interfaces/ICoLending.sol";
import {ILoanLedger} from "./interfaces/ILoanLedger.sol";
import {IPartyRegistry, PartyRoles} from "./interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";
import {SplitLib} from "./libraries/SplitLib.sol";
import {Witness, WitnessLib} from "./libraries/WitnessLib.sol";

/// @title CoLending
/// @notice See `ICoLending`. The factory makes clones of one original, which carry the members in their
/// code (ERC-1167 with immutable arguments).
///
/// WHAT A MEMBER GETS
///
/// Money reaches a lender as plain transfers: an instalment, a penalty, a guarantor's payment, the price
/// of an assigned claim. They look alike, so the split knows one number only, R: all that ever came in.
/// What a member is entitled to is a function of R, and what it is owed is that less what it was paid.
///
///     1. Rank by rank, the members of a rank get their priorities, in proportion to them, before the
///        next rank gets anything.
///     2. What goes beyond all priorities goes to all members by their shares.
///
/// Loans without ranks have no priorities: every unit is split by shares. Two lenders of 7,000,000 and
/// 3,000,000, with these as shares, get 70 and 30 of every 100 that come in, also of a loss.
///
/// First loss (劣后). A senior lender puts in 9,000, a junior one 1,000:
///
///                  rank   commitment   priority   share
///         senior      0        9,000      9,450       1     its money and 450 on it come first,
///         junior      1        1,000      1,000       3     then the junior's money; of the rest the
///                                                           junior gets three quarters
///
///         came in        2,000    9,450    9,950   10,450   11,250
///         senior         2,000    9,450    9,450    9,450    9,650
///         junior             0        0      500    1,000    1,600
///
/// Of a loss the junior bears the first 1,000 and all income beyond the senior's 450; the senior loses
/// when less than 9,450 come in. While the senior's priority lasts the junior gets nothing, also from a
/// loan that is served well: what is paid out cannot be taken back, so first loss is last paid. Members
/// who want the junior to have part of every instalment agree on a lower priority.
///
/// Units. Nothing is lost, created or left over: members' entitlements sum to R at every R, each grows
/// only, and each differs from its exact fraction by less than half a unit per member. They do not
/// depend on when or how often money is paid on, nor on who could not receive.
///
/// WHO DECIDES
///
/// All members together sign: terms, restructurings, assignments. More than half, by commitment, act:
/// they accelerate, call the guarantee, collect, cancel. An act is a call to the ledger and nothing else;
/// it moves no money out of here, since the ledger has an allowance only inside `disburse`.
///
/// WHAT CAN NEVER HAPPEN
///
/// - A member puts in more than its commitment, puts it in twice, or for a loan that is not exactly all
///   members' commitments.
/// - A frozen member keeps the others from being paid, or loses what it is owed.
/// - Members, ranks, priorities or shares change.
///
/// Settlement tokens that come here by mistake are split like all others, before disbursement too.
contract CoLending is ICoLending, EIP712, ReentrancyGuard {
    using Address for address;
    using SafeERC20 for ISettlementToken;
    using WitnessLib for Witness;

    bytes32 private constant ACT_TYPEHASH = keccak256("Act(bytes call,uint256 actBy)");

    ILoanLedger public immutable LEDGER;
    IPartyRegistry public immutable REGISTRY;
    ISettlementToken public immutable TOKEN;

    /// @inheritdoc ICoLending
    bytes32 public loanId;
    /// @inheritdoc ICoLending
    mapping(address member => uint256) public paidMinor;
    /// @inheritdoc ICoLending
    mapping(bytes32 digest => mapping(address member => Consent)) public consentOf;
    /// @inheritdoc ICoLending
    mapping(bytes32 digest => bool) public isActTaken;

    constructor(ILoanLedger ledger, IPartyRegistry registry, ISettlementToken token)
        EIP712("Tallystick CoLending", "1")
    {
        LEDGER = ledger;
        REGISTRY = registry;
        TOKEN = token;
    }

    /* CONSENT */

    /// @inheritdoc ICoLending
    function isValidSignature(bytes32 digest, bytes calldata signature)
        external
        view
        returns (bytes4)
    {
        (uint256 agreed, uint256 committed) = _agreedMinor(digest, signature);
        return agreed == committed ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    /// @inheritdoc ICoLending
    function giveConsent(bytes32 digest) external {
        _setConsent(digest, Consent.Given);
        emit ConsentGiven(msg.sender, digest);
    }

    /// @inheritdoc ICoLending
    function withdrawConsent(bytes32 digest) external {
        _setConsent(digest, Consent.Withdrawn);
        emit ConsentWithdrawn(msg.sender, digest);
    }

    /* LENDING */

    /// @inheritdoc ICoLending
    function disburse(bytes calldata witness, bytes calldata agreement) external nonReentrant {
        Witness memory shown = WitnessLib.read(witness);
        Member[] memory list = _members();
        _requireMayDisburse(list);
        require(loanId == 0, AlreadyFunded(loanId));
        require(shown.lender() == address(this), LenderIsAnother(shown.lender()));
        uint256 committed;
        for (uint256 i; i < list.length; ++i) {
            address party = list[i].party;
            require(party != shown.borrower() && party != shown.guarantor(), MemberIsParty(party));
            require(REGISTRY.isActiveAs(party, PartyRoles.LENDER), MemberNotLender(party));
            committed += list[i].commitmentMinor;
        }
        uint256 principal = shown.row(0).balanceMinor();
        require(principal == committed, PrincipalNotCommitted(principal, committed));

        loanId = shown.loanId;

        emit CommitmentsFunded(shown.loanId, committed);

        for (uint256 i; i < list.length; ++i) {
            TOKEN.safeTransferFrom(list[i].party, address(this), list[i].commitmentMinor);
        }
        TOKEN.forceApprove(address(LEDGER), committed);
        LEDGER.disburse(witness, agreement);
    }

    /// @inheritdoc ICoLending
    function act(bytes calldata call, uint256 actBy, bytes calldata signatures)
        external
        nonReentrant
        returns (bytes memory result)
    {
        bytes32 digest = actDigestOf(call, actBy);
        require(block.timestamp <= actBy, DeadlinePassed(actBy));
        require(!isActTaken[digest], ActAlreadyTaken(digest));
        (uint256 agreed, uint256 committed) = _agreedMinor(digest, signatures);
        require(agreed * 2 > committed, MajorityMissing(agreed, committed));

        isActTaken[digest] = true;

        emit ActTaken(digest, call, agreed);

        return address(LEDGER).functionCall(call);
    }

    /* WHAT COMES IN */

    /// @inheritdoc ICoLending
    function distribute() external nonReentrant returns (uint256 paidInAll) {
        _fetchHeld();
        Member[] memory list = _members();
        uint256[] memory owed = _owed(list);
        bool isNothing = true;
        for (uint256 i; i < list.length; ++i) {
            if (owed[i] == 0) continue;
            isNothing = false;
            if (_tryPay(list[i].party, owed[i])) paidInAll += owed[i];
        }
        require(!isNothing, NothingToDistribute());
    }

    /// @inheritdoc ICoLending
    function claim() external nonReentrant returns (uint256 amountMinor) {
        _fetchHeld();
        amountMinor = owedMinor(msg.sender);
        require(amountMinor != 0, NothingToClaim(msg.sender));

        paidMinor[msg.sender] += amountMinor;

        emit SharePaid(msg.sender, amountMinor);

        TOKEN.safeTransfer(msg.sender, amountMinor);
    }

    /* VIEWS */

    /// @inheritdoc ICoLending
    function members() external view returns (Member[] memory) {
        return _members();
    }

    /// @inheritdoc ICoLending
    function receivedMinor() external view returns (uint256) {
        return _received(_members());
    }

    /// @inheritdoc ICoLending
    function owedMinor(address member) public view returns (uint256) {
        Member[] memory list = _members();
        uint256[] memory owed = _owed(list);
        for (uint256 i; i < list.length; ++i) {
            if (list[i].party == member) return owed[i];
        }
        return 0;
    }

    /// @inheritdoc ICoLending
    function actDigestOf(bytes calldata call, uint256 actBy) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ACT_TYPEHASH, keccak256(call), actBy)));
    }

    /* INTERNAL */

    function _members() private view returns (Member[] memory) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (Member[]));
    }

    /// @dev Commitments of the members that agree to `digest`, and of all.
    function _agreedMinor(bytes32 digest, bytes calldata signature)
        private
        view
        returns (uint256 agreed, uint256 committed)
    {
        Member[] memory list = _members();
        bytes[] memory signatures =
            signature.length == 0 ? new bytes[](list.length) : abi.decode(signature, (bytes[]));
        for (uint256 i; i < list.length; ++i) {
            address party = list[i].party;
            committed += list[i].commitmentMinor;
            Consent consent = consentOf[digest][party];
            bool isAgreed = consent == Consent.Given
                || (consent == Consent.None
                    && i < signatures.length
                    && _isSignedBy(party, digest, signatures[i]));
            if (isAgreed) agreed += list[i].commitmentMinor;
        }
    }

    /// @dev As the ledger does it: ECDSA first, so that an account with delegated code can still sign
    /// by its key.
    function _isSignedBy(address signer, bytes32 digest, bytes memory signature)
        private
        view
        returns (bool)
    {
        (address recovered,,) = ECDSA.tryRecover(digest, signature);
        return recovered == signer
            || SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature);
    }

    function _setConsent(bytes32 digest, Consent consent) private {
        require(_isMember(_members(), msg.sender), CallerNotMember(msg.sender));
        require(
            consentOf[digest][msg.sender] != consent, ConsentUnchanged(msg.sender, digest, consent)
        );
        consentOf[digest][msg.sender] = consent;
    }

    function _requireMayDisburse(Member[] memory list) private view {
        if (_isMember(list, msg.sender)) return;
        (bool isPermitted,) = AuthorityUtils.canCallWithDelay(
            IAccessManaged(address(LEDGER)).authority(),
            msg.sender,
            address(LEDGER),
            ILoanLedger.disburse.selector
        );
        require(isPermitted, CallerNotPermitted(msg.sender));
    }

    function _isMember(Member[] memory list, address party) private pure returns (bool) {
        for (uint256 i; i < list.length; ++i) {
            if (list[i].party == party) return true;
        }
        return false;
    }

    /// @dev While this contract could not receive, the ledger held what came in.
    function _fetchHeld() private {
        if (LEDGER.claimableMinor(address(this)) == 0) return;
        try LEDGER.claim() {
            return;
        } catch {
            // What is here already can be paid on all the same.
            return;
        }
    }

    /// @dev What has come in and not gone is here. Not to be asked in the middle of a payout.
    function _received(Member[] memory list) private view returns (uint256 received) {
        received = TOKEN.balanceOf(address(this));
        for (uint256 i; i < list.length; ++i) received += paidMinor[list[i].party];
    }

    function _owed(Member[] memory list) private view returns (uint256[] memory owed) {
        owed = SplitLib.entitlements(list, _received(list));
        for (uint256 i; i < list.length; ++i) owed[i] -= paidMinor[list[i].party];
    }

    function _tryPay(address member, uint256 amountMinor) private returns (bool isPaid) {
        paidMinor[member] += amountMinor;
        isPaid = TOKEN.trySafeTransfer(member, amountMinor);
        if (isPaid) {
            emit SharePaid(member, amountMinor);
        } else {
            paidMinor[member] -= amountMinor;
            emit ShareHeld(member, amountMinor);
        }
    }
}
