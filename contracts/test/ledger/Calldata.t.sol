// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILoanLedger, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";

/// @notice Terms as raw calldata: the loan id hashes words as they lie there, so no other word may pass
/// for the same term.
contract CalldataTest is LoanTest {
    /// @dev Words of the terms that hold less than a word, by their place in `LoanTerms`.
    uint256[] private _narrowWords = [1, 2, 4, 7, 9, 10, 11, 12, 13, 14, 15, 16];

    /// @dev Words: selector aside, three offsets, then the eighteen words before the arrays.
    uint256 private constant HEAD = 3;
    uint256 private constant PURPOSES = HEAD + 20 + 1;
    uint256 private constant INSTALMENTS = PURPOSES + 3 * 3 + 1;

    function testTheLayoutAssumedHereIsTheTrueOne() public view {
        bytes memory data = _originateCall();
        vm.assertEq(_word(data, HEAD), uint256(bytes32("L-2026-0001")));
        vm.assertEq(_word(data, HEAD + 4), PRINCIPAL);
        vm.assertEq(_word(data, PURPOSES - 1), 3);
        vm.assertEq(_word(data, PURPOSES), uint256(MATERIALS));
        vm.assertEq(_word(data, INSTALMENTS - 1), 3);
        vm.assertEq(_word(data, INSTALMENTS), 20260205);
        vm.assertEq(_word(data, INSTALMENTS + 8), 4_000);
    }

    function testRevertsOnBitsAboveANarrowTerm() public {
        for (uint256 i; i < _narrowWords.length; ++i) {
            _expectDirtyRefused(HEAD + _narrowWords[i]);
        }
    }

    function testRevertsOnBitsAboveAMemberOfAPurpose() public {
        for (uint256 i; i < 3; ++i) {
            _expectDirtyRefused(PURPOSES + 3 * i + 1);
            _expectDirtyRefused(PURPOSES + 3 * i + 2);
        }
    }

    function testRevertsOnBitsAboveAMemberOfAnInstalment() public {
        for (uint256 i; i < 9; ++i) _expectDirtyRefused(INSTALMENTS + i);
    }

    function testRevertsOnAnyFlippedBit(uint256 wordSeed, uint8 bit) public {
        bytes memory data = _originateCall();
        uint256 index = bound(wordSeed, HEAD, INSTALMENTS + 8);
        // The two offsets and the two counts are not terms; another test moves the arrays.
        vm.assume(index != HEAD + 18 && index != HEAD + 19);
        _setWord(data, index, _word(data, index) ^ (1 << bit));
        (bool isDone,) = address(ledger).call(data);
        vm.assertFalse(isDone);
        (isDone,) = address(ledger).call(_originateCall());
        vm.assertTrue(isDone);
    }

    /// @dev Where the arrays lie is no term: the same loan comes out.
    function testTheIdDoesNotDependOnWhereTheArraysLie() public view {
        LoanTerms memory terms = _terms();
        bytes memory plain = abi.encodeCall(ledger.idOf, (terms));
        bytes memory moved = new bytes(plain.length + 64);
        // One offset word, then the terms: 20 words, purposes (10), instalments (10).
        for (uint256 i; i < 21; ++i) _setWord(moved, i, _word(plain, i));
        for (uint256 i; i < 10; ++i) _setWord(moved, 22 + i, _word(plain, 31 + i));
        for (uint256 i; i < 10; ++i) _setWord(moved, 33 + i, _word(plain, 21 + i));
        _setWord(moved, 1 + 18, 32 * 32);
        _setWord(moved, 1 + 19, 21 * 32);
        for (uint256 i; i < 4; ++i) moved[i] = plain[i];

        (bool isDone, bytes memory answer) = address(ledger).staticcall(moved);
        vm.assertTrue(isDone);
        vm.assertEq(abi.decode(answer, (bytes32)), ledger.idOf(terms));
    }

    function testRevertsOnArraysBeyondTheCalldata() public {
        bytes memory data = _originateCall();
        _setWord(data, INSTALMENTS - 1, 1 << 60);
        _expectRefused(data);
        data = _originateCall();
        _setWord(data, HEAD + 19, uint256(1) << 64);
        _expectRefused(data);
        data = _originateCall();
        _setWord(data, HEAD + 18, type(uint256).max - 31);
        _expectRefused(data);
        data = _originateCall();
        _setWord(data, 0, 1 << 64);
        _expectRefused(data);
    }

    function testRevertsOnTruncatedCalldata(uint16 lengthSeed) public {
        bytes memory data = _originateCall();
        uint256 length = bound(lengthSeed, 0, data.length - 64);
        assembly ("memory-safe") {
            mstore(data, length)
        }
        _expectRefused(data);
    }

    /// @dev A dirty word makes another id, and no loan has it.
    function testLaterCallsDoNotFindALoanByDirtyTerms() public {
        LoanTerms memory terms = _terms();
        bytes32 loanId = _disburse(terms);
        bytes[] memory calls = new bytes[](5);
        calls[0] = abi.encodeCall(ledger.repay, (terms, 1));
        calls[1] = abi.encodeCall(ledger.payoff, (terms, type(uint64).max));
        calls[2] = abi.encodeCall(ledger.withdraw, (terms, 1));
        calls[3] = abi.encodeCall(ledger.pay, (terms, steelmaker, 1, MATERIALS, EVIDENCE));
        calls[4] = abi.encodeCall(ledger.disburse, (terms));
        for (uint256 i; i < calls.length; ++i) {
            uint256 head = _word(calls[i], 0) / 32;
            for (uint256 j; j < _narrowWords.length; ++j) {
                bytes memory data = bytes.concat(calls[i]);
                uint256 index = head + _narrowWords[j];
                _setWord(data, index, _word(data, index) ^ (1 << 255));
                vm.prank(borrower);
                (bool isDone, bytes memory answer) = address(ledger).call(data);
                vm.assertFalse(isDone);
                vm.assertEq(bytes32(bytes4(answer)), bytes32(ILoanLedger.LoanUnknown.selector));
            }
        }
        _assertStatus(loanId, Status.Active);
    }

    function _expectDirtyRefused(uint256 index) private {
        bytes memory data = _originateCall();
        _setWord(data, index, _word(data, index) ^ (1 << 255));
        _expectRefused(data);
    }

    /// @dev The decoder refuses: no error data, nothing stored under either id.
    function _expectRefused(bytes memory data) private {
        (bool isDone, bytes memory answer) = address(ledger).call(data);
        vm.assertFalse(isDone);
        vm.assertEq(answer, "");
    }

    function _originateCall() private view returns (bytes memory) {
        LoanTerms memory terms = _terms();
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        return abi.encodeCall(ledger.originate, (terms, lenderSignature, borrowerSignature));
    }

    /// @dev The `index`th word behind the selector.
    function _word(bytes memory data, uint256 index) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x24), mul(index, 0x20)))
        }
    }

    function _setWord(bytes memory data, uint256 index, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 0x24), mul(index, 0x20)), word)
        }
    }
}
