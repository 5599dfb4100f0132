// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LoanFlags, LoanState, Status} from "../../interfaces/ILoanLedger.sol";
import {ILibraryHarness} from "../harness/ILibraryHarness.sol";
import {Test} from "../Test.sol";

/// @notice Nothing of a loan's standing is lost or mixed up between storage and memory.
contract StandingLibTest is Test {
    ILibraryHarness private _libraries;

    function setUp() public {
        _libraries = ILibraryHarness(deployArtifact("LibraryHarness", ""));
    }

    function testWhatIsStoredIsWhatWasLoaded(uint256 seed, uint8 status) public {
        LoanState memory state = _state(seed, status);
        state.loan.flags = LoanFlags.REDUCED | LoanFlags.DUE_AT_ONCE;
        vm.assertEq(abi.encode(_libraries.storedAndLoaded(state)), abi.encode(state));
    }

    function testTheHighestOfEverythingFits() public {
        LoanState memory state = _state(type(uint256).max, 7);
        vm.assertEq(state.reduction.shiftMinor, type(uint48).max);
        vm.assertEq(abi.encode(_libraries.storedAndLoaded(state)), abi.encode(state));
    }

    /// @dev Without their flags the other slots are not read, nor what is due at once written.
    function testSlotsWithoutFlagsDoNotCount(uint256 seed, uint8 status) public {
        LoanState memory state = _state(seed, status);
        state.loan.flags = LoanFlags.ACCELERATED | LoanFlags.ASSIGNED | LoanFlags.MANDATE_REVOKED;
        LoanState memory back = _libraries.storedAndLoaded(state);
        vm.assertEq(abi.encode(back.loan), abi.encode(state.loan));
        vm.assertEq(abi.encode(back.dueAtOnce), abi.encode(state.dueAtOnce));
        vm.assertEq(back.reduction.shiftMinor, 0);
    }

    /// @dev Every member another piece of `seed`; all bits set when the seed has them all.
    function _state(uint256 seed, uint8 status) private pure returns (LoanState memory state) {
        state.loan.status = Status(status % 8);
        state.loan.flags = uint8(_piece(seed, 1));
        state.loan.nextInstalment = uint16(_piece(seed, 2));
        state.loan.accruedOn = uint24(_piece(seed, 3));
        state.loan.paidOnNextMinor = uint48(_piece(seed, 4));
        state.loan.penaltyRepaidMinor = uint64(_piece(seed, 5));
        state.loan.penaltyUnitDays = uint88(_piece(seed, 6));
        state.account.controlledMinor = uint48(_piece(seed, 7));
        state.reduction.fromInstalment = uint16(_piece(seed, 8));
        state.reduction.shiftMinor = uint48(_piece(seed, 9));
        state.reduction.numeratorMinor = uint48(_piece(seed, 10));
        state.reduction.denominatorMinor = uint48(_piece(seed, 11));
        state.reduction.currentPrincipalMinor = uint48(_piece(seed, 12));
        state.dueAtOnce.carriedPenaltyMinor = uint64(_piece(seed, 13));
        state.dueAtOnce.carriedInterestMinor = uint64(_piece(seed, 14));
        state.dueAtOnce.acceleratedInterestMinor = uint48(_piece(seed, 15));
        state.dueAtOnce.acceleratedPrincipalMinor = uint48(_piece(seed, 16));
        state.dueAtOnce.oldestDueDay = uint24(_piece(seed, 17));
        state.assignee = address(uint160(_piece(seed, 18)));
    }

    function _piece(uint256 seed, uint256 which) private pure returns (uint256) {
        return seed == type(uint256).max ? seed : uint256(keccak256(abi.encode(seed, which)));
    }
}
