// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {
    DueAtOnce,
    Loan,
    LoanFlags,
    LoanState,
    Reduction,
    Status
} from "../interfaces/ILoanLedger.sol";

/// @notice How a loan stands, in memory: the members of `Loan`, `Reduction` and `DueAtOnce`, which
/// decide what is owed. Whole words, because masks cost more than memory.
struct Standing {
    Status status;
    uint256 flags;
    uint256 nextInstalment;
    uint256 accruedOn;
    uint256 paidOnNextMinor;
    uint256 penaltyRepaidMinor;
    uint256 penaltyUnitDays;
    uint256 fromInstalment;
    uint256 shiftMinor;
    uint256 numeratorMinor;
    uint256 denominatorMinor;
    uint256 currentPrincipalMinor;
    uint256 carriedPenaltyMinor;
    uint256 carriedInterestMinor;
    uint256 acceleratedInterestMinor;
    uint256 acceleratedPrincipalMinor;
    uint256 oldestDueDay;
}

/// @title StandingLib
/// @notice Reads and stores a loan's standing: one slot, and the others when its flags name them.
library StandingLib {
    function has(Standing memory standing, uint8 flag) internal pure returns (bool) {
        return standing.flags & flag != 0;
    }

    function load(Standing memory standing, LoanState storage state) internal view {
        Loan storage loan = state.loan;
        standing.status = loan.status;
        standing.flags = loan.flags;
        standing.nextInstalment = loan.nextInstalment;
        standing.accruedOn = loan.accruedOn;
        standing.paidOnNextMinor = loan.paidOnNextMinor;
        standing.penaltyRepaidMinor = loan.penaltyRepaidMinor;
        standing.penaltyUnitDays = loan.penaltyUnitDays;
        if (has(standing, LoanFlags.REDUCED)) {
            Reduction storage reduction = state.reduction;
            standing.fromInstalment = reduction.fromInstalment;
            standing.shiftMinor = reduction.shiftMinor;
            standing.numeratorMinor = reduction.numeratorMinor;
            standing.denominatorMinor = reduction.denominatorMinor;
            standing.currentPrincipalMinor = reduction.currentPrincipalMinor;
        }
        if (has(standing, LoanFlags.DUE_AT_ONCE)) {
            DueAtOnce storage rest = state.dueAtOnce;
            standing.carriedPenaltyMinor = rest.carriedPenaltyMinor;
            standing.carriedInterestMinor = rest.carriedInterestMinor;
            standing.acceleratedInterestMinor = rest.acceleratedInterestMinor;
            standing.acceleratedPrincipalMinor = rest.acceleratedPrincipalMinor;
            standing.oldestDueDay = rest.oldestDueDay;
        }
    }

    /// @dev `Loan` in one write: member by member the compiler would write its slot four times. Safe:
    /// origination bounds every amount to 48 bits, and what accrues of it to the widths of `Loan`.
    function store(Standing memory standing, LoanState storage state) internal {
        uint256 word = uint256(uint8(standing.status)) | (standing.flags << 8)
            | (standing.nextInstalment << 16) | (standing.accruedOn << 32)
            | (standing.paidOnNextMinor << 56) | (standing.penaltyRepaidMinor << 104)
            | (standing.penaltyUnitDays << 168);
        Loan storage loan = state.loan;
        assembly ("memory-safe") {
            sstore(loan.slot, word)
        }
        if (has(standing, LoanFlags.DUE_AT_ONCE)) {
            state.dueAtOnce = DueAtOnce({
                carriedPenaltyMinor: uint64(standing.carriedPenaltyMinor),
                carriedInterestMinor: uint64(standing.carriedInterestMinor),
                acceleratedInterestMinor: uint48(standing.acceleratedInterestMinor),
                acceleratedPrincipalMinor: uint48(standing.acceleratedPrincipalMinor),
                oldestDueDay: uint24(standing.oldestDueDay)
            });
        }
    }

    /// @dev Apart from `store`, because only prepaying and restructuring change it.
    function storeReduction(Standing memory standing, LoanState storage state) internal {
        state.reduction = Reduction({
            fromInstalment: uint16(standing.fromInstalment),
            shiftMinor: uint48(standing.shiftMinor),
            numeratorMinor: uint48(standing.numeratorMinor),
            denominatorMinor: uint48(standing.denominatorMinor),
            currentPrincipalMinor: uint48(standing.currentPrincipalMinor)
        });
    }
}
