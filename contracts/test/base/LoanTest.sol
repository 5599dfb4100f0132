// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Account,
    Allocation,
    CollectableBy,
    DayCount,
    Instalment,
    Loan,
    LoanState,
    LoanTerms,
    Method,
    Owed,
    Prepayment,
    PurposeCap,
    Rounding,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {Deployment} from "./Deployment.sol";
import {Packing} from "./Packing.sol";
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
        terms.agreement = "L-2026-0001";
        terms.lender = lender;
        terms.borrower = borrower;
        terms.currency = "CNY";
        terms.principalMinor = PRINCIPAL;
        terms.method = Method.EqualPrincipal;
        terms.dayCount = DayCount.Thirty360;
        terms.annualRatePpm = 120_000;
        terms.rounding = Rounding.HalfEven;
        terms.allocation = Allocation.PenaltyFirst;
        terms.penaltyRatePpm = 180_000;
        terms.penaltyYearDays = 360;
        terms.graceDays = 3;
        terms.utcOffsetMinutes = 480;
        terms.signBy = 20260103;
        terms.disburseOn = 20260105;
        terms.disburseBy = 20260110;
        terms.selfPaidMinorMax = SELF_PAID_MAX;
        terms.documentHash = keccak256("agreement text");
        terms.purposes = new PurposeCap[](3);
        terms.instalments = new Instalment[](3);
        terms.purposes[0] = PurposeCap(MATERIALS, STEEL, MATERIALS_CAP);
        terms.purposes[1] = PurposeCap(MACHINES, OUTFITTING, MACHINES_CAP);
        terms.purposes[2] = PurposeCap(SUNDRIES, 0, SUNDRIES_CAP);
        terms.instalments[0] = Instalment(20260205, 400_000, 12_000);
        terms.instalments[1] = Instalment(20260305, 400_000, 8_000);
        terms.instalments[2] = Instalment(20260405, 400_000, 4_000);
    }

    /// @dev The same loan with everything that can be agreed besides: a guarantor for 3,000.00 beyond ten
    /// days past due, a mandate for 10,000.00 the lender may collect under, prepayment for a shorter
    /// term against 1 %, acceleration beyond thirty days past due, and collateral.
    function _termsWithAll() internal view returns (LoanTerms memory terms) {
        terms = _terms();
        terms.guarantor = guarantor;
        terms.guaranteeMinorMax = 300_000;
        terms.guaranteeAfterDays = 10;
        terms.mandateMinorMax = 1_000_000;
        terms.collectableBy = CollectableBy.Lender;
        terms.prepayment = Prepayment.ShorterTerm;
        terms.prepaymentFeePpm = 10_000;
        terms.accelerateAfterDays = 30;
        terms.collateralHash = keccak256("lathe, serial number 12");
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

    /* WHAT CALLS SHOW */

    function _id(LoanTerms memory terms) internal pure returns (bytes32) {
        return Packing.idOf(terms);
    }

    /// @dev Shows every page of the schedule.
    function _witness(LoanTerms memory terms) internal pure returns (bytes memory) {
        return Packing.witness(terms);
    }

    function _witness(LoanTerms memory terms, uint256 firstPage, uint256 pageCount)
        internal
        pure
        returns (bytes memory)
    {
        return Packing.witness(terms, firstPage, pageCount);
    }

    function _agreement(LoanTerms memory terms) internal pure returns (bytes memory) {
        return Packing.agreement(terms);
    }

    /* SIGNATURES */

    struct Signatures {
        bytes lender;
        bytes borrower;
        bytes guarantor;
    }

    function _sign(uint256 privateKey, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev All parties' signatures; the guarantor's only when the terms name one.
    function _signatures(LoanTerms memory terms) internal view returns (Signatures memory given) {
        bytes32 digest = ledger.digestOf(_witness(terms), _agreement(terms));
        given.lender = _sign(lenderKey, digest);
        given.borrower = _sign(borrowerKey, digest);
        if (terms.guarantor != address(0)) given.guarantor = _sign(guarantorKey, digest);
    }

    function _originate(LoanTerms memory terms, Signatures memory given)
        internal
        returns (bytes32 loanId)
    {
        return ledger.originate(
            _witness(terms), _agreement(terms), given.lender, given.borrower, given.guarantor
        );
    }

    /// @dev Expects terms to be refused, by the digest already: nobody can be asked to sign them.
    function _expectNotOriginable(LoanTerms memory terms, bytes memory revertData) internal {
        vm.expectRevert(revertData);
        ledger.digestOf(_witness(terms), _agreement(terms));
        Signatures memory none;
        vm.expectRevert(revertData);
        _originate(terms, none);
    }

    /* A LOAN'S LIFE */

    function _originate(LoanTerms memory terms) internal returns (bytes32 loanId) {
        return _originate(terms, _signatures(terms));
    }

    /// @dev Originates today and disburses at noon of the first day of disbursement.
    function _disburse(LoanTerms memory terms) internal returns (bytes32 loanId) {
        loanId = _originate(terms);
        vm.warp(_noon(terms.disburseOn));
        _fundForLedger(lender, terms.principalMinor);
        vm.prank(lender);
        ledger.disburse(_witness(terms), _agreement(terms));
    }

    /// @dev `payer` gets the money from the bank and repays.
    function _repay(LoanTerms memory terms, address payer, uint64 amountMinorMax)
        internal
        returns (uint64 takenMinor)
    {
        _fundForLedger(payer, amountMinorMax);
        vm.prank(payer);
        return ledger.repay(_witness(terms), amountMinorMax);
    }

    function _payoff(LoanTerms memory terms, address payer) internal returns (uint64 takenMinor) {
        uint64 amountMinor = _payoffMinor(terms);
        _fundForLedger(payer, amountMinor);
        vm.prank(payer);
        return ledger.payoff(_witness(terms), amountMinor);
    }

    function _owed(LoanTerms memory terms) internal view returns (Owed memory) {
        return _owedAt(terms, vm.getBlockTimestamp());
    }

    function _owedAt(LoanTerms memory terms, uint256 asOf) internal view returns (Owed memory) {
        return ledger.owedAt(_witness(terms), asOf);
    }

    /// @dev Most that a repayment takes now.
    function _repayableMinor(LoanTerms memory terms) internal view returns (uint64) {
        Owed memory owed = _owed(terms);
        return uint64(
            owed.penaltyMinor + owed.interestMinor + owed.principalMinor + owed.currentMinor
        );
    }

    /// @dev What a payoff takes now.
    function _payoffMinor(LoanTerms memory terms) internal view returns (uint64) {
        Owed memory owed = _owed(terms);
        return uint64(
            owed.penaltyMinor + owed.interestMinor + owed.payoffInterestMinor
                + owed.outstandingPrincipalMinor + owed.payoffFeeMinor
        );
    }

    function _loan(bytes32 loanId) internal view returns (Loan memory) {
        return ledger.loanOf(loanId).loan;
    }

    function _account(bytes32 loanId) internal view returns (Account memory) {
        return ledger.loanOf(loanId).account;
    }

    /* ASSERTIONS */

    function _assertStatus(bytes32 loanId, Status status) internal view {
        vm.assertEq(uint256(_loan(loanId).status), uint256(status), "status");
    }

    function _assertSame(LoanState memory actual, LoanState memory expected) internal pure {
        _assertSame(actual.loan, expected.loan);
        vm.assertEq(
            keccak256(abi.encode(actual.account)), keccak256(abi.encode(expected.account))
        );
        vm.assertEq(
            keccak256(abi.encode(actual.reduction)), keccak256(abi.encode(expected.reduction))
        );
        vm.assertEq(
            keccak256(abi.encode(actual.dueAtOnce)), keccak256(abi.encode(expected.dueAtOnce))
        );
        vm.assertEq(actual.assignee, expected.assignee);
    }

    function _assertSame(Loan memory actual, Loan memory expected) internal pure {
        vm.assertEq(uint256(actual.status), uint256(expected.status), "status");
        vm.assertEq(actual.flags, expected.flags, "flags");
        vm.assertEq(actual.nextInstalment, expected.nextInstalment, "nextInstalment");
        vm.assertEq(actual.accruedOn, expected.accruedOn, "accruedOn");
        vm.assertEq(actual.paidOnNextMinor, expected.paidOnNextMinor, "paidOnNextMinor");
        vm.assertEq(actual.penaltyRepaidMinor, expected.penaltyRepaidMinor, "penaltyRepaidMinor");
        vm.assertEq(actual.penaltyUnitDays, expected.penaltyUnitDays, "penaltyUnitDays");
    }

    function _assertSame(Owed memory actual, Owed memory expected) internal pure {
        vm.assertEq(actual.penaltyMinor, expected.penaltyMinor, "penaltyMinor");
        vm.assertEq(actual.interestMinor, expected.interestMinor, "interestMinor");
        vm.assertEq(actual.principalMinor, expected.principalMinor, "principalMinor");
        vm.assertEq(actual.currentMinor, expected.currentMinor, "currentMinor");
        vm.assertEq(actual.payoffInterestMinor, expected.payoffInterestMinor, "payoffInterestMinor");
        vm.assertEq(actual.payoffFeeMinor, expected.payoffFeeMinor, "payoffFeeMinor");
        vm.assertEq(
            actual.outstandingPrincipalMinor,
            expected.outstandingPrincipalMinor,
            "outstandingPrincipalMinor"
        );
        vm.assertEq(actual.arrearsMinor, expected.arrearsMinor, "arrearsMinor");
        vm.assertEq(actual.daysPastDue, expected.daysPastDue, "daysPastDue");
    }
}
