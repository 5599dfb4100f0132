// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerErrors, Instalment, LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {ILibraryHarness} from "../harness/ILibraryHarness.sol";

/// @notice What a witness says, and which bytes are none. The head is 131 bytes; `129` is the first page
/// shown and `130` the number of pages shown.
contract WitnessLibTest is LoanTest {
    uint256 private constant FIRST_PAGE = 129;
    uint256 private constant SHOWN_PAGES = 130;

    ILibraryHarness private _libraries;

    function setUp() public override {
        super.setUp();
        _libraries = ILibraryHarness(deployArtifact("LibraryHarness", ""));
    }

    function testSaysWhatTheTermsSay() public view {
        LoanTerms memory terms = _termsWithAll();
        terms.utcOffsetMinutes = -570;
        (bytes32 loanId,,, LoanTerms memory read) = _libraries.readWitness(_witness(terms));
        vm.assertEq(loanId, _id(terms));
        vm.assertEq(abi.encode(read), abi.encode(_membersOfAWitness(terms)));
    }

    function testTheAgreementSaysTheRest(uint256 seed) public view {
        LoanTerms memory terms = _termsWithAll();
        terms.annualRatePpm = uint32(seed);
        (terms.lenderNonce, terms.borrowerNonce) = (uint32(seed >> 32), uint32(seed >> 64));
        (terms.guarantorNonce, terms.priorLoanId) = (uint32(seed >> 96), bytes32(~seed));
        LoanTerms memory read = _libraries.readAgreement(_witness(terms), _agreement(terms));
        vm.assertEq(abi.encode(read), abi.encode(_membersOfAnAgreement(terms)));
    }

    /* PAGES: twelve instalments each, whatever is shown of them */

    function testTheIdIsTheSameWhateverIsShown() public view {
        uint256[6] memory counts = [uint256(1), 11, 12, 13, 24, 25];
        for (uint256 i; i < counts.length; ++i) {
            LoanTerms memory terms = _termsOf(counts[i]);
            uint256 pages = (counts[i] + 11) / 12;
            for (uint256 first; first < pages; ++first) {
                for (uint256 shown; first + shown <= pages; ++shown) {
                    _assertShows(terms, first, shown);
                }
            }
        }
    }

    function testTheLongestSchedule() public view {
        LoanTerms memory terms = _termsOf(1200);
        bytes32 loanId = _id(terms);
        (bytes32 read, uint256 from, uint256 end,) = _libraries.readWitness(_witness(terms, 50, 2));
        vm.assertEq(read, loanId);
        vm.assertEq(from, 600);
        vm.assertEq(end, 624);
    }

    function testRowsAreThoseOfTheTerms() public view {
        LoanTerms memory terms = _termsOf(25);
        uint256 balance = PRINCIPAL;
        uint32 startsOn = terms.disburseOn;
        for (uint256 i; i < 25; ++i) {
            bytes memory witness = _witness(terms, i / 12, 1);
            (uint32 starts, uint256 before, Instalment memory row, uint256 left) =
                _libraries.rowOf(witness, i);
            vm.assertEq(starts, startsOn);
            vm.assertEq(before, balance);
            vm.assertEq(abi.encode(row), abi.encode(terms.instalments[i]));
            balance -= row.principalMinor;
            startsOn = row.dueOn;
            vm.assertEq(left, balance);
        }
    }

    function testRevertsOnRowsThatAreNotShown() public {
        LoanTerms memory terms = _termsOf(36);
        uint256[4] memory hidden = [uint256(0), 11, 24, 36];
        for (uint256 i; i < hidden.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(ILedgerErrors.InstalmentNotShown.selector, hidden[i])
            );
            _libraries.rowOf(_witness(terms, 1, 1), hidden[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.InstalmentNotShown.selector, 3));
        _libraries.rowOf(_witness(_terms()), 3);
    }

    /* MALFORMED */

    function testRevertsOnAWitnessCutShort(uint256 lengthSeed, uint256 countSeed) public {
        LoanTerms memory terms = _termsOf(bound(countSeed, 1, 30));
        bytes memory witness = _witness(terms);
        uint256 length = bound(lengthSeed, 0, witness.length - 1);
        assembly ("memory-safe") {
            mstore(witness, length)
        }
        _expectMalformed(witness);
    }

    function testRevertsOnAWitnessTooLong(bytes memory more) public {
        vm.assume(more.length != 0);
        _expectMalformed(bytes.concat(_witness(_termsOf(30)), more));
        _expectMalformed(bytes.concat(_witness(_termsOf(30), 1, 1), more));
        _expectMalformed(bytes.concat(_witness(_termsOf(30), 0, 0), more));
    }

    function testRevertsOnPagesThatDoNotExist() public {
        bytes memory witness = _witness(_termsOf(24));
        witness[FIRST_PAGE] = 0x01;
        _expectMalformed(witness);
        witness = _witness(_termsOf(24), 1, 1);
        witness[FIRST_PAGE] = 0x02;
        _expectMalformed(witness);
        witness = _witness(_termsOf(24), 0, 0);
        witness[FIRST_PAGE] = 0x03;
        _expectMalformed(witness);
        witness[FIRST_PAGE] = 0xff;
        witness[SHOWN_PAGES] = 0xff;
        _expectMalformed(witness);
    }

    function testRevertsOnAPageCountOfOtherLength() public {
        bytes memory witness = _witness(_termsOf(24), 0, 1);
        witness[SHOWN_PAGES] = 0x02;
        _expectMalformed(witness);
        witness[SHOWN_PAGES] = 0x00;
        _expectMalformed(witness);
    }

    /* ANOTHER LOAN: the bytes are well formed, and no such loan exists */

    function testEveryByteOfAWitnessIsInTheId(uint256 placeSeed, uint8 flip, bool isPartial) public view {
        vm.assume(flip != 0);
        LoanTerms memory terms = _termsOf(30);
        bytes memory witness = isPartial ? _witness(terms, 1, 1) : _witness(terms);
        uint256 place = bound(placeSeed, 0, witness.length - 1);
        // The instalment count and the pages shown decide the length.
        bool isLength = place == 60 || place == 61 || place == FIRST_PAGE || place == SHOWN_PAGES;
        vm.assume(!isLength);
        witness[place] = bytes1(uint8(witness[place]) ^ flip);
        vm.assertNotEq(ledger.idOf(witness), _id(terms));
    }

    function testPagesInAnotherOrderAreAnotherLoan() public view {
        LoanTerms memory terms = _termsOf(24);
        bytes memory witness = _witness(terms, 0, 0);
        for (uint256 i; i < 32; ++i) {
            (witness[131 + i], witness[163 + i]) = (witness[163 + i], witness[131 + i]);
        }
        (bytes32 loanId,,,) = _libraries.readWitness(witness);
        vm.assertNotEq(loanId, _id(terms));
    }

    function testAPageShownAtAnothersPlaceIsAnotherLoan() public view {
        bytes memory witness = _witness(_termsOf(36), 0, 1);
        witness[FIRST_PAGE] = 0x01;
        (bytes32 loanId,,,) = _libraries.readWitness(witness);
        vm.assertNotEq(loanId, _id(_termsOf(36)));
    }

    /// @dev Pages overlap by the date and the balance between them: shown together they are written once,
    /// so that neither can say otherwise than the other.
    function testWhereTwoPagesMeetTheySayTheSame() public view {
        LoanTerms memory terms = _termsOf(36);
        (uint32 startsOn, uint256 before,,) = _libraries.rowOf(_witness(terms, 0, 3), 12);
        (uint32 alone, uint256 aloneBefore,,) = _libraries.rowOf(_witness(terms, 1, 1), 12);
        vm.assertEq(startsOn, terms.instalments[11].dueOn);
        vm.assertEq(startsOn, alone);
        vm.assertEq(before, aloneBefore);
        vm.assertEq(_witness(terms, 0, 2).length, _witness(terms, 0, 1).length - 32 + 12 * 16);
    }

    /// @dev A count that says zero has no pages; originating refuses it.
    function testNoInstalmentsHaveNoPages() public view {
        LoanTerms memory terms = _terms();
        terms.instalments = new Instalment[](0);
        (bytes32 loanId, uint256 from, uint256 end,) = _libraries.readWitness(_witness(terms));
        vm.assertEq(loanId, _id(terms));
        vm.assertEq(from, 0);
        vm.assertEq(end, 0);
    }

    /* THE AGREEMENT */

    function testRevertsOnAnotherAgreement() public {
        bytes memory agreement = _agreement(_termsWithAll());
        _expectMismatch(_terms(), agreement);
        _expectMismatch(_termsWithAll(), "");
        _expectMismatch(_termsWithAll(), bytes.concat(agreement, hex"00"));
    }

    function testRevertsOnEveryFlippedByteOfAnAgreement(uint256 placeSeed, uint8 flip) public {
        vm.assume(flip != 0);
        bytes memory agreement = _agreement(_terms());
        uint256 place = bound(placeSeed, 0, agreement.length - 1);
        agreement[place] = bytes1(uint8(agreement[place]) ^ flip);
        _expectMismatch(_terms(), agreement);
    }

    /// @dev Even one the witness names, when it cannot be one by its length.
    function testRevertsOnAnAgreementOfImpossibleLength(uint8 lengthSeed) public {
        uint256 length = lengthSeed;
        bool isPossible = length >= 163 && (length - 163) % 40 == 0;
        vm.assume(!isPossible);
        bytes memory agreement = new bytes(length);
        bytes memory witness = _naming(keccak256(agreement));
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.AgreementMismatch.selector));
        _libraries.readAgreement(witness, agreement);
    }

    function _naming(bytes32 agreementHash) private view returns (bytes memory witness) {
        witness = _witness(_terms());
        for (uint256 i; i < 32; ++i) witness[97 + i] = agreementHash[i];
    }

    function _assertShows(LoanTerms memory terms, uint256 first, uint256 shown) private view {
        (bytes32 loanId, uint256 from, uint256 end,) =
            _libraries.readWitness(_witness(terms, first, shown));
        vm.assertEq(loanId, _id(terms));
        vm.assertEq(from, first * 12);
        uint256 expected = (first + shown) * 12;
        uint256 count = terms.instalments.length;
        vm.assertEq(end, expected < count ? expected : count);
    }

    function _expectMalformed(bytes memory witness) private {
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.WitnessMalformed.selector));
        _libraries.readWitness(witness);
    }

    function _expectMismatch(LoanTerms memory terms, bytes memory agreement) private {
        bytes memory witness = _witness(terms);
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.AgreementMismatch.selector));
        _libraries.readAgreement(witness, agreement);
    }

    /// @dev `terms` without what a witness does not have; of the collateral only whether there is any.
    function _membersOfAWitness(LoanTerms memory terms)
        private
        pure
        returns (LoanTerms memory members)
    {
        members = terms;
        LoanTerms memory nothing;
        members.agreement = members.currency = members.documentHash = members.priorLoanId = 0;
        members.collateralHash = bytes32(uint256(1));
        (members.method, members.dayCount) = (nothing.method, nothing.dayCount);
        members.annualRatePpm = members.signBy = members.disburseOn = members.disburseBy = 0;
        members.principalMinor = members.selfPaidMinorMax = 0;
        members.purposes = nothing.purposes;
        members.instalments = new Instalment[](terms.instalments.length);
    }

    function _membersOfAnAgreement(LoanTerms memory terms)
        private
        pure
        returns (LoanTerms memory members)
    {
        (members.agreement, members.documentHash) = (terms.agreement, terms.documentHash);
        (members.collateralHash, members.priorLoanId) = (terms.collateralHash, terms.priorLoanId);
        (members.currency, members.annualRatePpm) = (terms.currency, terms.annualRatePpm);
        (members.method, members.dayCount) = (terms.method, terms.dayCount);
        (members.signBy, members.disburseBy) = (terms.signBy, terms.disburseBy);
        (members.lenderNonce, members.borrowerNonce) = (terms.lenderNonce, terms.borrowerNonce);
        (members.guarantorNonce, members.purposes) = (terms.guarantorNonce, terms.purposes);
        members.selfPaidMinorMax = terms.selfPaidMinorMax;
    }
}
