// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {GasTest} from "./GasTest.sol";
import {ITermsInCode, ITermsStore} from "./ITermsStore.sol";
import {Vm} from "../Test.sol";

/// @notice Terms recoverable from the loan id, in the two ways there are: an event, which costs by the
/// byte and only clients can read, and the code of an account, which contracts can read too. Each is
/// a tx with the same calldata that does nothing else.
/// forge-config: default.isolate = true
contract TermsGasTest is GasTest {
    function testTermsInAnEvent() public {
        _measureEach(_inAnEvent);
    }

    function testTermsInCode() public {
        _measureEach(_inCode);
    }

    function _inAnEvent(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        ITermsStore store = ITermsStore(deployArtifact("TermsInEvent", ""));
        vm.recordLogs();
        store.keep(_id(terms), _witness(terms), _agreement(terms));
        _snapshot("terms_in_event", count);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        vm.assertEq(logs[0].topics[1], _id(terms));
        vm.assertEq(logs[0].data, abi.encode(_witness(terms), _agreement(terms)));
    }

    function _inCode(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        ITermsInCode store = ITermsInCode(deployArtifact("TermsInCode", ""));
        store.keep(_id(terms), _witness(terms), _agreement(terms));
        _snapshot("terms_in_code", count);
        vm.assertEq(
            store.accountOf(_id(terms)).code,
            bytes.concat(hex"00", _witness(terms), _agreement(terms))
        );
    }
}
