// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Consent, ICoLending, Member} from "../../interfaces/ICoLending.sol";
import {ILedgerErrors, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {OwnedWallet, RevertingWallet} from "../doubles/Wallets.sol";
import {CoLendingTest} from "./CoLendingTest.sol";

/// @notice When the co-lending signs.
contract CoLendingConsentTest is CoLendingTest {
    bytes4 private constant NO = 0xffffffff;

    bytes32 private _digest;

    function setUp() public override {
        super.setUp();
        _digest = ledger.digestOf(_witness(_coTerms()), _agreement(_coTerms()));
    }

    /* SIGNS */

    function testSignsWhenAllMembersHave() public {
        bytes32 loanId = _originateBy(_coTerms(), _jointly(_digest));
        _assertStatus(loanId, Status.Approved);
        vm.assertEq(_answer(_jointly(_digest)), coLending.isValidSignature.selector);
    }

    function testSignsWhenAllMembersGaveTheirConsentOnChain() public {
        vm.expectEmit(address(coLending));
        emit ICoLending.ConsentGiven(lender, _digest);
        _consent(lender);
        _consent(cityBank);
        vm.assertEq(_answer(""), NO);
        _consent(villageBank);
        vm.assertEq(uint256(coLending.consentOf(_digest, lender)), uint256(Consent.Given));
        _assertStatus(_originateBy(_coTerms(), ""), Status.Approved);
    }

    function testSignaturesAndConsentsGoTogether() public {
        _consent(cityBank);
        bytes[] memory signatures = _each(_digest);
        signatures[1] = "";
        _assertStatus(_originateBy(_coTerms(), abi.encode(signatures)), Status.Approved);
    }

    function testAConsentStandsBesideAWrongSignature() public {
        _consent(cityBank);
        bytes[] memory signatures = _each(_digest);
        signatures[1] = "not a signature";
        vm.assertEq(_answer(abi.encode(signatures)), coLending.isValidSignature.selector);
    }

    function testAMemberMayBeAContract() public {
        _putInPlaceOfCityBank(address(new OwnedWallet(cityBank)));
        _assertStatus(_originateBy(_coTerms(), _jointly(_digest)), Status.Approved);
    }

    function testAMemberMayBeACoLending() public {
        Member[] memory members = _equals();
        members[0].party = address(coLending);
        (address northBank, uint256 northBankKey) = makeKey("north bank");
        _register(northBank, PartyRoles.LENDER, 0);
        members[1].party = northBank;
        members[2].party = stranger;
        _setRoles(stranger, PartyRoles.LENDER);
        ICoLending above = _created(members);
        bytes[] memory signatures = new bytes[](3);
        signatures[0] = _jointly(_digest);
        signatures[1] = _sign(northBankKey, _digest);
        signatures[2] = _sign(strangerKey, _digest);
        bytes memory signature = abi.encode(signatures);
        vm.assertEq(above.isValidSignature(_digest, signature), above.isValidSignature.selector);
        _withdraw(villageBank);
        vm.assertEq(above.isValidSignature(_digest, signature), NO);
    }

    /* DOES NOT SIGN */

    function testEachMemberIsNeeded() public {
        for (uint256 i; i < 3; ++i) {
            bytes[] memory signatures = _each(_digest);
            signatures[i] = "";
            _expectUnsigned(abi.encode(signatures));
        }
    }

    function testNoConsentIsNone() public {
        _expectUnsigned("");
        _expectUnsigned(abi.encode(new bytes[](0)));
        _expectUnsigned(abi.encode(new bytes[](3)));
    }

    function testSignaturesStandInTheMembersOrder() public {
        bytes[] memory signatures = _each(_digest);
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        _expectUnsigned(abi.encode(signatures));
    }

    function testNobodySignsForAnother() public {
        bytes[] memory signatures = _each(_digest);
        signatures[2] = signatures[0];
        _expectUnsigned(abi.encode(signatures));
        signatures[2] = _sign(strangerKey, _digest);
        _expectUnsigned(abi.encode(signatures));
    }

    function testTooFewSignatures() public {
        bytes[] memory signatures = new bytes[](2);
        (signatures[0], signatures[1]) = (_sign(lenderKey, _digest), _sign(cityBankKey, _digest));
        _expectUnsigned(abi.encode(signatures));
        _consent(villageBank);
        vm.assertEq(_answer(abi.encode(signatures)), coLending.isValidSignature.selector);
    }

    function testBytesThatAreNoSignatures() public {
        _expectUnsigned("not a list of signatures");
        _expectUnsigned(_sign(lenderKey, _digest));
        _expectUnsigned(abi.encode(type(uint256).max));
        // A list of as many signatures as memory could never hold.
        _expectUnsigned(abi.encode(uint256(0x20), type(uint256).max / 64));
    }

    function testSignaturesOfOtherTerms() public {
        LoanTerms memory other = _coTerms();
        --other.instalments[0].interestMinor;
        bytes32 digest = ledger.digestOf(_witness(other), _agreement(other));
        _expectUnsigned(_jointly(digest));
    }

    function testSignaturesWithAMalleableS() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(lenderKey, _digest);
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes[] memory signatures = _each(_digest);
        signatures[0] = abi.encodePacked(r, order - uint256(s), v == 27 ? uint8(28) : uint8(27));
        _expectUnsigned(abi.encode(signatures));
    }

    function testAMemberContractThatReverts() public {
        _putInPlaceOfCityBank(address(new RevertingWallet()));
        _expectUnsigned(_jointly(_digest));
    }

    /* NOBODY IS BOUND ELSEWHERE */

    /// @dev What a member signs for the co-lending is no signature under terms of its own.
    function testAMembersSignatureDoesNotMakeItTheLender() public {
        LoanTerms memory alone = _terms();
        (bytes memory witness, bytes memory agreement) = (_witness(alone), _agreement(alone));
        bytes memory borrowers = _sign(borrowerKey, ledger.digestOf(witness, agreement));
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, lender));
        ledger.originate(witness, agreement, _sign(lenderKey, _digest), borrowers, "");
    }

    /// @dev Nor do members of two co-lendings lend by both.
    function testSignaturesDoNotServeAnotherCoLendingOfTheSameMembers() public {
        bytes memory signed = _jointly(_digest);
        coLending = _created(_firstLoss());
        _expectUnsigned(signed);
    }

    function testSignaturesDoNotServeOnAnotherChain() public {
        bytes memory signed = _jointly(_digest);
        vm.chainId(block.chainid + 1);
        _expectUnsigned(signed);
    }

    /// @dev Consent to an act is consent to that act.
    function testConsentToAnActIsNoSignatureOfTerms() public {
        bytes32 act = coLending.actDigestOf("call", 1);
        _expectUnsigned(_jointly(act));
    }

    /* WITHDRAWAL */

    function testWhatIsWithdrawnIsNotAgreedTo() public {
        vm.expectEmit(address(coLending));
        emit ICoLending.ConsentWithdrawn(villageBank, _digest);
        _withdraw(villageBank);
        _expectUnsigned(_jointly(_digest));
        vm.assertEq(uint256(coLending.consentOf(_digest, villageBank)), uint256(Consent.Withdrawn));
    }

    function testAConsentGivenIsWithdrawn() public {
        _consent(lender);
        _consent(cityBank);
        _consent(villageBank);
        _withdraw(cityBank);
        _expectUnsigned("");
        _expectUnsigned(_jointly(_digest));
        _consent(cityBank);
        _assertStatus(_originateBy(_coTerms(), ""), Status.Approved);
    }

    function testAWithdrawalConcernsOneDigest() public {
        _withdraw(villageBank);
        LoanTerms memory other = _coTerms();
        other.agreement = "L-2026-0002";
        _assertStatus(_coOriginate(other), Status.Approved);
    }

    function testAWithdrawalAfterOriginationIsTooLate() public {
        LoanTerms memory terms = _coTerms();
        bytes32 loanId = _coOriginate(terms);
        _withdraw(villageBank);
        _provide();
        vm.warp(_noon(terms.disburseOn));
        vm.prank(lender);
        coLending.disburse(_witness(terms), _agreement(terms));
        _assertStatus(loanId, Status.Active);
    }

    function testOnlyMembersConsent() public {
        address[4] memory others = [borrower, servicer, address(coLending), outsider];
        for (uint256 i; i < others.length; ++i) {
            bytes memory reason =
                abi.encodeWithSelector(ICoLending.CallerNotMember.selector, others[i]);
            vm.expectRevert(reason);
            vm.prank(others[i]);
            coLending.giveConsent(_digest);
            vm.expectRevert(reason);
            vm.prank(others[i]);
            coLending.withdrawConsent(_digest);
        }
    }

    function testTheSameConsentTwice() public {
        _consent(lender);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICoLending.ConsentUnchanged.selector, lender, _digest, Consent.Given
            )
        );
        _consent(lender);
        _withdraw(lender);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICoLending.ConsentUnchanged.selector, lender, _digest, Consent.Withdrawn
            )
        );
        _withdraw(lender);
    }

    /* STEPS */

    function _consent(address member) private {
        vm.prank(member);
        coLending.giveConsent(_digest);
    }

    function _withdraw(address member) private {
        vm.prank(member);
        coLending.withdrawConsent(_digest);
    }

    function _answer(bytes memory signature) private view returns (bytes4) {
        return coLending.isValidSignature(_digest, signature);
    }

    function _expectUnsigned(bytes memory signature) private {
        LoanTerms memory terms = _coTerms();
        (bytes memory witness, bytes memory agreement) = (_witness(terms), _agreement(terms));
        bytes memory borrowers = _sign(borrowerKey, ledger.digestOf(witness, agreement));
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, address(coLending))
        );
        ledger.originate(witness, agreement, signature, borrowers, "");
    }

    function _putInPlaceOfCityBank(address party) private {
        _register(party, PartyRoles.LENDER, 0);
        Member[] memory members = _equals();
        members[1].party = party;
        coLending = _created(members);
        _digest = ledger.digestOf(_witness(_coTerms()), _agreement(_coTerms()));
    }
}
