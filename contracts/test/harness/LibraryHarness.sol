// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Allocation,
    Instalment,
    LoanState,
    LoanTerms,
    Owed,
    PurposeCap,
    Rounding
} from "../../interfaces/ILoanLedger.sol";
import {AgreementLib} from "../../libraries/AgreementLib.sol";
import {CalendarLib} from "../../libraries/CalendarLib.sol";
import {ReductionLib} from "../../libraries/ReductionLib.sol";
import {RoundingLib} from "../../libraries/RoundingLib.sol";
import {Row} from "../../libraries/RowLib.sol";
import {Standing, StandingLib} from "../../libraries/StandingLib.sol";
import {TextLib} from "../../libraries/TextLib.sol";
import {WaterfallLib} from "../../libraries/WaterfallLib.sol";
import {Witness, WitnessLib} from "../../libraries/WitnessLib.sol";
import {ILibraryHarness} from "./ILibraryHarness.sol";

/// @title LibraryHarness
/// @notice The internal libraries behind external calls, compiled with the shipped settings.
contract LibraryHarness is ILibraryHarness {
    using AgreementLib for bytes;
    using ReductionLib for Standing;
    using StandingLib for Standing;
    using WaterfallLib for Standing;
    using WitnessLib for Witness;
    using WitnessLib for bytes;

    LoanState private _state;

    function isDate(uint32 yyyymmdd) external pure returns (bool) {
        return CalendarLib.isDate(yyyymmdd);
    }

    function dayNumber(uint32 yyyymmdd) external pure returns (uint256) {
        return CalendarLib.dayNumber(yyyymmdd);
    }

    function localDay(uint256 asOf, int16 utcOffsetMinutes) external pure returns (uint256) {
        return CalendarLib.localDay(asOf, utcOffsetMinutes);
    }

    function divide(uint256 numerator, uint256 denominator, bool isHalfUp)
        external
        pure
        returns (uint256)
    {
        return RoundingLib.divide(numerator, denominator, isHalfUp);
    }

    function textLength(bytes32 text) external pure returns (uint256) {
        return TextLib.textLength(text);
    }

    function textHash(bytes32 text) external pure returns (bytes32) {
        return TextLib.textHash(text);
    }

    function readWitness(bytes calldata witness)
        external
        pure
        returns (bytes32 loanId, uint256 shownFrom, uint256 shownEnd, LoanTerms memory terms)
    {
        Witness memory shown = witness.read();
        (loanId, shownFrom, shownEnd) = (shown.loanId, shown.shownFrom, shown.shownEnd);
        terms.lender = shown.lender();
        terms.borrower = shown.borrower();
        terms.guarantor = shown.guarantor();
        terms.utcOffsetMinutes = shown.utcOffsetMinutes();
        terms.rounding = shown.isHalfUp() ? Rounding.HalfUp : Rounding.HalfEven;
        terms.allocation = shown.isPenaltyLast() ? Allocation.PenaltyLast : Allocation.PenaltyFirst;
        terms.penaltyRatePpm = uint32(shown.penaltyRatePpm());
        terms.penaltyYearDays = uint16(shown.penaltyYearDays());
        terms.graceDays = uint16(shown.graceDays());
        terms.prepayment = shown.prepayment();
        terms.prepaymentFeePpm = uint32(shown.prepaymentFeePpm());
        terms.accelerateAfterDays = shown.accelerateAfterDays();
        terms.mandateMinorMax = shown.mandateMinorMax();
        terms.collectableBy = shown.collectableBy();
        terms.guaranteeMinorMax = shown.guaranteeMinorMax();
        terms.guaranteeAfterDays = shown.guaranteeAfterDays();
        terms.collateralHash = bytes32(uint256(shown.hasCollateral() ? 1 : 0));
        terms.instalments = new Instalment[](shown.instalmentCount());
    }

    function rowOf(bytes calldata witness, uint256 index)
        external
        pure
        returns (uint32 startsOn, uint256 balanceMinor, Instalment memory row, uint256 balanceAfterMinor)
    {
        Row found = witness.read().row(index);
        startsOn = found.startsOn();
        balanceMinor = found.balanceMinor();
        balanceAfterMinor = found.balanceAfterMinor();
        uint256 principalMinor = balanceMinor - balanceAfterMinor;
        row = Instalment(found.dueOn(), uint64(principalMinor), uint64(found.interestMinor()));
    }

    function readAgreement(bytes calldata witness, bytes calldata agreement)
        external
        pure
        returns (LoanTerms memory terms)
    {
        agreement.requireOf(witness.read());
        terms.agreement = agreement.agreement();
        terms.documentHash = agreement.documentHash();
        terms.collateralHash = agreement.collateralHash();
        terms.priorLoanId = agreement.priorLoanId();
        terms.currency = agreement.currency();
        terms.method = agreement.method();
        terms.dayCount = agreement.dayCount();
        terms.annualRatePpm = uint32(agreement.annualRatePpm());
        terms.signBy = agreement.signBy();
        terms.disburseBy = agreement.disburseBy();
        terms.selfPaidMinorMax = agreement.selfPaidMinorMax();
        terms.lenderNonce = agreement.lenderNonce();
        terms.borrowerNonce = agreement.borrowerNonce();
        terms.guarantorNonce = agreement.guarantorNonce();
        terms.purposes = new PurposeCap[](agreement.purposeCount());
        for (uint256 i; i < terms.purposes.length; ++i) {
            (bytes32 purpose, uint16 payeeCategory, uint64 capMinor) = agreement.purposeAt(i);
            terms.purposes[i] = PurposeCap(purpose, payeeCategory, capMinor);
        }
    }

    function storedAndLoaded(LoanState calldata state) external returns (LoanState memory) {
        return _stored(_loaded(state));
    }

    function reduced(LoanState calldata state, bytes calldata witness, uint256 index)
        external
        returns (uint256 balanceMinor, uint256 interestMinor, uint256 principalMinor)
    {
        Witness memory shown = witness.read();
        return _loaded(state).reduced(shown, shown.row(index), index);
    }

    function accrue(LoanState calldata state, bytes calldata witness, uint256 today)
        external
        returns (Owed memory owed, LoanState memory accrued)
    {
        Standing memory standing = _loaded(state);
        standing.accrue(witness.read(), today, true, owed);
        accrued = _stored(standing);
    }

    function repay(
        LoanState calldata state,
        bytes calldata witness,
        uint256 today,
        uint256 amountMinor
    ) external returns (uint256[3] memory parts, bool isCleared, LoanState memory moved) {
        Witness memory shown = witness.read();
        Standing memory standing = _loaded(state);
        Owed memory owed;
        standing.accrue(shown, today, false, owed);
        (parts[0], parts[1], parts[2]) = standing.allocate(shown, owed, amountMinor);
        isCleared = standing.isCleared(shown, owed, parts[0]);
        moved = _stored(standing);
    }

    function prepay(
        LoanState calldata state,
        bytes calldata witness,
        uint256 today,
        uint256 principalMinor
    ) external returns (uint256 interestMinor, LoanState memory moved) {
        Witness memory shown = witness.read();
        Standing memory standing = _loaded(state);
        Owed memory owed;
        standing.accrue(shown, today, false, owed);
        interestMinor = standing.prepay(shown, principalMinor);
        moved = _stored(standing);
    }

    function accelerate(LoanState calldata state, bytes calldata witness, uint256 today)
        external
        returns (LoanState memory moved)
    {
        Witness memory shown = witness.read();
        Standing memory standing = _loaded(state);
        Owed memory owed;
        standing.accrue(shown, today, true, owed);
        standing.accelerate(shown, owed);
        moved = _stored(standing);
    }

    function credit(bytes calldata witness, uint256 balanceMinor)
        external
        returns (LoanState memory credited)
    {
        delete _state;
        Witness memory shown = witness.read();
        Standing memory standing;
        standing.credit(shown, shown.row(0).balanceMinor(), balanceMinor);
        credited = _stored(standing);
    }

    function _loaded(LoanState calldata state) private returns (Standing memory standing) {
        _state = state;
        standing.load(_state);
    }

    function _stored(Standing memory standing) private returns (LoanState memory) {
        standing.store(_state);
        standing.storeReduction(_state);
        return _state;
    }
}
