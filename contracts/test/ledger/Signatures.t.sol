// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {
    ILoanLedger,
    Instalment,
    LoanTerms,
    PurposeCap,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {TypedData} from "../base/TypedData.sol";
import {
    AnsweringWallet,
    OwnedWallet,
    ReenteringWallet,
    RevertingWallet
} from "../doubles/Wallets.sol";

/// @notice What counts as the signature of a party, and what it covers.
contract SignaturesTest is LoanTest {
    uint256 private constant CURVE_ORDER =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant CHANGES = 31;

    /* THE MESSAGE */

    function testTheDigestIsTheOneAWalletComputes() public view {
        LoanTerms memory terms = _terms();
        vm.assertEq(
            ledger.digestOf(terms),
            vm.eip712HashTypedData(TypedData.json(terms, block.chainid, address(ledger)))
        );
    }

    function testTheDigestIsTheOneAWalletComputesOnAnyTerms(
        LoanTerms memory terms,
        uint8 purposeCount,
        uint8 instalmentCount
    ) public view {
        terms.agreement = _printable(terms.agreement);
        terms.currency = _printable(terms.currency);
        terms.method = _printable(terms.method);
        terms.dayCount = _printable(terms.dayCount);
        terms.rounding = _printable(terms.rounding);
        PurposeCap[] memory purposes = new PurposeCap[](purposeCount % 4);
        for (uint256 i; i < purposes.length && i < terms.purposes.length; ++i) {
            purposes[i] = terms.purposes[i];
            purposes[i].purpose = _printable(purposes[i].purpose);
        }
        Instalment[] memory instalments = new Instalment[](instalmentCount % 5);
        for (uint256 i; i < instalments.length && i < terms.instalments.length; ++i) {
            instalments[i] = terms.instalments[i];
        }
        (terms.purposes, terms.instalments) = (purposes, instalments);

        vm.assertEq(
            ledger.digestOf(terms),
            vm.eip712HashTypedData(TypedData.json(terms, block.chainid, address(ledger)))
        );
    }

    /// @dev No term can be changed, added, left out or moved under signatures already given.
    function testEveryTermIsInTheDigestAndInTheId() public view {
        LoanTerms memory terms = _terms();
        for (uint256 i; i < CHANGES; ++i) {
            (LoanTerms memory changed,) = _changed(i);
            vm.assertNotEq(ledger.digestOf(changed), ledger.digestOf(terms));
            vm.assertNotEq(ledger.idOf(changed), ledger.idOf(terms));
            for (uint256 j; j < i; ++j) {
                (LoanTerms memory other,) = _changed(j);
                vm.assertNotEq(ledger.digestOf(changed), ledger.digestOf(other));
                vm.assertNotEq(ledger.idOf(changed), ledger.idOf(other));
            }
        }
    }

    function testRevertsOnSignaturesUnderOtherTerms() public {
        _register(outsider, PartyRoles.LENDER | PartyRoles.BORROWER, 0);
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(_terms());
        for (uint256 i; i < CHANGES; ++i) {
            (LoanTerms memory changed, bool isOriginable) = _changed(i);
            if (isOriginable) {
                vm.expectRevert(_invalid(changed.lender));
            } else {
                vm.expectRevert();
            }
            ledger.originate(changed, lenderSignature, borrowerSignature);
        }
    }

    /* REPLAY */

    function testRevertsOnSignaturesOfAnotherChain() public {
        LoanTerms memory terms = _terms();
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        vm.expectRevert(_invalid(lender));
        ledger.originate(terms, lenderSignature, borrowerSignature);
        vm.chainId(here);
        _assertStatus(ledger.originate(terms, lenderSignature, borrowerSignature), Status.Approved);
    }

    function testRevertsOnSignaturesForAnotherLedger() public {
        LoanTerms memory terms = _terms();
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        ILoanLedger other = _deployLedger(address(authority), registry, token);
        vm.assertEq(other.idOf(terms), ledger.idOf(terms));
        vm.expectRevert(_invalid(lender));
        other.originate(terms, lenderSignature, borrowerSignature);
    }

    /* WHO SIGNED */

    function testRevertsWhenAnotherSignedForTheLender() public {
        LoanTerms memory terms = _terms();
        bytes32 digest = ledger.digestOf(terms);
        _expectRefused(terms, _sign(strangerKey, digest), _sign(borrowerKey, digest), lender);
    }

    function testRevertsWhenAnotherSignedForTheBorrower() public {
        LoanTerms memory terms = _terms();
        bytes32 digest = ledger.digestOf(terms);
        _expectRefused(terms, _sign(lenderKey, digest), _sign(strangerKey, digest), borrower);
    }

    function testRevertsOnSwappedSignatures() public {
        LoanTerms memory terms = _terms();
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        _expectRefused(terms, borrowerSignature, lenderSignature, lender);
    }

    function testOneSideCannotSignTwice() public {
        LoanTerms memory terms = _terms();
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        _expectRefused(terms, lenderSignature, lenderSignature, borrower);
        _expectRefused(terms, borrowerSignature, borrowerSignature, lender);
    }

    function testRevertsOnSignaturesOfOtherMessages() public {
        LoanTerms memory terms = _terms();
        (, bytes memory theirs) = _signatures(terms);
        bytes32 digest = ledger.digestOf(terms);
        _expectRefused(terms, _sign(lenderKey, ledger.idOf(terms)), theirs, lender);
        bytes32 personal = MessageHashUtils.toEthSignedMessageHash(digest);
        _expectRefused(terms, _sign(lenderKey, personal), theirs, lender);
    }

    /* FORM OF AN ECDSA SIGNATURE */

    function testRevertsOnTheOtherSOfAGoodSignature() public {
        LoanTerms memory terms = _terms();
        bytes32 digest = ledger.digestOf(terms);
        (, bytes memory theirs) = _signatures(terms);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(lenderKey, digest);
        bytes32 highS = bytes32(CURVE_ORDER - uint256(s));
        uint8 otherV = v == 27 ? 28 : 27;
        // The precompile itself would take it.
        vm.assertEq(ecrecover(digest, otherV, r, highS), lender);
        _expectRefused(terms, abi.encodePacked(r, highS, otherV), theirs, lender);
    }

    function testRevertsOnSignaturesOfAnotherForm() public {
        LoanTerms memory terms = _terms();
        (, bytes memory theirs) = _signatures(terms);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(lenderKey, ledger.digestOf(terms));
        bytes32 compactS = bytes32(uint256(s) | (uint256(v - 27) << 255));
        _expectRefused(terms, "", theirs, lender);
        _expectRefused(terms, abi.encodePacked(r, compactS), theirs, lender);
        _expectRefused(terms, abi.encodePacked(r, s, v, uint8(0)), theirs, lender);
        _expectRefused(terms, abi.encodePacked(r, s, v - 27), theirs, lender);
        _expectRefused(terms, abi.encodePacked(r, s, v == 27 ? uint8(28) : uint8(27)), theirs, lender);
        _expectRefused(terms, new bytes(65), theirs, lender);
    }

    function testRevertsOnRandomSignatures(bytes memory signature) public {
        LoanTerms memory terms = _terms();
        (bytes memory mine, bytes memory theirs) = _signatures(terms);
        vm.assume(keccak256(signature) != keccak256(mine));
        _expectRefused(terms, signature, theirs, lender);
    }

    /* CONTRACT ACCOUNTS (ERC-1271) */

    function testAWalletSignsForBothSides() public {
        OwnedWallet lendersWallet = new OwnedWallet(lender);
        OwnedWallet borrowersWallet = new OwnedWallet(borrower);
        LoanTerms memory terms = _termsBetween(address(lendersWallet), address(borrowersWallet));
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testRevertsWhenAWalletSaysNo() public {
        OwnedWallet wallet = new OwnedWallet(stranger);
        LoanTerms memory terms = _termsBetween(address(wallet), borrower);
        (bytes memory mine, bytes memory theirs) = _signatures(terms);
        _expectRefused(terms, mine, theirs, address(wallet));
    }

    function testRevertsWhenAWalletReverts() public {
        RevertingWallet wallet = new RevertingWallet();
        LoanTerms memory terms = _termsBetween(address(wallet), borrower);
        (bytes memory mine, bytes memory theirs) = _signatures(terms);
        _expectRefused(terms, mine, theirs, address(wallet));
    }

    function testOnlyTheExactMagicValueIsAYes() public {
        bytes[] memory answers = new bytes[](7);
        answers[0] = "";
        answers[1] = hex"1626ba7e";
        answers[2] = abi.encode(true);
        answers[3] = abi.encode(bytes4(0xffffffff));
        answers[4] = abi.encode(uint32(0x1626ba7e));
        answers[5] = abi.encodePacked(bytes4(0x1626ba7e), bytes27(0), bytes1(0x01));
        answers[6] = abi.encode(bytes4(0x20c13b0b));
        for (uint256 i; i < answers.length; ++i) {
            address wallet = address(new AnsweringWallet(answers[i]));
            LoanTerms memory terms = _termsBetween(wallet, borrower);
            (bytes memory mine, bytes memory theirs) = _signatures(terms);
            _expectRefused(terms, mine, theirs, wallet);
        }
        address yes = address(new AnsweringWallet(abi.encode(bytes4(0x1626ba7e))));
        _assertStatus(_originate(_termsBetween(yes, borrower)), Status.Approved);
    }

    function testAWalletCannotChangeTheLedgerWhileItIsAsked() public {
        ReenteringWallet wallet = new ReenteringWallet(ledger);
        LoanTerms memory inner = _terms();
        (bytes memory mine, bytes memory theirs) = _signatures(inner);
        wallet.prepare(inner, mine, theirs);

        _assertStatus(_originate(_termsBetween(address(wallet), borrower)), Status.Approved);
        _assertStatus(ledger.idOf(inner), Status.None);
        _assertStatus(_originate(inner), Status.Approved);
    }

    /// @dev As after an EIP-7702 delegation, whose code says no to every signature.
    function testAKeyStillSignsWhenItsAccountHasCode() public {
        RevertingWallet no = new RevertingWallet();
        vm.etch(lender, address(no).code);
        vm.etch(borrower, abi.encodePacked(hex"ef0100", address(no)));
        _assertStatus(_originate(_terms()), Status.Approved);
    }

    function testTheCodeOfAnAccountMaySignForIt() public {
        vm.etch(lender, address(new OwnedWallet(stranger)).code);
        LoanTerms memory terms = _terms();
        bytes32 digest = ledger.digestOf(terms);
        bytes32 loanId =
            ledger.originate(terms, _sign(strangerKey, digest), _sign(borrowerKey, digest));
        _assertStatus(loanId, Status.Approved);
    }

    /* INTERNAL */

    function _termsBetween(address lender_, address borrower_)
        private
        returns (LoanTerms memory terms)
    {
        terms = _terms();
        (terms.lender, terms.borrower) = (lender_, borrower_);
        if (!registry.isActive(lender_)) _register(lender_, PartyRoles.LENDER, 0);
        if (!registry.isActive(borrower_)) _register(borrower_, PartyRoles.BORROWER, 0);
    }

    function _expectRefused(
        LoanTerms memory terms,
        bytes memory lenderSignature,
        bytes memory borrowerSignature,
        address signer
    ) private {
        vm.expectRevert(_invalid(signer));
        ledger.originate(terms, lenderSignature, borrowerSignature);
    }

    function _invalid(address signer) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILoanLedger.SignatureInvalid.selector, signer);
    }

    /// @dev Any word turned into a text that JSON shows as it is.
    function _printable(bytes32 word) private pure returns (bytes32) {
        uint256 length = uint256(word) % 31 + 1;
        bytes memory characters = new bytes(32);
        for (uint256 i; i < length; ++i) {
            bytes1 char = bytes1(0x20 + uint8(word[i]) % 0x5f);
            characters[i] = char == '"' || char == "\\" ? bytes1("_") : char;
        }
        return bytes32(characters);
    }

    /// @dev The terms with one thing changed, and whether they could still be originated.
    function _changed(uint256 i) private view returns (LoanTerms memory terms, bool isOriginable) {
        terms = _terms();
        isOriginable = true;
        if (i == 0) terms.agreement = "L-2026-0002";
        else if (i == 1) terms.lender = outsider;
        else if (i == 2) terms.borrower = outsider;
        else if (i == 3) (terms.currency, isOriginable) = ("USD", false);
        else if (i == 4) (terms.principalMinor, isOriginable) = (PRINCIPAL + 1, false);
        else if (i == 5) terms.method = "custom";
        else if (i == 6) terms.dayCount = "act/360";
        else if (i == 7) terms.annualRatePpm = 120_001;
        else if (i == 8) terms.rounding = "half_up";
        else if (i == 9) terms.penaltyRatePpm = 180_001;
        else if (i == 10) terms.penaltyYearDays = 365;
        else if (i == 11) terms.graceDays = 4;
        else if (i == 12) terms.utcOffsetMinutes = 479;
        else if (i == 13) terms.signBy = 20260104;
        else if (i == 14) terms.disburseOn = 20260104;
        else if (i == 15) terms.disburseBy = 20260111;
        else if (i == 16) terms.selfPaidMinorMax = SELF_PAID_MAX + 1;
        else if (i == 17) terms.documentHash = keccak256("another text");
        else if (i == 18) terms.purposes[1].purpose = "wages";
        else if (i == 19) terms.purposes[1].payeeCategory = STEEL;
        else if (i == 20) terms.purposes[2].capMinor = SUNDRIES_CAP + 1;
        else if (i == 21) terms.purposes = _withoutLast(terms.purposes);
        else if (i == 22) (terms.purposes, isOriginable) = (new PurposeCap[](0), false);
        else if (i == 23) _swap(terms.purposes);
        else if (i == 24) terms.instalments[1].dueOn = 20260306;
        else if (i == 25) terms.instalments[1].interestMinor = 8_001;
        else if (i == 26) (terms.instalments[1].principalMinor, isOriginable) = (400_001, false);
        else if (i == 27) (terms.instalments, isOriginable) = (_withoutLast(terms.instalments), false);
        else if (i == 28) terms.instalments = _withInterestOnlyRow(terms.instalments);
        else if (i == 29) _moveOneUnit(terms.instalments);
        else if (i == 30) (terms.instalments, isOriginable) = (new Instalment[](0), false);
    }

    function _swap(PurposeCap[] memory rows) private pure {
        (rows[0], rows[1]) = (rows[1], rows[0]);
    }

    function _moveOneUnit(Instalment[] memory rows) private pure {
        --rows[0].principalMinor;
        ++rows[2].principalMinor;
    }

    function _withoutLast(PurposeCap[] memory rows) private pure returns (PurposeCap[] memory fewer) {
        fewer = new PurposeCap[](rows.length - 1);
        for (uint256 i; i < fewer.length; ++i) fewer[i] = rows[i];
    }

    function _withoutLast(Instalment[] memory rows) private pure returns (Instalment[] memory fewer) {
        fewer = new Instalment[](rows.length - 1);
        for (uint256 i; i < fewer.length; ++i) fewer[i] = rows[i];
    }

    function _withInterestOnlyRow(Instalment[] memory rows)
        private
        pure
        returns (Instalment[] memory more)
    {
        more = new Instalment[](rows.length + 1);
        for (uint256 i; i < rows.length; ++i) more[i] = rows[i];
        more[rows.length] = Instalment(20260505, 0, 1);
    }
}
