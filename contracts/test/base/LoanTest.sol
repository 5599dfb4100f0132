// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Instalment,
    Loan,
    LoanTerms,
    Owed,
    PurposeCap,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {Deployment} from "./Deployment.sol";
import {SlowCalendar} from "./SlowCalendar.sol";

/// @title LoanTest
/// @notice Base of the tests about loans: terms, signatures, and a loan's life up to a point.
///
/// The terms are a loan of 12,000.00 over three instalments on the fifth of February, March and April
/// 2026, counted in China's time, with three days of grace and a penalty of 18 % on a 360-day year:
/// one unit-day costs 1/2000 of a minor unit.
abstract contract LoanTest is Deployment {
    uint64 internal constant PRINCIPAL = 1_200_000;
    uint64 internal constant SELF_PAID_MAX = 200_000;
    uint64 internal constant MATERIALS_CAP = 800_000;
    uint64 internal constant MACHINES_CAP = 400_000;
    uint64 internal constant SUNDRIES_CAP = 100_000;
    bytes32 internal constant MATERIALS = "materials";
    bytes32 internal constant MACHINES = "machines";
    bytes32 internal constant SUNDRIES = "sundries";
    bytes32 internal constant EVIDENCE = keccak256("invoice 4711");

    function setUp() public virtual override {
        super.setUp();
        vm.warp(_noon(20260102));
    }

    /* TERMS */

    function _terms() internal view returns (LoanTerms memory terms) {
        terms = LoanTerms({
            agreement: "L-2026-0001",
            lender: lender,
            borrower: borrower,
            currency: "CNY",
            principalMinor: PRINCIPAL,
            method: "equal_principal",
            dayCount: "30/360",
            annualRatePpm: 120_000,
            rounding: "half_even",
            penaltyRatePpm: 180_000,
            penaltyYearDays: 360,
            graceDays: 3,
            utcOffsetMinutes: 480,
            signBy: 20260103,
            disburseOn: 20260105,
            disburseBy: 20260110,
            selfPaidMinorMax: SELF_PAID_MAX,
            documentHash: keccak256("agreement text"),
            purposes: new PurposeCap[](3),
            instalments: new Instalment[](3)
        });
        terms.purposes[0] = PurposeCap(MATERIALS, STEEL, MATERIALS_CAP);
        terms.purposes[1] = PurposeCap(MACHINES, OUTFITTING, MACHINES_CAP);
        terms.purposes[2] = PurposeCap(SUNDRIES, 0, SUNDRIES_CAP);
        terms.instalments[0] = Instalment(20260205, 400_000, 12_000);
        terms.instalments[1] = Instalment(20260305, 400_000, 8_000);
        terms.instalments[2] = Instalment(20260405, 400_000, 4_000);
    }

    /// @dev Terms of `count` instalments due on the fifth of each month, the last taking the residue.
    function _termsOf(uint256 count) internal view returns (LoanTerms memory terms) {
        terms = _terms();
        terms.instalments = new Instalment[](count);
        uint64 each = uint64(PRINCIPAL / count);
        for (uint256 i; i < count; ++i) {
            uint256 month = 1 + i;
            terms.instalments[i] = Instalment({
                dueOn: uint32((2026 + month / 12) * 10_000 + (month % 12 + 1) * 100 + 5),
                principalMinor: each,
                interestMinor: uint64(12_000 * (count - i) / count)
            });
        }
        terms.instalments[count - 1].principalMinor = uint64(PRINCIPAL - each * (count - 1));
    }

    /* TIME: moments at UTC+8, where the terms count their days */

    function _midnight(uint256 yyyymmdd) internal pure returns (uint256) {
        return SlowCalendar.daysOf(yyyymmdd) * 1 days - 8 hours;
    }

    function _noon(uint256 yyyymmdd) internal pure returns (uint256) {
        return _midnight(yyyymmdd) + 12 hours;
    }

    function _lastSecond(uint256 yyyymmdd) internal pure returns (uint256) {
        return _midnight(yyyymmdd) + 1 days - 1;
    }

    /* SIGNATURES */

    function _sign(uint256 privateKey, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    function _signatures(LoanTerms memory terms)
        internal
        view
        returns (bytes memory lenderSignature, bytes memory borrowerSignature)
    {
        bytes32 digest = ledger.digestOf(terms);
        return (_sign(lenderKey, digest), _sign(borrowerKey, digest));
    }

    /// @dev Expects `originate` under these terms to fail although both sides signed them.
    function _expectNotOriginable(LoanTerms memory terms, bytes memory revertData) internal {
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        vm.expectRevert(revertData);
        ledger.originate(terms, lenderSignature, borrowerSignature);
    }

    /* A LOAN'S LIFE */

    function _originate(LoanTerms memory terms) internal returns (bytes32 loanId) {
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        return ledger.originate(terms, lenderSignature, borrowerSignature);
    }

    /// @dev Originates today and disburses at noon of the first day of disbursement.
    function _disburse(LoanTerms memory terms) internal returns (bytes32 loanId) {
        loanId = _originate(terms);
        vm.warp(_noon(terms.disburseOn));
        _fundForLedger(lender, terms.principalMinor);
        vm.prank(lender);
        ledger.disburse(terms);
    }

    /// @dev `payer` gets the money from the bank and repays.
    function _repay(LoanTerms memory terms, address payer, uint64 amountMinorMax)
        internal
        returns (uint64 takenMinor)
    {
        _fundForLedger(payer, amountMinorMax);
        vm.prank(payer);
        return ledger.repay(terms, amountMinorMax);
    }

    function _payoff(LoanTerms memory terms, address payer) internal returns (uint64 takenMinor) {
        uint64 amountMinor = ledger.payoffAt(terms, vm.getBlockTimestamp());
        _fundForLedger(payer, amountMinor);
        vm.prank(payer);
        return ledger.payoff(terms, amountMinor);
    }

    function _owed(LoanTerms memory terms) internal view returns (Owed memory) {
        return ledger.owedAt(terms, vm.getBlockTimestamp());
    }

    /* ASSERTIONS */

    function _assertStatus(bytes32 loanId, Status status) internal view {
        vm.assertEq(uint256(ledger.loanOf(loanId).status), uint256(status), "status");
    }

    function _assertSame(Loan memory actual, Loan memory expected) internal pure {
        vm.assertEq(uint256(actual.status), uint256(expected.status), "status");
        vm.assertEq(actual.disbursedAt, expected.disbursedAt, "disbursedAt");
        vm.assertEq(actual.accruedOn, expected.accruedOn, "accruedOn");
        vm.assertEq(actual.nextInstalment, expected.nextInstalment, "nextInstalment");
        vm.assertEq(actual.paidOnNextMinor, expected.paidOnNextMinor, "paidOnNextMinor");
        vm.assertEq(
            actual.principalRepaidMinor, expected.principalRepaidMinor, "principalRepaidMinor"
        );
        vm.assertEq(actual.penaltyUnitDays, expected.penaltyUnitDays, "penaltyUnitDays");
        vm.assertEq(actual.penaltyRepaidMinor, expected.penaltyRepaidMinor, "penaltyRepaidMinor");
        vm.assertEq(actual.controlledMinor, expected.controlledMinor, "controlledMinor");
        vm.assertEq(actual.withdrawnMinor, expected.withdrawnMinor, "withdrawnMinor");
    }

    function _assertSame(Owed memory actual, Owed memory expected) internal pure {
        vm.assertEq(actual.penaltyMinor, expected.penaltyMinor, "penaltyMinor");
        vm.assertEq(actual.interestMinor, expected.interestMinor, "interestMinor");
        vm.assertEq(actual.principalMinor, expected.principalMinor, "principalMinor");
        vm.assertEq(actual.currentMinor, expected.currentMinor, "currentMinor");
        vm.assertEq(actual.payoffInterestMinor, expected.payoffInterestMinor, "payoffInterestMinor");
        vm.assertEq(
            actual.outstandingPrincipalMinor,
            expected.outstandingPrincipalMinor,
            "outstandingPrincipalMinor"
        );
        vm.assertEq(actual.arrearsMinor, expected.arrearsMinor, "arrearsMinor");
        vm.assertEq(actual.daysPastDue, expected.daysPastDue, "daysPastDue");
    }
}
