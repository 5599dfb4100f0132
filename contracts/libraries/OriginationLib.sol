// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {
    Allocation,
    CollectableBy,
    DayCount,
    ILedgerErrors,
    Method,
    Prepayment,
    Rounding
} from "../interfaces/ILoanLedger.sol";
import {AgreementLib} from "./AgreementLib.sol";
import {CalendarLib} from "./CalendarLib.sol";
import {MessageLib} from "./MessageLib.sol";
import {TextLib} from "./TextLib.sol";
import {Row} from "./RowLib.sol";
import {Witness, WitnessLib} from "./WitnessLib.sol";

/// @title OriginationLib
/// @notice Which terms may become a loan.
library OriginationLib {
    using AgreementLib for bytes;
    using CalendarLib for uint32;
    using TextLib for bytes32;
    using WitnessLib for Witness;

    /// @dev What the packed fields hold; the highest penalty then needs centuries to outgrow 63 bits.
    uint256 internal constant TOTAL_MINOR_MAX = 2 ** 48 - 1;
    uint256 internal constant INSTALMENTS_MAX = 1200;
    uint256 internal constant PURPOSES_MAX = 16;
    uint256 internal constant PPM_MAX = 1_000_000;
    uint256 internal constant GRACE_DAYS_MAX = 366;
    int16 internal constant UTC_OFFSET_MINUTES_MIN = -12 * 60;
    int16 internal constant UTC_OFFSET_MINUTES_MAX = 14 * 60;

    /// @notice Checks every term but the instalments.
    /// @param principalMinor From the schedule's opening, as `disburseOn`.
    function requireOriginable(
        Witness memory shown,
        bytes calldata agreement,
        uint64 principalMinor,
        uint32 disburseOn
    ) internal pure {
        bytes32 field = _invalidCode(shown, agreement);
        if (field == 0) field = _invalidTerm(shown, agreement, principalMinor, disburseOn);
        require(field == 0, ILedgerErrors.TermInvalid(field));
        _requirePurposes(agreement, principalMinor);
    }

    /// @notice Checks the schedule and hashes it for the message: keccak256 of the EIP-712 struct
    /// hashes of all instalments.
    function readSchedule(Witness memory shown, uint32 disburseBy)
        internal
        pure
        returns (uint64 principalMinor, uint32 disburseOn, bytes32 instalmentsHash)
    {
        uint256 count = shown.instalmentCount();
        _require(count != 0 && count <= INSTALMENTS_MAX, "instalments");
        if (shown.shownFrom != 0) revert ILedgerErrors.InstalmentNotShown(0);
        if (shown.shownEnd != count) revert ILedgerErrors.InstalmentNotShown(count - 1);

        Row first = shown.row(0);
        principalMinor = uint64(first.balanceMinor());
        disburseOn = first.startsOn();
        // An instalment due before the money could come would be overdue on arrival.
        if (first.dueOn() <= disburseBy) revert ILedgerErrors.InstalmentInvalid(0, "dueOn");

        (uint256 leftMinor, uint256 interestMinor, bool isSuspect, bytes32 hash) =
            _hashInstalments(shown.rows, count);
        if (isSuspect) _requireInstalments(shown, count);
        require(leftMinor == 0, ILedgerErrors.ScheduleNotSummingToPrincipal(uint64(leftMinor)));
        _require(principalMinor + interestMinor <= TOTAL_MINOR_MAX, "instalments");
        return (principalMinor, disburseOn, hash);
    }

    /// @dev Hashes all instalments for the message. Every check is made for all at once, the one of the
    /// date only roughly: days from the 29th on are suspect as well, and looked at again one by one.
    function _hashInstalments(uint256 rows, uint256 count)
        private
        pure
        returns (uint256 leftMinor, uint256 interestSum, bool isSuspect, bytes32 hash)
    {
        bytes32 typeHash = MessageLib.INSTALMENT_TYPEHASH;
        assembly ("memory-safe") {
            // Hashes from m on; behind where they end, one instalment as the message has it.
            let m := mload(0x40)
            let next := m
            let end := add(m, shl(5, count))
            mstore(end, typeHash)
            let opening := shr(176, calldataload(rows))
            let startsOn := shr(48, opening)
            leftMinor := and(opening, 0xffffffffffff)
            // Each check is a number that is negative when it holds; so is then what all have in common.
            let sound := not(0)
            for { rows := add(rows, 10) } lt(next, end) {
                next := add(next, 0x20)
                rows := add(rows, 16)
            } {
                let row := shr(128, calldataload(rows))
                let interest := shr(80, row)
                let dueOn := and(shr(48, row), 0xffffffff)
                // The balance has not risen, was not nothing, and the instalment is not.
                sound := and(sound, sub(0, leftMinor))
                let principal := sub(leftMinor, and(row, 0xffffffffffff))
                sound := and(sound, and(not(principal), sub(0, add(principal, interest))))
                // Later than the one before, in months 1 to 12, on days 1 to 28.
                let day := mod(dueOn, 100)
                let monthAndDay := mod(dueOn, 10000)
                sound := and(sound, and(sub(startsOn, dueOn), and(sub(0, day), sub(day, 29))))
                sound := and(sound, and(sub(100, monthAndDay), sub(monthAndDay, 1229)))
                mstore(add(end, 0x20), dueOn)
                mstore(add(end, 0x40), principal)
                mstore(add(end, 0x60), interest)
                mstore(next, keccak256(end, 0x80))
                interestSum := add(interestSum, interest)
                leftMinor := sub(leftMinor, principal)
                startsOn := dueOn
            }
            isSuspect := iszero(shr(255, sound))
            hash := keccak256(m, shl(5, count))
        }
    }

    /// @dev Checks the instalments one by one.
    function _requireInstalments(Witness memory shown, uint256 count) private pure {
        for (uint256 i; i < count; ++i) {
            Row row = shown.row(i);
            uint32 dueOn = row.dueOn();
            uint256 balanceMinor = row.balanceMinor();
            uint256 leftMinor = row.balanceAfterMinor();
            if (dueOn <= row.startsOn() || !dueOn.isDate()) {
                revert ILedgerErrors.InstalmentInvalid(i, "dueOn");
            }
            bool isEmpty = leftMinor == balanceMinor && row.interestMinor() == 0;
            if (balanceMinor == 0 || leftMinor > balanceMinor || isEmpty) {
                revert ILedgerErrors.InstalmentInvalid(i, "principalMinor");
            }
        }
    }

    /// @dev Name of the first enumeration with a code it does not have, else zero.
    function _invalidCode(Witness memory shown, bytes calldata agreement)
        private
        pure
        returns (bytes32)
    {
        if (shown.codeAt(64) > uint8(type(Rounding).max)) return "rounding";
        if (shown.codeAt(65) > uint8(type(Allocation).max)) return "allocation";
        if (shown.codeAt(74) > uint8(type(Prepayment).max)) return "prepayment";
        if (shown.codeAt(87) > uint8(type(CollectableBy).max)) return "collectableBy";
        if (shown.codeAt(96) > 1) return "collateralHash";
        if (agreement.codeAt(131) > uint8(type(Method).max)) return "method";
        if (agreement.codeAt(132) > uint8(type(DayCount).max)) return "dayCount";
        return 0;
    }

    /// @dev Name of the first term that may not be originated, else zero.
    function _invalidTerm(
        Witness memory shown,
        bytes calldata agreement,
        uint64 principalMinor,
        uint32 disburseOn
    ) private pure returns (bytes32) {
        address lender = shown.lender();
        address borrower = shown.borrower();
        address guarantor = shown.guarantor();
        if (agreement.agreement().textLength() == 0) return "agreement";
        if (agreement.documentHash() == 0) return "documentHash";
        if (lender == borrower) return "borrower";
        bool isGuaranteed = guarantor != address(0);
        if (isGuaranteed && (guarantor == lender || guarantor == borrower)) return "guarantor";
        if (shown.penaltyRatePpm() > PPM_MAX) return "penaltyRatePpm";
        uint256 penaltyYearDays = shown.penaltyYearDays();
        if (penaltyYearDays != 360 && penaltyYearDays != 365) return "penaltyYearDays";
        if (shown.graceDays() > GRACE_DAYS_MAX) return "graceDays";
        if (shown.prepaymentFeePpm() > PPM_MAX) return "prepaymentFeePpm";
        bool isCollectable = shown.collectableBy() != CollectableBy.Nobody;
        if ((shown.mandateMinorMax() != 0) != isCollectable) return "mandateMinorMax";
        if ((shown.guaranteeMinorMax() != 0) != isGuaranteed) return "guaranteeMinorMax";
        if (shown.guaranteeAfterDays() != 0 && !isGuaranteed) return "guaranteeAfterDays";
        int16 offset = shown.utcOffsetMinutes();
        if (offset < UTC_OFFSET_MINUTES_MIN || offset > UTC_OFFSET_MINUTES_MAX) {
            return "utcOffsetMinutes";
        }
        if ((agreement.collateralHash() != 0) != shown.hasCollateral()) return "collateralHash";
        if (agreement.selfPaidMinorMax() > principalMinor) return "selfPaidMinorMax";
        uint32 disburseBy = agreement.disburseBy();
        if (!agreement.signBy().isDate()) return "signBy";
        if (!disburseOn.isDate()) return "disburseOn";
        if (!disburseBy.isDate() || disburseBy < disburseOn) return "disburseBy";
        return 0;
    }

    function _requirePurposes(bytes calldata agreement, uint64 principalMinor) private pure {
        uint256 count = agreement.purposeCount();
        _require(count <= PURPOSES_MAX, "purposes");

        uint256 usable = agreement.selfPaidMinorMax();
        for (uint256 i; i < count; ++i) {
            (bytes32 purpose,, uint64 cap) = agreement.purposeAt(i);
            if (purpose.textLength() == 0) revert ILedgerErrors.PurposeInvalid(i, "purpose");
            if (cap == 0 || cap > principalMinor) {
                revert ILedgerErrors.PurposeInvalid(i, "capMinor");
            }
            for (uint256 j; j < i; ++j) {
                (bytes32 earlier,,) = agreement.purposeAt(j);
                if (earlier == purpose) revert ILedgerErrors.PurposeInvalid(i, "purpose");
            }
            usable += cap;
        }
        // What a restructured loan carries over is mostly used already.
        require(
            usable >= principalMinor || agreement.priorLoanId() != 0,
            ILedgerErrors.PrincipalNotUsable(usable, principalMinor)
        );
    }

    function _require(bool holds, bytes32 field) private pure {
        require(holds, ILedgerErrors.TermInvalid(field));
    }
}
