// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {ILoanLedger, LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "../base/LoanTest.sol";

/// @notice Every function that is not for everyone, called by everyone of the cast.
contract PermissionsTest is LoanTest {
    struct Guarded {
        string name;
        address target;
        bytes call;
        address[2] allowed;
    }

    Guarded[] private _guarded;
    address[] private _callers;

    function setUp() public override {
        super.setUp();
        LoanTerms memory approved = _terms();
        (approved.agreement, approved.disburseBy) = ("approved", 20260110);
        approved.instalments[0].dueOn = 20260206;
        LoanTerms memory active = _terms();
        active.disburseOn = 20260101;
        active.disburseBy = 20260102;
        active.instalments[0].dueOn = 20260103;
        active.graceDays = 0;
        _originate(active);
        _originate(approved);
        _fundForLedger(lender, 2 * PRINCIPAL);
        vm.prank(lender);
        ledger.disburse(active);
        vm.warp(_noon(20260106));
        // Everyone else's money and allowance are there: only the permission may be missing.
        _fund(bank, 1);

        _guard("register", address(registry), _registerCall(), registrar, registrar);
        _guard("update", address(registry), _updateCall(), registrar, registrar);
        bytes memory call = abi.encodeCall(registry.freeze, (stranger, "court order"));
        _guard("freeze", address(registry), call, guardian, guardian);
        _freeze(outfitter);
        call = abi.encodeCall(registry.unfreeze, (outfitter, "order lifted"));
        _guard("unfreeze", address(registry), call, guardian, guardian);
        call = abi.encodeCall(token.mint, (lender, 1, "bank reference"));
        _guard("mint", address(token), call, bank, bank);
        call = abi.encodeCall(token.burn, (bank, 1, "bank reference"));
        _guard("burn", address(token), call, bank, bank);
        call = abi.encodeCall(ledger.disburse, (approved));
        _guard("disburse", address(ledger), call, lender, servicer);
        call = abi.encodeCall(ledger.pay, (active, steelmaker, 1, MATERIALS, EVIDENCE));
        _guard("pay", address(ledger), call, borrower, servicer);
        call = abi.encodeCall(ledger.withdraw, (active, 1));
        _guard("withdraw", address(ledger), call, borrower, borrower);
        call = abi.encodeCall(ledger.writeOff, (active, "uncollectible"));
        _guard("writeOff", address(ledger), call, servicer, servicer);
        call = abi.encodeCall(ledger.serveNotice, (ledger.idOf(active), "overdue_7", "letter"));
        _guard("serveNotice", address(ledger), call, servicer, servicer);
        call = abi.encodeCall(IAccessManaged.setAuthority, (address(authority)));
        _guard("setAuthority", address(ledger), call, address(authority), address(authority));
        _guard("setAuthority", address(token), call, address(authority), address(authority));
        _guard("setAuthority", address(registry), call, address(authority), address(authority));

        _callers = [
            admin, registrar, guardian, servicer, bank, lender, borrower, steelmaker, stranger,
            outsider, address(ledger), address(authority)
        ];
    }

    function testOnlyTheAllowedMayCall() public {
        for (uint256 i; i < _guarded.length; ++i) {
            Guarded memory guarded = _guarded[i];
            for (uint256 j; j < _callers.length; ++j) {
                address caller = _callers[j];
                uint256 snapshot = vm.snapshotState();
                vm.prank(caller);
                (bool isDone, bytes memory answer) = guarded.target.call(guarded.call);
                bool isAllowed = caller == guarded.allowed[0] || caller == guarded.allowed[1];
                vm.assertEq(isDone, isAllowed, guarded.name);
                if (!isAllowed) _assertRefused(answer, caller, guarded.name);
                vm.revertToState(snapshot);
            }
        }
    }

    /// @dev With every role taken back, the sides of the loan keep what is theirs.
    function testWithoutServicersTheSidesStillCan() public {
        vm.startPrank(admin);
        authority.revokeRole(SERVICER, servicer);
        authority.revokeRole(SETTLEMENT_BANK, bank);
        authority.revokeRole(GUARDIAN, guardian);
        authority.revokeRole(REGISTRAR, registrar);
        vm.stopPrank();
        for (uint256 i; i < _guarded.length; ++i) {
            address side = _guarded[i].allowed[0];
            if (_guarded[i].target != address(ledger) || (side != lender && side != borrower)) continue;
            vm.prank(side);
            (bool isDone,) = _guarded[i].target.call(_guarded[i].call);
            vm.assertTrue(isDone, _guarded[i].name);
        }
    }

    function _assertRefused(bytes memory answer, address caller, string memory name) private pure {
        bytes memory unauthorized =
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
        bytes memory notPermitted =
            abi.encodeWithSelector(ILoanLedger.CallerNotPermitted.selector, caller);
        bytes32 given = keccak256(answer);
        vm.assertTrue(given == keccak256(unauthorized) || given == keccak256(notPermitted), name);
    }

    function _guard(
        string memory name,
        address target,
        bytes memory call,
        address first,
        address second
    ) private {
        _guarded.push(Guarded(name, target, call, [first, second]));
    }

    function _registerCall() private view returns (bytes memory) {
        return abi.encodeCall(registry.register, (outsider, PartyRoles.LENDER, 0, "identity"));
    }

    function _updateCall() private view returns (bytes memory) {
        return abi.encodeCall(registry.update, (stranger, PartyRoles.LENDER, 0, "identity"));
    }
}
