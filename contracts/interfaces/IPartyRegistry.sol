// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @dev Roles form a bitmap; a party may hold several.
library PartyRoles {
    uint32 internal constant LENDER = 1 << 0;
    uint32 internal constant BORROWER = 1 << 1;
    uint32 internal constant PAYEE = 1 << 2;
    uint32 internal constant GUARANTOR = 1 << 3;
    uint32 internal constant SERVICER = 1 << 4;
    uint32 internal constant SETTLEMENT_BANK = 1 << 5;
    /// @dev Contracts that hold controlled accounts.
    uint32 internal constant LEDGER = 1 << 6;
    uint32 internal constant ALL = (1 << 7) - 1;
}

/// @param roles Bitmap of `PartyRoles`; zero means the address is not registered.
/// @param payeeCategory What the payee sells, in the registrar's list; non-zero exactly for payees.
/// @param isFrozen A frozen party can neither send nor receive settlement tokens.
/// @param signatureNonce What agreements the party signs now must carry.
/// @param identityCommitment Hash of the party's identity record and a secret salt kept off chain.
struct Party {
    uint32 roles;
    uint16 payeeCategory;
    bool isFrozen;
    uint32 signatureNonce;
    bytes32 identityCommitment;
}

/// @title IPartyRegistry
/// @notice Who takes part. Holds no personal data: identity is a salted commitment.
interface IPartyRegistry {
    event PartyRegistered(
        address indexed party, uint32 roles, uint16 payeeCategory, bytes32 identityCommitment
    );
    event PartyUpdated(
        address indexed party, uint32 roles, uint16 payeeCategory, bytes32 identityCommitment
    );
    event PartyFrozen(address indexed party, bytes32 reasonHash);
    event PartyUnfrozen(address indexed party, bytes32 reasonHash);
    /// @notice Agreements `party` signed under an earlier nonce can no longer be originated.
    event SignaturesCancelled(address indexed party, uint32 signatureNonce);

    error PartyNotRegistered(address party);
    error PartyAddressZero();
    error PartyAlreadyRegistered(address party);
    /// @dev No role, or a bit outside `PartyRoles.ALL`.
    error RolesInvalid(uint32 roles);
    /// @dev Payees carry a category, other parties none.
    error PayeeCategoryInvalid(uint32 roles, uint16 payeeCategory);
    error IdentityCommitmentMissing(address party);
    /// @dev The party is frozen already, or is not frozen.
    error FrozenUnchanged(address party, bool isFrozen);

    /// @notice Admits a party.
    function register(address party, uint32 roles, uint16 payeeCategory, bytes32 identityCommitment)
        external;

    /// @notice Replaces the roles, category and commitment of a registered party.
    function update(address party, uint32 roles, uint16 payeeCategory, bytes32 identityCommitment)
        external;

    /// @notice Stops a party from sending and receiving settlement tokens.
    function freeze(address party, bytes32 reasonHash) external;

    /// @notice Lifts `freeze`.
    function unfreeze(address party, bytes32 reasonHash) external;

    /// @notice Cancels every agreement the caller signed that is not a loan yet.
    function cancelSignatures() external;

    /// @notice The record of `party`; all zero when not registered.
    function partyOf(address party) external view returns (Party memory);

    /// @notice Whether `party` is registered and not frozen.
    function isActive(address party) external view returns (bool);

    /// @notice Whether `party` is active and holds every role in `roles`.
    function isActiveAs(address party, uint32 roles) external view returns (bool);

    /// @notice What a transfer asks of both sides at once: whether each is active, and whether `to` is so
    /// as a ledger.
    function sidesOf(address from, address to)
        external
        view
        returns (bool isFromActive, bool isToActive, bool isToLedger);

    /// @notice `isActiveAs`, and the nonce that what `party` signs must carry.
    function signerOf(address party, uint32 roles)
        external
        view
        returns (bool isActiveAs_, uint32 signatureNonce);
}
