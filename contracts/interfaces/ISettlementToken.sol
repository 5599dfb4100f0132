// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title ISettlementToken
/// @notice Bank money on chain, in minor units of one currency. It enters and leaves only by bank
/// payments, each named by a bank reference that can be used once, and moves only between
/// registered parties that are not frozen.
interface ISettlementToken is IERC20 {
    event Minted(address indexed to, uint256 amountMinor, bytes32 indexed bankReference);
    event Burned(address indexed from, uint256 amountMinor, bytes32 indexed bankReference);
    /// @notice What the `Transfer` logged just before it was for.
    event PurposeStated(
        address indexed from,
        address indexed to,
        uint256 amountMinor,
        bytes32 indexed purpose,
        bytes32 evidenceHash
    );

    error PartyNotActive(address party);
    error BankReferenceMissing();
    error BankReferenceUsed(bytes32 bankReference);
    error AmountZero();
    /// @dev All amounts fit 63 bits, so that any signed 64-bit column can hold them.
    error SupplyAboveBound(uint256 supplyMinor, uint256 supplyMinorMax);
    /// @dev The purpose is empty or not a text.
    error PurposeMissing();
    /// @dev A ledger's controlled accounts are filled by the ledger alone.
    error ReceiverIsLedger(address ledger);

    /// @notice Books money that came in at the bank under `bankReference`.
    function mint(address to, uint256 amountMinor, bytes32 bankReference) external;

    /// @notice Books money of `from` that went out at the bank under `bankReference`.
    /// @dev Spends `from`'s allowance to the caller.
    function burn(address from, uint256 amountMinor, bytes32 bankReference) external;

    /// @notice Transfers and states what for.
    function transferWithPurpose(
        address to,
        uint256 amountMinor,
        bytes32 purpose,
        bytes32 evidenceHash
    ) external returns (bool);

    /// @notice ISO 4217 code, left-aligned ASCII.
    function currency() external view returns (bytes32);

    /// @notice Whether a bank payment with this reference was booked.
    function isBankReferenceUsed(bytes32 bankReference) external view returns (bool);
}
