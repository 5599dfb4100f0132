// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Call, IPasskeyAccount} from "../../interfaces/IPasskeyAccount.sol";
import {ILedgerErrors, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {PasskeyTest} from "./PasskeyTest.sol";

/// @notice Loans whose borrower has a passkey and nothing else.
contract PasskeyLoanTest is LoanTest, PasskeyTest {
    function setUp() public override(LoanTest, PasskeyTest) {
        super.setUp();
        vm.warp(_noon(20260102));
    }

    function testAPasskeyIsEnoughForALoanFromSignatureToPayoff() public {
        LoanTerms memory terms = _passkeyTerms();
        bytes32 loanId = _originate(terms, _passkeySignatures(terms));
        _assertStatus(loanId, Status.Approved);
        vm.warp(_noon(20260105));
        _fundForLedger(lender, PRINCIPAL);
        vm.prank(lender);
        ledger.disburse(_witness(terms), _agreement(terms));

        Call[] memory calls = new Call[](2);
        calls[0] = Call(
            address(ledger),
            abi.encodeCall(ledger.withdraw, (_witness(terms), _agreement(terms), SELF_PAID_MAX))
        );
        calls[1] = Call(
            address(ledger),
            abi.encodeCall(
                ledger.pay,
                (_witness(terms), _agreement(terms), steelmaker, 300_000, MATERIALS, EVIDENCE)
            )
        );
        _execute(calls);
        vm.assertEq(token.balanceOf(address(account)), SELF_PAID_MAX);
        vm.assertEq(token.balanceOf(steelmaker), 300_000);

        _fund(address(account), 2 * PRINCIPAL);
        calls[0] = Call(
            address(token), abi.encodeCall(token.approve, (address(ledger), type(uint256).max))
        );
        calls[1] =
            Call(address(ledger), abi.encodeCall(ledger.repay, (_witness(terms), 412_000)));
        bytes[] memory results = _execute(calls);
        vm.assertEq(abi.decode(results[1], (uint256)), 412_000);

        calls = _calls(
            address(ledger), abi.encodeCall(ledger.payoff, (_witness(terms), type(uint64).max))
        );
        _execute(calls);
        _assertStatus(loanId, Status.Closed);
    }

    /// @dev The digest is the same for both sides, and both have the same passkey.
    function testOneSignatureDoesNotServeBothAccountsOfAPasskey() public {
        IPasskeyAccount lending = _newAccount(phone, "lending");
        _register(address(lending), PartyRoles.LENDER, 0);
        LoanTerms memory terms = _passkeyTerms();
        terms.lender = address(lending);
        bytes32 digest = ledger.digestOf(_witness(terms), _agreement(terms));

        Signatures memory given;
        given.borrower = _signed(phone, account.challengeOf(digest));
        given.lender = given.borrower;
        _expectSignatureInvalid(address(lending));
        _originate(terms, given);

        given.lender = _signed(phone, lending.challengeOf(digest));
        _assertStatus(_originate(terms, given), Status.Approved);
    }

    function testRevertsWhenTheBorrowersPasskeyWasReplaced() public {
        LoanTerms memory terms = _passkeyTerms();
        Signatures memory given = _passkeySignatures(terms);
        (bytes32 x, bytes32 y) = _publicKey(laptop);
        Call[] memory calls = new Call[](2);
        calls[0] = Call(address(account), abi.encodeCall(account.addPasskey, (x, y)));
        calls[1] =
            Call(address(account), abi.encodeCall(account.removePasskey, (_passkeyId(phone))));
        _execute(calls);
        _expectSignatureInvalid(address(account));
        _originate(terms, given);

        bytes32 digest = ledger.digestOf(_witness(terms), _agreement(terms));
        given.borrower = _signed(laptop, account.challengeOf(digest));
        _assertStatus(_originate(terms, given), Status.Approved);
    }

    function testTheAccountWithdrawsWhatItSigned() public {
        LoanTerms memory terms = _passkeyTerms();
        Signatures memory given = _passkeySignatures(terms);
        _execute(
            _calls(address(ledger), abi.encodeCall(ledger.revokeSignature, (_witness(terms))))
        );
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.SignatureIsRevoked.selector, _id(terms))
        );
        _originate(terms, given);

        terms.agreement = "another";
        given = _passkeySignatures(terms);
        _execute(_calls(address(registry), abi.encodeCall(registry.cancelSignatures, ())));
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedgerErrors.SignatureNonceInvalid.selector, address(account), 0
            )
        );
        _originate(terms, given);
    }

    /// @dev Whatever stands in place of a passkey's signature, the batch has gas for the rest.
    function testABadAssertionDoesNotSinkABatch() public {
        LoanTerms memory terms = _passkeyTerms();
        Signatures memory given = _passkeySignatures(terms);
        bytes[] memory items = new bytes[](2);
        items[1] = _originating(terms, given);

        terms.agreement = "another";
        given = _passkeySignatures(terms);
        bytes32 digest = ledger.digestOf(_witness(terms), _agreement(terms));
        Assertion memory assertion = _assertion(phone, account.challengeOf(digest));
        assertion.typeIndex = type(uint128).max;
        given.borrower = _encoded(phone, assertion);
        items[0] = _originating(terms, given);

        bytes[] memory errors = ledger.batch{gas: 1_000_000}(items);
        vm.assertEq(
            errors[0],
            abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, address(account))
        );
        vm.assertEq(errors[1].length, 0);
        _assertStatus(_id(_passkeyTerms()), Status.Approved);
    }

    /* INTERNAL */

    function _passkeyTerms() private view returns (LoanTerms memory terms) {
        terms = _terms();
        terms.borrower = address(account);
    }

    function _passkeySignatures(LoanTerms memory terms)
        private
        view
        returns (Signatures memory given)
    {
        bytes32 digest = ledger.digestOf(_witness(terms), _agreement(terms));
        given.lender = _sign(lenderKey, digest);
        given.borrower = _signed(phone, account.challengeOf(digest));
    }

    function _originating(LoanTerms memory terms, Signatures memory given)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            ledger.originate,
            (_witness(terms), _agreement(terms), given.lender, given.borrower, given.guarantor)
        );
    }

    function _expectSignatureInvalid(address signer) private {
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, signer));
    }
}
