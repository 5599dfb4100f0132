// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {ILoanLedger} from "../../interfaces/ILoanLedger.sol";
import {IPartyRegistry, PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {Test} from "../Test.sol";

/// @title Deployment
/// @notice All contracts and roles as a deployment makes them, and the cast of the tests. The contracts
/// come from their artifacts, so that what is tested is the very bytecode that is shipped.
///
/// The cast: `admin`, `registrar`, `guardian`, `servicer` and `bank` hold the authority's roles.
/// `lender`, `borrower` and `guarantor` sign loans. `steelmaker` and `outfitter` are payees of different categories.
/// `stranger` is a registered party with nothing to do with the loan; `outsider` is not registered.
abstract contract Deployment is Test {
    uint64 internal constant REGISTRAR = 1;
    uint64 internal constant SETTLEMENT_BANK = 2;
    uint64 internal constant SERVICER = 3;
    uint64 internal constant GUARDIAN = 4;

    uint16 internal constant STEEL = 101;
    uint16 internal constant OUTFITTING = 202;

    IAccessManager internal authority;
    IPartyRegistry internal registry;
    ISettlementToken internal token;
    ILoanLedger internal ledger;

    address internal admin;
    address internal registrar;
    address internal guardian;
    address internal servicer;
    address internal bank;
    address internal lender;
    uint256 internal lenderKey;
    address internal borrower;
    uint256 internal borrowerKey;
    address internal guarantor;
    uint256 internal guarantorKey;
    address internal steelmaker;
    address internal outfitter;
    address internal stranger;
    uint256 internal strangerKey;
    address internal outsider;

    uint256 private _bankPayments;

    function setUp() public virtual {
        (admin,) = makeKey("admin");
        (registrar,) = makeKey("registrar");
        (guardian,) = makeKey("guardian");
        (servicer,) = makeKey("servicer");
        (bank,) = makeKey("bank");
        (lender, lenderKey) = makeKey("lender");
        (borrower, borrowerKey) = makeKey("borrower");
        (guarantor, guarantorKey) = makeKey("guarantor");
        (steelmaker,) = makeKey("steelmaker");
        (outfitter,) = makeKey("outfitter");
        (stranger, strangerKey) = makeKey("stranger");
        (outsider,) = makeKey("outsider");

        authority = IAccessManager(deployArtifact("AccessManager", abi.encode(admin)));
        registry = _deployRegistry(address(authority));
        token = _deployToken(address(authority), registry, "CNY");
        ledger = _deployLedger(address(authority), registry, token);
        _giveRoles();
        _registerCast();
    }

    function _deployRegistry(address initialAuthority) internal returns (IPartyRegistry) {
        return IPartyRegistry(
            deployArtifact("PartyRegistry", abi.encode(initialAuthority))
        );
    }

    function _deployToken(address initialAuthority, IPartyRegistry parties, bytes32 currency)
        internal
        returns (ISettlementToken)
    {
        bytes memory arguments =
            abi.encode(initialAuthority, parties, "Settlement Yuan", "SCNY", currency, uint8(2));
        return ISettlementToken(deployArtifact("SettlementToken", arguments));
    }

    function _deployLedger(address initialAuthority, IPartyRegistry parties, ISettlementToken money)
        internal
        returns (ILoanLedger)
    {
        address servicing =
            deployArtifact("LoanServicing", abi.encode(initialAuthority, parties, money));
        return ILoanLedger(
            deployArtifact("LoanLedger", abi.encode(initialAuthority, parties, money, servicing))
        );
    }

    function _giveRoles() private {
        vm.startPrank(admin);
        authority.grantRole(REGISTRAR, registrar, 0);
        authority.grantRole(SETTLEMENT_BANK, bank, 0);
        authority.grantRole(SERVICER, servicer, 0);
        authority.grantRole(GUARDIAN, guardian, 0);

        bytes4[] memory two = new bytes4[](2);
        (two[0], two[1]) = (IPartyRegistry.register.selector, IPartyRegistry.update.selector);
        authority.setTargetFunctionRole(address(registry), two, REGISTRAR);
        (two[0], two[1]) = (IPartyRegistry.freeze.selector, IPartyRegistry.unfreeze.selector);
        authority.setTargetFunctionRole(address(registry), two, GUARDIAN);
        (two[0], two[1]) = (token.mint.selector, token.burn.selector);
        authority.setTargetFunctionRole(address(token), two, SETTLEMENT_BANK);

        bytes4[] memory many = new bytes4[](7);
        (many[0], many[1]) = (ledger.disburse.selector, ledger.pay.selector);
        (many[2], many[3]) = (ledger.writeOff.selector, ledger.serveNotice.selector);
        (many[4], many[5]) = (ledger.collect.selector, ledger.callGuarantee.selector);
        many[6] = ledger.accelerate.selector;
        authority.setTargetFunctionRole(address(ledger), many, SERVICER);
        (two[0], two[1]) = (ledger.pause.selector, ledger.unpause.selector);
        authority.setTargetFunctionRole(address(ledger), two, GUARDIAN);
        vm.stopPrank();
    }

    function _registerCast() private {
        _register(address(ledger), PartyRoles.LEDGER, 0);
        _register(bank, PartyRoles.SETTLEMENT_BANK, 0);
        _register(servicer, PartyRoles.SERVICER, 0);
        _register(lender, PartyRoles.LENDER, 0);
        _register(borrower, PartyRoles.BORROWER, 0);
        _register(guarantor, PartyRoles.GUARANTOR, 0);
        _register(steelmaker, PartyRoles.PAYEE, STEEL);
        _register(outfitter, PartyRoles.PAYEE, OUTFITTING);
        _register(stranger, PartyRoles.GUARANTOR, 0);
    }

    function _register(address party, uint32 roles, uint16 payeeCategory) internal {
        vm.prank(registrar);
        registry.register(party, roles, payeeCategory, keccak256(abi.encode("identity of", party)));
    }

    /// @dev Changes the roles of a registered party that is no payee.
    function _setRoles(address party, uint32 roles) internal {
        vm.prank(registrar);
        registry.update(party, roles, 0, keccak256(abi.encode("identity of", party)));
    }

    function _freeze(address party) internal {
        vm.prank(guardian);
        registry.freeze(party, "court order");
    }

    function _unfreeze(address party) internal {
        vm.prank(guardian);
        registry.unfreeze(party, "order lifted");
    }

    /// @dev Money arrives at the bank for `party`.
    function _fund(address party, uint256 amountMinor) internal {
        vm.prank(bank);
        token.mint(party, amountMinor, bytes32(++_bankPayments));
    }

    /// @dev Money arrives for `party`, which lets the ledger take it.
    function _fundForLedger(address party, uint256 amountMinor) internal {
        _fund(party, amountMinor);
        uint256 allowed = token.allowance(party, address(ledger));
        vm.prank(party);
        token.approve(address(ledger), allowed + amountMinor);
    }
}
