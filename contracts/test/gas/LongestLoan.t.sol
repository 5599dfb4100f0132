// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {Packing} from "../base/Packing.sol";
import {GasTest} from "./GasTest.sol";

/// @notice Even the longest schedule, shown in full and all of it overdue, can be originated and
/// repaid in a tx of a sixth of a common block.
/// forge-config: default.isolate = true
contract LongestLoanGasTest is GasTest {
    uint256 private constant COUNT = 1200;
    uint256 private constant PAGES = 100;
    uint256 private constant GAS_MAX = 5_000_000;

    function testLongestLoan() public {
        LoanTerms memory terms = _termsOf(COUNT);
        bytes memory witness = _longWitness(terms);
        bytes memory agreement = _agreement(terms);
        bytes32 digest = ledger.digestOf(witness, agreement);
        bytes32 loanId = ledger.originate(
            witness, agreement, _sign(lenderKey, digest), _sign(borrowerKey, digest), ""
        );
        _expectPayable("originate");

        vm.warp(_noon(terms.disburseOn));
        _send(lender, abi.encodeCall(ledger.disburse, (_witness(terms, 0, 1), agreement)));
        _fund(borrower, 100 * PRINCIPAL);
        vm.warp(_noon(terms.instalments[COUNT - 1].dueOn) + 5 days);
        _send(borrower, abi.encodeCall(ledger.repay, (witness, 100 * PRINCIPAL - 1)));
        _expectPayable("repay");
        _assertStatus(loanId, Status.Closed);
    }

    function _expectPayable(string memory what) private {
        uint256 used = vm.snapshotGasLastCall(string.concat("longest_", what));
        vm.assertLt(used, GAS_MAX, what);
    }

    /// @dev The full witness, put together from single pages: that of `Packing` grows row by row.
    function _longWitness(LoanTerms memory terms) private pure returns (bytes memory witness) {
        witness = bytes.concat(Packing.head(terms), hex"00", bytes1(uint8(PAGES)));
        for (uint256 i; i < PAGES; ++i) {
            bytes memory page = Packing.page(terms, i, 1);
            uint256 repeated = i == 0 ? 0 : 10;
            assembly ("memory-safe") {
                // Drops what the page repeats of the one before.
                let size := sub(mload(page), repeated)
                page := add(page, repeated)
                mstore(page, size)
            }
            witness = bytes.concat(witness, page);
        }
    }
}
