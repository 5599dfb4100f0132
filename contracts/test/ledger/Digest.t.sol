// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Allocation,
    CollectableBy,
    DayCount,
    ILedgerErrors,
    ILoanLedger,
    LoanTerms,
    Method,
    Prepayment,
    Rounding,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ChangedTerms} from "../base/ChangedTerms.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {TypedData} from "../base/TypedData.sol";

/// @notice What the signatures cover: every term, one chain, one ledger, one message.
contract DigestTest is ServicingTest {
    /* THE MESSAGES, AS A WALLET COMPUTES THEM */

    function testTheDigestIsTheOneAWalletComputes() public view {
        _assertWalletAgrees(_terms());
        _assertWalletAgrees(_termsWithAll());
        _assertWalletAgrees(_termsOf(37));
    }

    function testTheDigestIsTheOneAWalletComputesOfEveryEnumeration() public view {
        LoanTerms memory terms = _termsWithAll();
        for (uint256 i; i < 5; ++i) {
            terms.method = Method(i);
            terms.dayCount = DayCount(i % 4);
            terms.rounding = Rounding(i % 2);
            terms.allocation = Allocation((i + 1) % 2);
            terms.prepayment = Prepayment(i % 3);
            terms.collectableBy = CollectableBy(1 + i % 3);
            _assertWalletAgrees(terms);
        }
    }

    function testTheDigestIsTheOneAWalletComputesOnAnyNumbers(uint256 seed) public view {
        LoanTerms memory terms = _termsWithAll();
        terms.annualRatePpm = uint32(seed);
        terms.penaltyRatePpm = uint32((seed >> 8) % 1_000_001);
        terms.graceDays = uint16((seed >> 16) % 367);
        terms.prepaymentFeePpm = uint32((seed >> 24) % 1_000_001);
        terms.accelerateAfterDays = uint16(seed >> 32);
        terms.mandateMinorMax = uint64(1 + (seed >> 40) % 1_000_000_000);
        terms.guaranteeMinorMax = uint64(1 + (seed >> 48) % 1_000_000_000);
        terms.guaranteeAfterDays = uint16(seed >> 56);
        terms.utcOffsetMinutes = int16(int256((seed >> 64) % 1_561)) - 720;
        terms.selfPaidMinorMax = SELF_PAID_MAX + uint64((seed >> 80) % 1_000_000);
        (terms.documentHash, terms.collateralHash) = (bytes32(seed | 1), bytes32(~seed | 1));
        (terms.lenderNonce, terms.borrowerNonce) = (uint32(seed >> 96), uint32(seed >> 128));
        terms.guarantorNonce = uint32(seed >> 160);
        terms.priorLoanId = keccak256(abi.encode(seed));
        terms.instalments[1].interestMinor = uint64(seed >> 192) % 1_000_000_000;
        _assertWalletAgrees(terms);
    }

    function testAnAssignmentsDigestIsTheOneAWalletComputes(uint64 priceMinor, uint32 signBy) public {
        bytes32 loanId = _disburse(_terms());
        _assertWalletAgrees(loanId, lender, factor, priceMinor, 0, signBy);
        _assign(_terms(), 0);
        vm.prank(lender);
        registry.cancelSignatures();
        _assertWalletAgrees(loanId, factor, lender, priceMinor, 1, signBy);
    }

    /* EVERY TERM */

    /// @dev No term can be changed, added, left out or moved under signatures already given.
    function testEveryTermIsInTheDigestAndInTheId() public view {
        bytes32[] memory ids = new bytes32[](ChangedTerms.COUNT);
        bytes32[] memory digests = new bytes32[](ChangedTerms.FIRST_NOT_ORIGINABLE);
        LoanTerms memory terms = _termsWithAll();
        bytes32 digest = ledger.digestOf(_witness(terms), _agreement(terms));
        for (uint256 i; i < ids.length; ++i) {
            LoanTerms memory changed = _changed(i);
            ids[i] = ledger.idOf(_witness(changed));
            vm.assertNotEq(ids[i], _id(terms));
            for (uint256 j; j < i; ++j) vm.assertNotEq(ids[i], ids[j]);
            if (i >= digests.length) continue;
            digests[i] = ledger.digestOf(_witness(changed), _agreement(changed));
            vm.assertNotEq(digests[i], digest);
            for (uint256 j; j < i; ++j) vm.assertNotEq(digests[i], digests[j]);
        }
    }

    function testRevertsOnSignaturesUnderOtherTerms() public {
        _register(outsider, PartyRoles.LENDER | PartyRoles.BORROWER | PartyRoles.GUARANTOR, 0);
        Signatures memory given = _signatures(_termsWithAll());
        for (uint256 i; i < ChangedTerms.COUNT; ++i) {
            LoanTerms memory changed = _changed(i);
            if (i >= ChangedTerms.FIRST_NOT_ORIGINABLE) {
                vm.expectRevert();
            } else if (i == ChangedTerms.LENDER_NONCE) {
                vm.expectRevert(
                    abi.encodeWithSelector(
                        ILedgerErrors.SignatureNonceInvalid.selector, lender, uint32(1)
                    )
                );
            } else {
                vm.expectRevert(_invalid(changed.lender));
            }
            _originate(changed, given);
        }
        _assertStatus(_originate(_termsWithAll(), given), Status.Approved);
    }

    /* REPLAY */

    function testRevertsOnSignaturesOfAnotherChain() public {
        Signatures memory given = _signatures(_terms());
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        vm.expectRevert(_invalid(lender));
        _originate(_terms(), given);
        vm.chainId(here);
        _assertStatus(_originate(_terms(), given), Status.Approved);
    }

    function testRevertsOnSignaturesForAnotherLedger() public {
        LoanTerms memory terms = _terms();
        Signatures memory given = _signatures(terms);
        ILoanLedger other = _deployLedger(address(authority), registry, token);
        vm.assertEq(other.idOf(_witness(terms)), _id(terms));
        vm.expectRevert(_invalid(lender));
        other.originate(_witness(terms), _agreement(terms), given.lender, given.borrower, "");
    }

    /// @dev A signature of terms is none of an assignment, nor the other way about.
    function testRevertsOnSignaturesOfTheOtherMessage() public {
        LoanTerms memory terms = _terms();
        bytes32 digest = ledger.assignmentDigestOf(_witness(terms), factor, 0, 20991231);
        Signatures memory given = _signatures(terms);
        bytes memory agreed = given.lender;
        given.lender = _sign(lenderKey, digest);
        vm.expectRevert(_invalid(lender));
        _originate(terms, given);

        _disburse(terms);
        bytes memory theirs = _sign(factorKey, digest);
        vm.expectRevert(_invalid(lender));
        ledger.assign(_witness(terms), factor, 0, 20991231, agreed, theirs);
    }

    function _changed(uint256 i) private view returns (LoanTerms memory terms) {
        terms = _termsWithAll();
        ChangedTerms.change(terms, i, outsider);
    }

    function _assertWalletAgrees(LoanTerms memory terms) private view {
        vm.assertEq(
            ledger.digestOf(_witness(terms), _agreement(terms)),
            vm.eip712HashTypedData(TypedData.json(terms, block.chainid, address(ledger)))
        );
    }

    function _assertWalletAgrees(
        bytes32 loanId,
        address from,
        address to,
        uint64 priceMinor,
        uint256 assignmentCount,
        uint32 signBy
    ) private view {
        string memory json = TypedData.json(
            loanId,
            [from, to],
            priceMinor,
            assignmentCount,
            signBy,
            [registry.partyOf(from).signatureNonce, registry.partyOf(to).signatureNonce],
            block.chainid,
            address(ledger)
        );
        vm.assertEq(
            ledger.assignmentDigestOf(_witness(_terms()), to, priceMinor, signBy),
            vm.eip712HashTypedData(json)
        );
    }

    function _invalid(address signer) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, signer);
    }
}
