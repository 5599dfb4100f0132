// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerErrors, LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "./ServicingTest.sol";

/// @title RestructureBase
/// @notice Base of the tests about restructuring: new terms for an old loan.
abstract contract RestructureBase is ServicingTest {
    /// @dev Three more months from 8 March on, for the same principal, with a penalty and a fee as before and
    /// without a guarantor or a mandate.
    function _new(LoanTerms memory prior) internal view returns (LoanTerms memory terms) {
        terms = _terms();
        (terms.agreement, terms.priorLoanId) = ("R-2026-0001", _id(prior));
        (terms.prepayment, terms.prepaymentFeePpm) = (prior.prepayment, prior.prepaymentFeePpm);
        (terms.disburseOn, terms.disburseBy, terms.signBy) = (20260308, 20260315, 20260331);
        terms.instalments[0].dueOn = 20260408;
        terms.instalments[1].dueOn = 20260508;
        terms.instalments[2].dueOn = 20260608;
    }

    function _expectRefused(LoanTerms memory prior, LoanTerms memory terms, bytes memory revertData)
        internal
    {
        Signatures memory given = _signatures(terms);
        vm.expectRevert(revertData);
        _restructure(prior, terms, given);
    }

    function _mismatch(bytes32 field) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.RestructuringMismatch.selector, field);
    }
}
