// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IPartyRegistry, Party, PartyRoles} from "./interfaces/IPartyRegistry.sol";

/// @title PartyRegistry
/// @notice See `IPartyRegistry`.
contract PartyRegistry is IPartyRegistry, AccessManaged {
    mapping(address party => Party) private _parties;

    constructor(address initialAuthority) AccessManaged(initialAuthority) {}

    /// @inheritdoc IPartyRegistry
    function register(address party, uint32 roles, uint16 payeeCategory, bytes32 identityCommitment)
        external
        restricted
    {
        require(_parties[party].roles == 0, PartyAlreadyRegistered(party));
        _write(party, roles, payeeCategory, identityCommitment);
        emit PartyRegistered(party, roles, payeeCategory, identityCommitment);
    }

    /// @inheritdoc IPartyRegistry
    function update(address party, uint32 roles, uint16 payeeCategory, bytes32 identityCommitment)
        external
        restricted
    {
        require(_parties[party].roles != 0, PartyNotRegistered(party));
        _write(party, roles, payeeCategory, identityCommitment);
        emit PartyUpdated(party, roles, payeeCategory, identityCommitment);
    }

    /// @inheritdoc IPartyRegistry
    function freeze(address party, bytes32 reasonHash) external restricted {
        _setFrozen(party, true);
        emit PartyFrozen(party, reasonHash);
    }

    /// @inheritdoc IPartyRegistry
    function unfreeze(address party, bytes32 reasonHash) external restricted {
        _setFrozen(party, false);
        emit PartyUnfrozen(party, reasonHash);
    }

    /// @inheritdoc IPartyRegistry
    function cancelSignatures() external {
        Party storage record = _parties[msg.sender];
        require(record.roles != 0, PartyNotRegistered(msg.sender));
        uint32 nonce = ++record.signatureNonce;
        emit SignaturesCancelled(msg.sender, nonce);
    }

    /// @inheritdoc IPartyRegistry
    function partyOf(address party) external view returns (Party memory) {
        return _parties[party];
    }

    /// @inheritdoc IPartyRegistry
    function isActive(address party) external view returns (bool) {
        Party storage record = _parties[party];
        return record.roles != 0 && !record.isFrozen;
    }

    /// @inheritdoc IPartyRegistry
    function isActiveAs(address party, uint32 roles) external view returns (bool) {
        return _isActiveAs(_parties[party], roles);
    }

    /// @inheritdoc IPartyRegistry
    function sidesOf(address from, address to) external view returns (bool, bool, bool) {
        bool isToActive = _isActiveAs(_parties[to], 0);
        bool isToLedger = isToActive && _parties[to].roles & PartyRoles.LEDGER != 0;
        return (_isActiveAs(_parties[from], 0), isToActive, isToLedger);
    }

    /// @inheritdoc IPartyRegistry
    function signerOf(address party, uint32 roles) external view returns (bool, uint32) {
        Party storage record = _parties[party];
        return (_isActiveAs(record, roles), record.signatureNonce);
    }

    function _isActiveAs(Party storage record, uint32 roles) private view returns (bool) {
        return record.roles != 0 && record.roles & roles == roles && !record.isFrozen;
    }

    function _write(address party, uint32 roles, uint16 payeeCategory, bytes32 identityCommitment)
        private
    {
        require(party != address(0), PartyAddressZero());
        require(roles != 0 && roles & ~PartyRoles.ALL == 0, RolesInvalid(roles));
        bool isPayee = roles & PartyRoles.PAYEE != 0;
        require(isPayee == (payeeCategory != 0), PayeeCategoryInvalid(roles, payeeCategory));
        require(identityCommitment != 0, IdentityCommitmentMissing(party));

        Party storage record = _parties[party];
        record.roles = roles;
        record.payeeCategory = payeeCategory;
        record.identityCommitment = identityCommitment;
    }

    function _setFrozen(address party, bool isFrozen) private {
        Party storage record = _parties[party];
        require(record.roles != 0, PartyNotRegistered(party));
        require(record.isFrozen != isFrozen, FrozenUnchanged(party, record.isFrozen));
        record.isFrozen = isFrozen;
    }
}
