// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

import {IPartyRegistry} from "./interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";
import {TextLib} from "./libraries/TextLib.sol";

/// @title SettlementToken
/// @notice See `ISettlementToken`.
contract SettlementToken is ISettlementToken, ERC20Permit, AccessManaged {
    using TextLib for bytes32;

    uint256 public constant SUPPLY_MINOR_MAX = uint256(uint64(type(int64).max));

    IPartyRegistry public immutable REGISTRY;
    /// @inheritdoc ISettlementToken
    bytes32 public immutable currency; // solhint-disable-line immutable-vars-naming
    uint8 private immutable DECIMALS;

    /// @inheritdoc ISettlementToken
    mapping(bytes32 bankReference => bool) public isBankReferenceUsed;

    constructor(
        address initialAuthority,
        IPartyRegistry registry,
        string memory name_,
        string memory symbol_,
        bytes32 currency_,
        uint8 decimals_
    ) ERC20(name_, symbol_) ERC20Permit(name_) AccessManaged(initialAuthority) {
        REGISTRY = registry;
        currency = currency_;
        DECIMALS = decimals_;
    }

    /// @inheritdoc ISettlementToken
    function mint(address to, uint256 amountMinor, bytes32 bankReference) external restricted {
        _useBankReference(amountMinor, bankReference);
        _mint(to, amountMinor);
        emit Minted(to, amountMinor, bankReference);
    }

    /// @inheritdoc ISettlementToken
    function burn(address from, uint256 amountMinor, bytes32 bankReference) external restricted {
        _useBankReference(amountMinor, bankReference);
        if (from != msg.sender) _spendAllowance(from, msg.sender, amountMinor);
        _burn(from, amountMinor);
        emit Burned(from, amountMinor, bankReference);
    }

    /// @inheritdoc ISettlementToken
    function transferWithPurpose(
        address to,
        uint256 amountMinor,
        bytes32 purpose,
        bytes32 evidenceHash
    ) external returns (bool) {
        require(amountMinor != 0, AmountZero());
        require(purpose.textLength() != 0, PurposeMissing());
        _transfer(msg.sender, to, amountMinor);
        emit PurposeStated(msg.sender, to, amountMinor, purpose, evidenceHash);
        return true;
    }

    /// @notice Digits after the decimal point of the currency.
    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }

    function _update(address from, address to, uint256 amountMinor) internal override {
        (bool isFromActive, bool isToActive, bool isToLedger) = REGISTRY.sidesOf(from, to);
        require(isFromActive || from == address(0), PartyNotActive(from));
        require(isToActive || to == address(0), PartyNotActive(to));
        // Money a ledger did not fetch itself would lie in no loan's account and never leave.
        require(!isToLedger || msg.sender == to, ReceiverIsLedger(to));
        super._update(from, to, amountMinor);
        if (from == address(0)) {
            uint256 supply = totalSupply();
            require(supply <= SUPPLY_MINOR_MAX, SupplyAboveBound(supply, SUPPLY_MINOR_MAX));
        }
    }

    function _useBankReference(uint256 amountMinor, bytes32 bankReference) private {
        require(amountMinor != 0, AmountZero());
        require(bankReference != 0, BankReferenceMissing());
        require(!isBankReferenceUsed[bankReference], BankReferenceUsed(bankReference));
        isBankReferenceUsed[bankReference] = true;
    }
}
