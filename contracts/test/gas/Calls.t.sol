// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {GasTest} from "./GasTest.sol";

/// @notice What each call costs. Repayments are those of a loan that was repaid before: the second
/// instalment on its due date, unless said otherwise.
/// forge-config: default.isolate = true
contract CallsGasTest is GasTest {
    uint256 private constant SECOND_DUE = 20260305;

    function testOriginate() public {
        _measureEach(_measureOriginate);
    }

    function testOriginateWithAGuarantor() public {
        _measureEach(_measureOriginateGuaranteed);
    }

    function testDisburse() public {
        _measureEach(_measureDisburse);
    }

    function testPay() public {
        _measureEach(_measurePay);
    }

    function testRepay() public {
        _measureEach(_measureRepay);
    }

    function testRepayHalfAnInstalment() public {
        _measureEach(_measureRepayHalf);
    }

    function testRepayLate() public {
        _measureEach(_measureRepayLate);
    }

    function testRepayAtTheEndOfAPage() public {
        _measureEach(_measureRepayAtEndOfPage);
    }

    function testPayoff() public {
        _measureEach(_measurePayoff);
    }

    function testCollect() public {
        _measureEach(_measureCollect);
    }

    function testPrepay() public {
        _measureEach(_measurePrepay);
    }

    function testCallGuarantee() public {
        _measureEach(_measureCallGuarantee);
    }

    function testAccelerate() public {
        _measureEach(_measureAccelerate);
    }

    function testWriteOff() public {
        _measureEach(_measureWriteOff);
    }

    function testRestructure() public {
        _measureEach(_measureRestructure);
    }

    function testAssign() public {
        _measureEach(_measureAssign);
    }

    function testServeNotice() public {
        _measureEach(_measureServeNotice);
    }

    /* AGREEMENT AND USE OF PROCEEDS */

    function _measureOriginate(uint256 count) private {
        _originateTerms("originate", _termsOf(count));
    }

    function _measureOriginateGuaranteed(uint256 count) private {
        _originateTerms("originate_guaranteed", _termsWithAllOf(count));
    }

    function _originateTerms(string memory name, LoanTerms memory terms) private {
        Signatures memory given = _signatures(terms);
        bytes32 loanId = _originate(terms, given);
        _snapshot(name, terms.instalments.length);
        _assertStatus(loanId, Status.Approved);
    }

    function _measureDisburse(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        bytes32 loanId = _originate(terms);
        vm.warp(_noon(terms.disburseOn));
        _send(
            lender, abi.encodeCall(ledger.disburse, (_witness(terms, 0, 1), _agreement(terms)))
        );
        _snapshot("disburse", count);
        _assertStatus(loanId, Status.Active);
    }

    function _measurePay(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        bytes32 loanId = _originate(terms);
        vm.warp(_noon(terms.disburseOn));
        _send(lender, abi.encodeCall(ledger.disburse, (_witness(terms), _agreement(terms))));
        bytes memory call = abi.encodeCall(
            ledger.pay,
            (_witness(terms, 0, 0), _agreement(terms), steelmaker, 300_000, MATERIALS, EVIDENCE)
        );
        _send(borrower, call);
        _snapshot("pay", count);
        vm.assertEq(ledger.spentMinor(loanId, MATERIALS), 300_000);
    }

    /* REPAYMENT */

    function _measureRepay(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        _lendAndRepay(terms, 1);
        vm.warp(_noon(SECOND_DUE));
        _measureRepayment("repay", terms, 1, SECOND_DUE, _amountOf(terms, 1));
        vm.assertEq(_loan(_id(terms)).nextInstalment, 2);
    }

    function _measureRepayHalf(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        _lendAndRepay(terms, 1);
        vm.warp(_noon(SECOND_DUE));
        _measureRepayment("repay_partial", terms, 1, SECOND_DUE, _amountOf(terms, 1) / 2);
        vm.assertEq(_loan(_id(terms)).paidOnNextMinor, _amountOf(terms, 1) / 2);
    }

    /// @dev Twenty days after it was due, with the penalty.
    function _measureRepayLate(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        _lendAndRepay(terms, 1);
        vm.warp(_noon(20260325));
        uint64 penalty = uint64(_owed(terms).penaltyMinor);
        _measureRepayment("repay_late", terms, 1, 20260325, _amountOf(terms, 1) + penalty);
        vm.assertEq(_loan(_id(terms)).nextInstalment, 2);
        vm.assertEq(_loan(_id(terms)).penaltyRepaidMinor, penalty);
        vm.assertGt(penalty, 0);
    }

    /// @dev The eleventh instalment: the witness shows two pages.
    function _measureRepayAtEndOfPage(uint256 count) private {
        if (count == 12) return;
        LoanTerms memory terms = _termsOf(count);
        _lendAndRepay(terms, 10);
        uint256 dueOn = terms.instalments[10].dueOn;
        vm.warp(_noon(dueOn));
        _send(borrower, abi.encodeCall(ledger.repay, (_shown(terms, 10, dueOn), _amountOf(terms, 10))));
        _snapshot("repay_two_pages", count);
        vm.assertEq(_loan(_id(terms)).nextInstalment, 11);
    }

    function _measureRepayment(
        string memory name,
        LoanTerms memory terms,
        uint256 next,
        uint256 today,
        uint64 amountMinor
    ) private {
        _measureCall(
            name,
            terms.instalments.length,
            borrower,
            abi.encodeCall(ledger.repay, (_shown(terms, next, today), amountMinor)),
            abi.encodeCall(ledger.repay, (_witness(terms), amountMinor))
        );
    }

    function _measurePayoff(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        _lendAndRepay(terms, 2);
        vm.warp(_noon(20260320));
        uint64 amountMinor = _payoffMinor(terms);
        _measureCall(
            "payoff",
            count,
            borrower,
            abi.encodeCall(ledger.payoff, (_shown(terms, 2, 20260320), amountMinor)),
            abi.encodeCall(ledger.payoff, (_witness(terms), amountMinor))
        );
        _assertStatus(_id(terms), Status.Closed);
    }

    /// @dev The second collection under the mandate.
    function _measureCollect(uint256 count) private {
        LoanTerms memory terms = _termsWithAllOf(count);
        _lend(terms);
        vm.warp(_noon(20260205));
        _send(lender, abi.encodeCall(ledger.collect, (_witness(terms))));
        vm.warp(_noon(SECOND_DUE));
        _measureCall(
            "collect",
            count,
            lender,
            abi.encodeCall(ledger.collect, (_shown(terms, 1, SECOND_DUE))),
            abi.encodeCall(ledger.collect, (_witness(terms)))
        );
        vm.assertEq(
            _account(_id(terms)).collectedMinor, _amountOf(terms, 0) + _amountOf(terms, 1)
        );
    }

    function _measurePrepay(uint256 count) private {
        LoanTerms memory terms = _termsWithAllOf(count);
        _lendAndRepay(terms, 2);
        vm.warp(_noon(20260320));
        _measureCall(
            "prepay",
            count,
            borrower,
            abi.encodeCall(ledger.prepay, (_shown(terms, 2, 20260320), 100_000, PRINCIPAL)),
            abi.encodeCall(ledger.prepay, (_witness(terms), 100_000, PRINCIPAL))
        );
        vm.assertEq(ledger.loanOf(_id(terms)).reduction.shiftMinor, 100_000);
    }

    function _measureCallGuarantee(uint256 count) private {
        LoanTerms memory terms = _termsWithAllOf(count);
        _lendAndRepay(terms, 1);
        _fund(guarantor, PRINCIPAL);
        _letLedgerTakeFrom(guarantor);
        vm.warp(_noon(20260320));
        _measureCall(
            "call_guarantee",
            count,
            lender,
            abi.encodeCall(ledger.callGuarantee, (_shown(terms, 1, 20260320), PRINCIPAL)),
            abi.encodeCall(ledger.callGuarantee, (_witness(terms), PRINCIPAL))
        );
        vm.assertGe(_account(_id(terms)).guaranteedMinor, _amountOf(terms, 1));
    }

    /* SERVICING: two instalments late, all proceeds used */

    function _measureAccelerate(uint256 count) private {
        LoanTerms memory terms = _termsWithAllOf(count);
        _lendAndRepay(terms, 1);
        vm.warp(_noon(20260420));
        _measureCall(
            "accelerate",
            count,
            lender,
            abi.encodeCall(ledger.accelerate, (_shown(terms, 1, 20260420), EVIDENCE)),
            abi.encodeCall(ledger.accelerate, (_witness(terms), EVIDENCE))
        );
        vm.assertEq(_loan(_id(terms)).nextInstalment, count);
    }

    function _measureWriteOff(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        _lendAndRepay(terms, 1);
        vm.warp(_noon(20260420));
        _measureCall(
            "write_off",
            count,
            servicer,
            abi.encodeCall(ledger.writeOff, (_shown(terms, 1, 20260420), EVIDENCE)),
            abi.encodeCall(ledger.writeOff, (_witness(terms), EVIDENCE))
        );
        _assertStatus(_id(terms), Status.WrittenOff);
    }

    /// @dev Over as many instalments, a year later; the first repays no principal.
    function _measureRestructure(uint256 count) private {
        LoanTerms memory prior = _termsOf(count);
        _lendAndRepay(prior, 1);
        vm.warp(_noon(20260420));
        LoanTerms memory terms = _restructured(prior);
        Signatures memory given = _signatures(terms);
        _measureCall(
            "restructure",
            count,
            lender,
            _restructureCall(_shown(prior, 1, 20260420), terms, given),
            _restructureCall(_witness(prior), terms, given)
        );
        _assertStatus(_id(prior), Status.Restructured);
        _assertStatus(_id(terms), Status.Active);
    }

    function _restructured(LoanTerms memory prior)
        private
        view
        returns (LoanTerms memory terms)
    {
        terms = _termsOf(prior.instalments.length);
        terms.agreement = "L-2026-0001-R";
        terms.priorLoanId = _id(prior);
        terms.signBy = 20260430;
        terms.disburseOn = 20260420;
        terms.disburseBy = 20260430;
        terms.principalMinor -= prior.instalments[0].principalMinor;
        terms.instalments[0].principalMinor = 0;
        for (uint256 i; i < terms.instalments.length; ++i) {
            terms.instalments[i].dueOn += 10_000;
        }
    }

    function _restructureCall(
        bytes memory priorWitness,
        LoanTerms memory terms,
        Signatures memory given
    ) private view returns (bytes memory) {
        return abi.encodeCall(
            ledger.restructure,
            (
                priorWitness,
                _witness(terms),
                _agreement(terms),
                given.lender,
                given.borrower,
                given.guarantor
            )
        );
    }

    function _measureAssign(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        _lendAndRepay(terms, 1);
        _fund(assignee, PRINCIPAL);
        _letLedgerTakeFrom(assignee);
        bytes memory witness = _witness(terms, 0, 0);
        bytes32 digest = ledger.assignmentDigestOf(witness, assignee, 1_000_000, uint32(SECOND_DUE));
        bytes memory call = abi.encodeCall(
            ledger.assign,
            (
                witness,
                assignee,
                1_000_000,
                uint32(SECOND_DUE),
                _sign(lenderKey, digest),
                _sign(assigneeKey, digest)
            )
        );
        _send(assignee, call);
        _snapshot("assign", count);
        vm.assertEq(ledger.loanOf(_id(terms)).assignee, assignee);
    }

    function _measureServeNotice(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        _lendAndRepay(terms, 1);
        bytes32 loanId = _id(terms);
        _send(servicer, abi.encodeCall(ledger.serveNotice, (loanId, "overdue_7", EVIDENCE)));
        _snapshot("serve_notice", count);
        vm.assertGt(ledger.noticeServedAt(loanId, EVIDENCE), 0);
    }
}
