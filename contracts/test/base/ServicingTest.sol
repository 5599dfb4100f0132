// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    ILedgerErrors,
    ILedgerEvents,
    LoanTerms,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "./LoanTest.sol";

/// @title ServicingTest
/// @notice Base of the tests about a loan's later life. Adds to the cast `factor`, a second lender that
/// buys claims.
abstract contract ServicingTest is LoanTest {
    address internal factor;
    uint256 internal factorKey;

    function setUp() public virtual override {
        super.setUp();
        (factor, factorKey) = makeKey("factor");
        _register(factor, PartyRoles.LENDER, 0);
    }

    /// @dev The borrower uses all that was disbursed, so that nothing is left to repay the debt with.
    function _useAll(LoanTerms memory terms) internal {
        bytes memory witness = _witness(terms);
        bytes memory agreement = _agreement(terms);
        vm.startPrank(borrower);
        ledger.withdraw(witness, agreement, SELF_PAID_MAX);
        ledger.pay(witness, agreement, steelmaker, MATERIALS_CAP, MATERIALS, EVIDENCE);
        ledger.pay(witness, agreement, outfitter, 200_000, MACHINES, EVIDENCE);
        vm.stopPrank();
    }

    function _expectReceived(
        bytes32 loanId,
        address payer,
        RepaymentKind kind,
        uint64 penalty,
        uint64 interest,
        uint64 principal
    ) internal {
        _expectReceived(loanId, payer, kind, penalty, interest, principal, 0);
    }

    function _expectReceived(
        bytes32 loanId,
        address payer,
        RepaymentKind kind,
        uint64 penalty,
        uint64 interest,
        uint64 principal,
        uint64 fee
    ) internal {
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.RepaymentReceived(loanId, payer, kind, penalty, interest, principal, fee);
    }

    /* MORE OF A LOAN'S LIFE */

    /// @dev The borrower gets the money from the bank and prepays.
    function _prepay(LoanTerms memory terms, uint64 principalMinor) internal returns (uint64 taken) {
        _fundForLedger(borrower, 2 * principalMinor);
        vm.prank(borrower);
        return ledger.prepay(_witness(terms), principalMinor, 2 * principalMinor);
    }

    function _writeOff(LoanTerms memory terms) internal {
        vm.prank(servicer);
        ledger.writeOff(_witness(terms), "uncollectible");
    }

    function _accelerate(LoanTerms memory terms) internal {
        vm.prank(lender);
        ledger.accelerate(_witness(terms), "in default");
    }

    /// @dev The lender sells to the factor, both signing today.
    function _assign(LoanTerms memory terms, uint64 priceMinor) internal {
        _assign(terms, factor, factorKey, lenderKey, priceMinor);
    }

    function _assign(
        LoanTerms memory terms,
        address assignee,
        uint256 assigneeKey,
        uint256 presentKey,
        uint64 priceMinor
    ) internal {
        bytes32 digest =
            ledger.assignmentDigestOf(_witness(terms), assignee, priceMinor, 20991231);
        if (priceMinor != 0) _fundForLedger(assignee, priceMinor);
        ledger.assign(
            _witness(terms),
            assignee,
            priceMinor,
            20991231,
            _sign(presentKey, digest),
            _sign(assigneeKey, digest)
        );
    }

    function _restructure(LoanTerms memory prior, LoanTerms memory terms)
        internal
        returns (bytes32 loanId)
    {
        Signatures memory given = _signatures(terms);
        return _restructure(prior, terms, given);
    }

    function _restructure(LoanTerms memory prior, LoanTerms memory terms, Signatures memory given)
        internal
        returns (bytes32 loanId)
    {
        return ledger.restructure(
            _witness(prior),
            _witness(terms),
            _agreement(terms),
            given.lender,
            given.borrower,
            given.guarantor
        );
    }

    /* REFUSALS */

    /// @dev Expects terms that anyone may sign to become no loan.
    function _expectNotTaken(LoanTerms memory terms, bytes memory revertData) internal {
        Signatures memory given = _signatures(terms);
        vm.expectRevert(revertData);
        _originate(terms, given);
    }

    function _unknown(bytes32 loanId) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.LoanUnknown.selector, loanId);
    }

    function _statusInvalid(bytes32 loanId, Status status) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.LoanStatusInvalid.selector, loanId, status);
    }

    function _notPermitted(address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.CallerNotPermitted.selector, caller);
    }

    function _notAgreed(bytes32 what) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.NotAgreed.selector, what);
    }

    function _notActiveAs(address party, uint32 roles) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.PartyNotActiveAs.selector, party, roles);
    }

    function _aboveMax(uint64 takenMinor, uint64 amountMinorMax) internal pure returns (bytes memory) {
        return
            abi.encodeWithSelector(ILedgerErrors.AmountAboveMax.selector, takenMinor, amountMinorMax);
    }
}
