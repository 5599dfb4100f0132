// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice One lender of several, as the members agreed. All of it is fixed for good.
/// @param party A registered lender, listed once.
/// @param rank Whose priority is served first: members are listed by rank, from zero on.
/// @param commitmentMinor What the member puts in at disbursement (承贷额); also its weight where a
/// majority decides.
/// @param priorityMinor What the member gets before later ranks get anything and before shares count;
/// zero when nobody ranks before another.
/// @param share Of what goes beyond all priorities the member gets `share` parts of all members' shares:
/// whatever the numbers, as parts of their sum they sum to one. In a loan without ranks the
/// commitments are the natural shares.
struct Member {
    address party;
    uint8 rank;
    uint48 commitmentMinor;
    uint48 priorityMinor;
    uint48 share;
}

/// @dev What a member said on chain about a digest. `None` leaves it to its signature.
enum Consent {
    None,
    Given,
    Withdrawn
}

/// @title ICoLending
/// @notice Several lenders in one loan (联合贷款). This contract is the loan's lender: the ledger knows
/// no other. It signs when all its members have, funds the loan from all of them in one tx, acts when
/// members of more than half the commitments say so, and splits what comes in. The economics are
/// written at the head of `CoLending`.
///
/// One serves one loan and the loans that restructure it. Its address is known before it exists
/// (`ICoLendingFactory`), so that it can be registered and named in the terms.
///
/// Members sign the very digest the ledger asks about: the message `LoanTerms`, or `Assignment`, which
/// their wallets show them in full. The digest names this contract as lender. Under terms in which the
/// member itself is the lender it is another, so what a member signs here never binds it alone, nor
/// through another co-lending.
interface ICoLending is IERC1271 {
    event ConsentGiven(address indexed member, bytes32 indexed digest);
    event ConsentWithdrawn(address indexed member, bytes32 indexed digest);
    /// @notice The members put in their commitments, `amountMinor` in all, and the loan was disbursed.
    event CommitmentsFunded(bytes32 indexed loanId, uint256 amountMinor);
    /// @notice The ledger was called with `call`, as members of `agreedMinor` wanted.
    event ActTaken(bytes32 indexed digest, bytes call, uint256 agreedMinor);
    event SharePaid(address indexed member, uint256 amountMinor);
    /// @notice `member` could not receive what it is owed; it stays owed.
    event ShareHeld(address indexed member, uint256 amountMinor);

    error CallerNotMember(address caller);
    /// @dev Only members, and those who may disburse at the ledger, may do this.
    error CallerNotPermitted(address caller);
    error ConsentUnchanged(address member, bytes32 digest, Consent consent);
    error AlreadyFunded(bytes32 loanId);
    /// @dev The terms name another lender than this contract.
    error LenderIsAnother(address lender);
    /// @dev The loan's principal is not the sum of the commitments.
    error PrincipalNotCommitted(uint256 principalMinor, uint256 committedMinor);
    /// @dev A member may not stand on the loan's other side, as borrower or as guarantor.
    error MemberIsParty(address member);
    /// @dev The member is not registered as a lender, or is frozen.
    error MemberNotLender(address member);
    /// @dev Not more than half the commitments are behind this.
    error MajorityMissing(uint256 agreedMinor, uint256 committedMinor);
    error ActAlreadyTaken(bytes32 digest);
    error DeadlinePassed(uint256 deadline);
    error NothingToDistribute();
    error NothingToClaim(address party);

    /* CONSENT */

    /// @notice Whether all members agree to `digest`.
    /// @param signature Empty, or `abi.encode(bytes[])`: an ECDSA or ERC-1271 signature of `digest` for
    /// each member in their order, empty for those that gave their consent on chain.
    function isValidSignature(bytes32 digest, bytes calldata signature)
        external
        view
        returns (bytes4);

    /// @notice Agrees to `digest` in place of a signature. Called by a member.
    function giveConsent(bytes32 digest) external;

    /// @notice Takes back the caller's consent to `digest`, and makes its signature of it void. Called by
    /// a member.
    /// @dev In time until the digest was used. The registry's `cancelSignatures` does not reach here.
    function withdrawConsent(bytes32 digest) external;

    /* LENDING */

    /// @notice Takes each member's commitment from its allowance to this contract and disburses the loan,
    /// so that no money lies idle. Once only.
    /// @dev Called by a member, or by one who may disburse at the ledger, while all members are active
    /// lenders. A member that has not given its allowance holds it up.
    function disburse(bytes calldata witness, bytes calldata agreement) external;

    /// @notice Calls the ledger as the lender, such as with `accelerate`, `callGuarantee` or `cancel`.
    /// Anyone may bring the signatures; what they are for is done once.
    /// @dev The ledger's own errors come through.
    /// @param actBy Last moment (unix seconds).
    /// @param signatures Of `actDigestOf(call, actBy)`, in the form of `isValidSignature`.
    /// @return result What the ledger returned.
    function act(bytes calldata call, uint256 actBy, bytes calldata signatures)
        external
        returns (bytes memory result);

    /* WHAT COMES IN */

    /// @notice Pays every member what it is owed. Anyone may call, at any time: what a member gets does
    /// not depend on it. A member that cannot receive is passed over and stays owed.
    /// @return paidMinor What was paid in all.
    function distribute() external returns (uint256 paidMinor);

    /// @notice Pays the caller what it is owed. Called by a member.
    function claim() external returns (uint256 amountMinor);

    /* VIEWS */

    function members() external view returns (Member[] memory);

    /// @notice The loan that was funded; zero before.
    function loanId() external view returns (bytes32);

    /// @notice All that ever came in, whether it was paid on or not.
    function receivedMinor() external view returns (uint256);

    /// @notice All that `member` was paid.
    function paidMinor(address member) external view returns (uint256);

    /// @notice What `member` is owed of what came in. All members' together are this contract's balance.
    function owedMinor(address member) external view returns (uint256);

    function consentOf(bytes32 digest, address member) external view returns (Consent);

    /// @notice The EIP-712 digest of the message `Act(bytes call,uint256 actBy)`.
    function actDigestOf(bytes calldata call, uint256 actBy) external view returns (bytes32);

    function isActTaken(bytes32 digest) external view returns (bool);
}
