// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ILedgerErrors, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {
    AnsweringWallet,
    OwnedWallet,
    ReenteringWallet,
    RevertingWallet
} from "../doubles/Wallets.sol";

/// @notice What counts as the signature of a party; what it covers is in `Digest.t.sol`.
contract SignaturesTest is LoanTest {
    uint256 private constant CURVE_ORDER =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    /* WHO SIGNED */

    function testRevertsWhenAnotherSignedForTheLender() public {
        LoanTerms memory terms = _terms();
        bytes32 digest = _digest(terms);
        _expectRefused(terms, _sign(strangerKey, digest), _sign(borrowerKey, digest), lender);
    }

    function testRevertsWhenAnotherSignedForTheBorrower() public {
        LoanTerms memory terms = _terms();
        bytes32 digest = _digest(terms);
        _expectRefused(terms, _sign(lenderKey, digest), _sign(strangerKey, digest), borrower);
    }

    function testRevertsOnSwappedSignatures() public {
        LoanTerms memory terms = _terms();
        Signatures memory given = _signatures(terms);
        _expectRefused(terms, given.borrower, given.lender, lender);
    }

    function testOneSideCannotSignTwice() public {
        LoanTerms memory terms = _terms();
        Signatures memory given = _signatures(terms);
        _expectRefused(terms, given.lender, given.lender, borrower);
        _expectRefused(terms, given.borrower, given.borrower, lender);
    }

    function testRevertsOnSignaturesOfOtherMessages() public {
        LoanTerms memory terms = _terms();
        bytes memory theirs = _signatures(terms).borrower;
        bytes32 digest = _digest(terms);
        _expectRefused(terms, _sign(lenderKey, _id(terms)), theirs, lender);
        bytes32 personal = MessageHashUtils.toEthSignedMessageHash(digest);
        _expectRefused(terms, _sign(lenderKey, personal), theirs, lender);
    }

    /* FORM OF AN ECDSA SIGNATURE */

    function testRevertsOnTheOtherSOfAGoodSignature() public {
        LoanTerms memory terms = _terms();
        bytes32 digest = _digest(terms);
        bytes memory theirs = _signatures(terms).borrower;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(lenderKey, digest);
        bytes32 highS = bytes32(CURVE_ORDER - uint256(s));
        uint8 otherV = v == 27 ? 28 : 27;
        // The precompile itself would take it.
        vm.assertEq(ecrecover(digest, otherV, r, highS), lender);
        _expectRefused(terms, abi.encodePacked(r, highS, otherV), theirs, lender);
    }

    function testRevertsOnSignaturesOfAnotherForm() public {
        LoanTerms memory terms = _terms();
        bytes memory theirs = _signatures(terms).borrower;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(lenderKey, _digest(terms));
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
        (bytes memory mine, bytes memory theirs) = _both(terms);
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
        (bytes memory mine, bytes memory theirs) = _both(terms);
        _expectRefused(terms, mine, theirs, address(wallet));
    }

    function testRevertsWhenAWalletReverts() public {
        RevertingWallet wallet = new RevertingWallet();
        LoanTerms memory terms = _termsBetween(address(wallet), borrower);
        (bytes memory mine, bytes memory theirs) = _both(terms);
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
            (bytes memory mine, bytes memory theirs) = _both(terms);
            _expectRefused(terms, mine, theirs, wallet);
        }
        address yes = address(new AnsweringWallet(abi.encode(bytes4(0x1626ba7e))));
        _assertStatus(_originate(_termsBetween(yes, borrower)), Status.Approved);
    }

    function testAWalletCannotChangeTheLedgerWhileItIsAsked() public {
        ReenteringWallet wallet = new ReenteringWallet(ledger);
        LoanTerms memory inner = _terms();
        wallet.prepare(_originateCall(inner));

        _assertStatus(_originate(_termsBetween(address(wallet), borrower)), Status.Approved);
        _assertStatus(_id(inner), Status.None);
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
        bytes32 digest = _digest(terms);
        bytes32 loanId =
            _originate(terms, Signatures(_sign(strangerKey, digest), _sign(borrowerKey, digest), ""));
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
        _originate(terms, Signatures(lenderSignature, borrowerSignature, ""));
    }

    function _both(LoanTerms memory terms) private view returns (bytes memory, bytes memory) {
        Signatures memory given = _signatures(terms);
        return (given.lender, given.borrower);
    }

    function _digest(LoanTerms memory terms) private view returns (bytes32) {
        return ledger.digestOf(_witness(terms), _agreement(terms));
    }

    function _originateCall(LoanTerms memory terms) private view returns (bytes memory) {
        Signatures memory given = _signatures(terms);
        return abi.encodeCall(
            ledger.originate,
            (_witness(terms), _agreement(terms), given.lender, given.borrower, given.guarantor)
        );
    }

    function _invalid(address signer) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, signer);
    }
}
