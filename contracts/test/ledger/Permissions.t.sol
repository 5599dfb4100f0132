// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

/// @notice Every function, called by everyone of the cast: who may and who may not.
contract PermissionsTest is ServicingTest {
    struct Guarded {
        string name;
        address target;
        bytes call;
        address[3] allowed;
    }

    Guarded[] private _guarded;
    address[] private _callers;

    /// @dev One loan is approved; one is 31 days past due, and of one the borrower may prepay.
    function setUp() public override {
        super.setUp();
        _callers = [
            admin, registrar, guardian, servicer, bank, lender, borrower, guarantor, factor, steelmaker,
            stranger, outsider, address(ledger), address(authority)
        ];
        LoanTerms memory late = _named("late");
        _disburse(late);
        vm.warp(_noon(20260102));
        LoanTerms memory early = _named("early");
        for (uint256 i; i < 3; ++i) early.instalments[i].dueOn += 300;
        _disburse(early);
        vm.warp(_noon(20260307));
        LoanTerms memory approved = _laterTerms("approved");
        _originate(approved);
        vm.warp(_noon(20260308));
        // Everyone's money and allowance are there: only the permission may be missing.
        for (uint256 i; i < _callers.length; ++i) {
            bool isLedger = _callers[i] == address(ledger);
            if (registry.isActive(_callers[i]) && !isLedger) _fundForLedger(_callers[i], 3 * PRINCIPAL);
        }
        _guardRegistryAndToken();
        _guardAgreement(approved, late);
        _guardRepayment(late, early);
        _guardForAll(late, early);
    }

    function testOnlyTheAllowedMayCall() public {
        for (uint256 i; i < _guarded.length; ++i) {
            for (uint256 j; j < _callers.length; ++j) {
                uint256 snapshot = vm.snapshotState();
                _assertMayCall(_guarded[i], _callers[j]);
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
            bool isSide = side == lender || side == borrower || side == guarantor;
            if (_guarded[i].target != address(ledger) || !isSide) continue;
            uint256 snapshot = vm.snapshotState();
            vm.prank(side);
            (bool isDone,) = _guarded[i].target.call(_guarded[i].call);
            vm.assertTrue(isDone, _guarded[i].name);
            vm.revertToState(snapshot);
        }
    }

    function _assertMayCall(Guarded memory guarded, address caller) private {
        vm.prank(caller);
        (bool isDone, bytes memory answer) = guarded.target.call(guarded.call);
        if (guarded.allowed[0] == address(0)) {
            vm.assertFalse(_isRefused(answer, caller), guarded.name);
            return;
        }
        bool isAllowed = caller == guarded.allowed[0] || caller == guarded.allowed[1]
            || caller == guarded.allowed[2];
        vm.assertEq(isDone, isAllowed, guarded.name);
        if (!isAllowed) vm.assertTrue(_isRefused(answer, caller), guarded.name);
    }

    function _isRefused(bytes memory answer, address caller) private pure returns (bool) {
        bytes memory unauthorized =
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
        bytes32 given = keccak256(answer);
        return given == keccak256(unauthorized) || given == keccak256(_notPermitted(caller));
    }

    /* WHO MAY */

    function _guardRegistryAndToken() private {
        bytes memory call = abi.encodeCall(registry.register, (outsider, PartyRoles.LENDER, 0, "id"));
        _guard("register", address(registry), call, registrar, registrar);
        call = abi.encodeCall(registry.update, (stranger, PartyRoles.LENDER, 0, "id"));
        _guard("update", address(registry), call, registrar, registrar);
        call = abi.encodeCall(registry.freeze, (stranger, "court order"));
        _guard("freeze", address(registry), call, guardian, guardian);
        _freeze(outfitter);
        call = abi.encodeCall(registry.unfreeze, (outfitter, "order lifted"));
        _guard("unfreeze", address(registry), call, guardian, guardian);
        call = abi.encodeCall(token.mint, (lender, 1, "bank reference"));
        _guard("mint", address(token), call, bank, bank);
        call = abi.encodeCall(token.burn, (bank, 1, "bank reference"));
        _guard("burn", address(token), call, bank, bank);
        call = abi.encodeCall(IAccessManaged.setAuthority, (address(authority)));
        _guard("setAuthority", address(ledger), call, address(authority), address(authority));
        _guard("setAuthority", address(token), call, address(authority), address(authority));
        _guard("setAuthority", address(registry), call, address(authority), address(authority));
    }

    function _guardAgreement(LoanTerms memory approved, LoanTerms memory late) private {
        bytes memory call = abi.encodeCall(ledger.disburse, (_witness(approved), _agreement(approved)));
        _guard("disburse", call, lender, servicer);
        call = abi.encodeCall(ledger.cancel, (_witness(approved)));
        _guard("cancel", call, lender, borrower);
        call = abi.encodeCall(ledger.revokeSignature, (_witness(_named("never a loan"))));
        _guarded.push(
            Guarded("revokeSignature", address(ledger), call, [lender, borrower, guarantor])
        );
        (bytes memory witness, bytes memory agreement) = (_witness(late), _agreement(late));
        call = abi.encodeCall(ledger.pay, (witness, agreement, steelmaker, 1, MATERIALS, EVIDENCE));
        _guard("pay", call, borrower, servicer);
        _guard("withdraw", abi.encodeCall(ledger.withdraw, (witness, agreement, 1)), borrower, borrower);
        _guard("pause", abi.encodeCall(ledger.pause, ()), guardian, guardian);
        call = abi.encodeCall(ledger.serveNotice, (_id(late), "overdue_7", "letter"));
        _guard("serveNotice", call, servicer, servicer);
    }

    function _guardRepayment(LoanTerms memory late, LoanTerms memory early) private {
        bytes memory witness = _witness(late);
        _guard("collect", abi.encodeCall(ledger.collect, (witness)), lender, servicer);
        bytes memory call = abi.encodeCall(ledger.revokeMandate, (witness));
        _guard("revokeMandate", call, borrower, borrower);
        call = abi.encodeCall(ledger.callGuarantee, (witness, 1));
        _guarded.push(
            Guarded("callGuarantee", address(ledger), call, [lender, servicer, guarantor])
        );
        call = abi.encodeCall(ledger.accelerate, (witness, "in default"));
        _guard("accelerate", call, lender, servicer);
        call = abi.encodeCall(ledger.writeOff, (witness, "uncollectible"));
        _guard("writeOff", call, servicer, servicer);
        call = abi.encodeCall(ledger.prepay, (_witness(early), 1, PRINCIPAL));
        _guard("prepay", call, borrower, borrower);
    }

    /// @dev Money may be missing, or signatures: never the permission.
    function _guardForAll(LoanTerms memory late, LoanTerms memory early) private {
        bytes memory witness = _witness(late);
        _open("repay", abi.encodeCall(ledger.repay, (witness, 1)));
        _open("payoff", abi.encodeCall(ledger.payoff, (witness, type(uint64).max)));
        _open("reimburse", abi.encodeCall(ledger.reimburse, (_witness(early), 1)));
        _open("batch", abi.encodeCall(ledger.batch, (new bytes[](0))));
        _open("claim", abi.encodeCall(ledger.claim, ()));
        LoanTerms memory terms = _laterTerms("brought by anyone");
        Signatures memory given = _signatures(terms);
        bytes memory call = abi.encodeCall(
            ledger.originate,
            (_witness(terms), _agreement(terms), given.lender, given.borrower, given.guarantor)
        );
        _open("originate", call);
        bytes32 digest = ledger.assignmentDigestOf(witness, factor, 0, 20991231);
        (bytes memory mine, bytes memory theirs) = (_sign(lenderKey, digest), _sign(factorKey, digest));
        call = abi.encodeCall(ledger.assign, (witness, factor, 0, 20991231, mine, theirs));
        _open("assign", call);
        terms.priorLoanId = _id(late);
        given = _signatures(terms);
        call = abi.encodeCall(
            ledger.restructure,
            (witness, _witness(terms), _agreement(terms), given.lender, given.borrower, given.guarantor)
        );
        _open("restructure", call);
    }

    function _guard(string memory name, bytes memory call, address first, address second) private {
        _guard(name, address(ledger), call, first, second);
    }

    function _guard(
        string memory name,
        address target,
        bytes memory call,
        address first,
        address second
    ) private {
        _guarded.push(Guarded(name, target, call, [first, second, second]));
    }

    function _open(string memory name, bytes memory call) private {
        _guarded.push(Guarded(name, address(ledger), call, [address(0), address(0), address(0)]));
    }

    function _named(bytes32 agreement) private view returns (LoanTerms memory terms) {
        terms = _termsWithAll();
        terms.agreement = agreement;
    }

    /// @dev To be disbursed on 8 March.
    function _laterTerms(bytes32 agreement) private view returns (LoanTerms memory terms) {
        terms = _named(agreement);
        (terms.disburseOn, terms.disburseBy, terms.signBy) = (20260308, 20260310, 20260310);
        for (uint256 i; i < 3; ++i) terms.instalments[i].dueOn += 300;
    }
}
