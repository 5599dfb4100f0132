// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ICoLending, Member} from "../../interfaces/ICoLending.sol";
import {
    CollectableBy,
    ILedgerErrors,
    ILedgerEvents,
    LoanFlags,
    LoanTerms,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {CoLendingTest} from "./CoLendingTest.sol";

/// @notice What members of more than half the commitments do at the ledger: of 12 parts the lender has
/// 8, the city bank 3, the village bank 1.
contract CoLendingActTest is CoLendingTest {
    uint256 private _actBy;

    function setUp() public override {
        super.setUp();
        _actBy = _noon(20261231);
    }

    /* ACTS */

    function testAccelerates() public {
        LoanTerms memory terms = _inDefault();
        bytes memory call = abi.encodeCall(ledger.accelerate, (_witness(terms), "reason"));
        bytes32 digest = coLending.actDigestOf(call, _actBy);
        bytes memory signatures = _by(lenderKey, 0, digest);
        vm.expectEmit(address(coLending));
        emit ICoLending.ActTaken(digest, call, 800_000);
        vm.prank(outsider);
        coLending.act(call, _actBy, signatures);
        uint8 flags = ledger.loanOf(ledger.idOf(_witness(terms))).loan.flags;
        vm.assertEq(flags & LoanFlags.ACCELERATED, LoanFlags.ACCELERATED);
        vm.assertTrue(coLending.isActTaken(digest));
    }

    function testCallsTheGuarantee() public {
        LoanTerms memory terms = _guaranteed();
        _fundForLedger(stranger, 1_200_000);
        bytes memory call =
            abi.encodeCall(ledger.callGuarantee, (_witness(terms), uint64(120_000)));
        bytes memory result = _act(call);
        vm.assertEq(abi.decode(result, (uint64)), 120_000);
        coLending.distribute();
        _assertHave(80_000, 30_000, 10_000);
    }

    function testCollects() public {
        LoanTerms memory terms = _coTerms();
        (terms.mandateMinorMax, terms.collectableBy) = (12_000, CollectableBy.Lender);
        _coDisburse(terms);
        _fundForLedger(borrower, 12_000);
        vm.warp(_noon(20260205));
        _act(abi.encodeCall(ledger.collect, (_witness(terms))));
        coLending.distribute();
        _assertHave(8_000, 3_000, 1_000);
    }

    function testCancels() public {
        bytes32 loanId = _coOriginate(_coTerms());
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanCancelled(loanId, address(coLending));
        _act(abi.encodeCall(ledger.cancel, (_witness(_coTerms()))));
        _assertStatus(loanId, Status.Cancelled);
    }

    function testRevokesTheSignature() public {
        bytes32 loanId = ledger.idOf(_witness(_coTerms()));
        _act(abi.encodeCall(ledger.revokeSignature, (_witness(_coTerms()))));
        _assertStatus(loanId, Status.Revoked);
    }

    function testSeveralCallsInABatch() public {
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ledger.revokeSignature, (_witness(_coTerms())));
        LoanTerms memory other = _coTerms();
        other.agreement = "L-2026-0002";
        calls[1] = abi.encodeCall(ledger.revokeSignature, (_witness(other)));
        _act(abi.encodeCall(ledger.batch, (calls)));
        _assertStatus(ledger.idOf(_witness(_coTerms())), Status.Revoked);
        _assertStatus(ledger.idOf(_witness(other)), Status.Revoked);
    }

    /* MAJORITY */

    function testConsentsAndSignaturesGoTogether() public {
        Member[] memory members = _equals();
        members[0].commitmentMinor = 390_000;
        _putInPlace(members);
        bytes memory call = _harmless();
        bytes32 digest = coLending.actDigestOf(call, _actBy);
        _expectMissing(call, _by(lenderKey, 0, digest), 390_000, 790_000);
        vm.prank(villageBank);
        coLending.giveConsent(digest);
        coLending.act(call, _actBy, _by(lenderKey, 0, digest));
    }

    /// @dev Members behind the last signature given have not signed.
    function testSignaturesMayEndEarly() public {
        bytes memory call = _harmless();
        bytes32 digest = coLending.actDigestOf(call, _actBy);
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = _sign(lenderKey, digest);
        coLending.act(call, _actBy, abi.encode(signatures));
        vm.assertTrue(coLending.isActTaken(digest));
    }

    function testHalfIsNotEnough() public {
        Member[] memory members = _equals();
        members[0].commitmentMinor = 400_000;
        _putInPlace(members);
        bytes memory call = _harmless();
        bytes32 digest = coLending.actDigestOf(call, _actBy);
        _expectMissing(call, _by(lenderKey, 0, digest), 400_000, 800_000);
        members[0].commitmentMinor = 400_001;
        _putInPlace(members);
        _act(call);
    }

    function testWeightIsTheCommitmentNotTheShare() public {
        Member[] memory members = _equals();
        (members[0].share, members[2].share) = (1, 5_000_000);
        _putInPlace(members);
        bytes memory call = _harmless();
        bytes32 digest = coLending.actDigestOf(call, _actBy);
        _expectMissing(call, _by(villageBankKey, 2, digest), 100_000, 1_200_000);
        _act(call);
    }

    function testWithdrawnConsentDoesNotCount() public {
        bytes memory call = _harmless();
        bytes32 digest = coLending.actDigestOf(call, _actBy);
        vm.prank(lender);
        coLending.withdrawConsent(digest);
        _expectMissing(call, _jointly(digest), 400_000, 1_200_000);
    }

    function testNobodyDecidesForTheMembers() public {
        bytes memory call = _harmless();
        bytes32 digest = coLending.actDigestOf(call, _actBy);
        _expectMissing(call, "", 0, 1_200_000);
        _expectMissing(call, _by(strangerKey, 0, digest), 0, 1_200_000);
        _expectMissing(call, _by(lenderKey, 1, digest), 0, 1_200_000);
    }

    /* ONE CALL, ONCE, IN TIME, HERE */

    function testOnlyWhatWasSigned() public {
        bytes memory call = _harmless();
        bytes memory signatures = _jointly(coLending.actDigestOf(call, _actBy));
        _expectMissing(abi.encodeCall(ledger.cancel, (_witness(_terms()))), signatures, 0, 1_200_000);
        ++_actBy;
        _expectMissing(call, signatures, 0, 1_200_000);
    }

    function testOnlyOnce() public {
        bytes[] memory none = new bytes[](0);
        bytes memory call = abi.encodeCall(ledger.batch, (none));
        bytes32 digest = coLending.actDigestOf(call, _actBy);
        _act(call);
        vm.expectRevert(abi.encodeWithSelector(ICoLending.ActAlreadyTaken.selector, digest));
        coLending.act(call, _actBy, _jointly(digest));
        ++_actBy;
        _act(call);
    }

    function testUntilTheDeadline() public {
        bytes memory call = _harmless();
        bytes memory signatures = _jointly(coLending.actDigestOf(call, _actBy));
        vm.warp(_actBy + 1);
        vm.expectRevert(abi.encodeWithSelector(ICoLending.DeadlinePassed.selector, _actBy));
        coLending.act(call, _actBy, signatures);
        vm.warp(_actBy);
        coLending.act(call, _actBy, signatures);
    }

    function testNotAtAnotherCoLendingNorOnAnotherChain() public {
        bytes memory call = _harmless();
        bytes memory signatures = _jointly(coLending.actDigestOf(call, _actBy));
        uint256 chainId = block.chainid;
        vm.chainId(chainId + 1);
        _expectMissing(call, signatures, 0, 1_200_000);
        vm.chainId(chainId);
        _putInPlace(_firstLoss());
        _expectMissing(call, signatures, 0, 1_200_000);
    }

    function testTheDigestIsTheTypedDataAWalletHashes(bytes calldata call, uint256 actBy)
        public
        view
    {
        string memory json = string.concat(
            '{"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version",'
            '"type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract",'
            '"type":"address"}],"Act":[{"name":"call","type":"bytes"},{"name":"actBy",'
            '"type":"uint256"}]},"primaryType":"Act","domain":{"name":"Tallystick CoLending",'
            '"version":"1","chainId":',
            Strings.toString(block.chainid),
            ',"verifyingContract":"',
            Strings.toHexString(address(coLending))
        );
        json = string.concat(
            json,
            '"},"message":{"call":"',
            _hex(call),
            '","actBy":"',
            Strings.toString(actBy),
            '"}}'
        );
        vm.assertEq(vm.eip712HashTypedData(json), coLending.actDigestOf(call, actBy));
    }

    /* THE LEDGER AND NOTHING ELSE */

    function testTheLedgersErrorsComeThrough() public {
        LoanTerms memory terms = _coTerms();
        _coDisburse(terms);
        bytes memory call = abi.encodeCall(ledger.accelerate, (_witness(terms), "reason"));
        bytes memory signatures = _jointly(coLending.actDigestOf(call, _actBy));
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.NotAgreed.selector, bytes32("accelerate"))
        );
        coLending.act(call, _actBy, signatures);
        vm.assertFalse(coLending.isActTaken(coLending.actDigestOf(call, _actBy)));
    }

    /// @dev A token's call finds no such function at the ledger.
    function testNoOtherContractIsCalled() public {
        _sendHere(1_200);
        bytes memory call = abi.encodeCall(token.transfer, (lender, 1_200));
        bytes memory signatures = _jointly(coLending.actDigestOf(call, _actBy));
        vm.expectRevert(Errors.FailedCall.selector);
        coLending.act(call, _actBy, signatures);
    }

    /// @dev Not even all members together move money out by an act.
    function testNoMoneyLeaves() public {
        LoanTerms memory terms = _terms();
        _disburse(terms);
        _sendHere(1_200);
        bytes memory call = abi.encodeCall(ledger.repay, (_witness(terms), uint64(1_200)));
        bytes memory signatures = _jointly(coLending.actDigestOf(call, _actBy));
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(ledger), 0, 1_200
            )
        );
        coLending.act(call, _actBy, signatures);
    }

    function testNoDisbursementByAnAct() public {
        LoanTerms memory terms = _coTerms();
        _coOriginate(terms);
        _provide();
        _fund(stranger, PRINCIPAL);
        vm.prank(stranger);
        token.transfer(address(coLending), PRINCIPAL);
        vm.warp(_noon(terms.disburseOn));
        bytes memory call = abi.encodeCall(ledger.disburse, (_witness(terms), _agreement(terms)));
        bytes memory signatures = _jointly(coLending.actDigestOf(call, _actBy));
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(ledger), 0, PRINCIPAL
            )
        );
        coLending.act(call, _actBy, signatures);
    }

    /* STEPS */

    /// @dev The first instalment is ten days past due, and five allow acceleration.
    function _inDefault() private returns (LoanTerms memory terms) {
        terms = _coTerms();
        terms.accelerateAfterDays = 5;
        _coDisburse(terms);
        vm.warp(_noon(20260215));
    }

    function _guaranteed() private returns (LoanTerms memory terms) {
        terms = _coTerms();
        (terms.guarantor, terms.guaranteeMinorMax, terms.guaranteeAfterDays) =
            (stranger, PRINCIPAL, 5);
        (bytes memory witness, bytes memory agreement) = (_witness(terms), _agreement(terms));
        bytes32 digest = ledger.digestOf(witness, agreement);
        ledger.originate(
            witness,
            agreement,
            _jointly(digest),
            _sign(borrowerKey, digest),
            _sign(strangerKey, digest)
        );
        _provide();
        vm.warp(_noon(terms.disburseOn));
        vm.prank(lender);
        coLending.disburse(witness, agreement);
        vm.warp(_noon(20260215));
    }

    /// @dev An act that leaves no trace at the ledger.
    function _harmless() private view returns (bytes memory) {
        return abi.encodeCall(ledger.batch, (new bytes[](0)));
    }

    function _act(bytes memory call) private returns (bytes memory result) {
        bytes32 digest = coLending.actDigestOf(call, _actBy);
        return coLending.act(call, _actBy, _by(lenderKey, 0, digest));
    }

    /// @dev One signature, in the place of member `index`.
    function _by(uint256 key, uint256 index, bytes32 digest) private pure returns (bytes memory) {
        bytes[] memory signatures = new bytes[](3);
        signatures[index] = _sign(key, digest);
        return abi.encode(signatures);
    }

    function _putInPlace(Member[] memory members) private {
        coLending = ICoLending(factory.create(members, "another agreement"));
    }

    function _sendHere(uint256 amountMinor) private {
        _fund(stranger, amountMinor);
        vm.prank(stranger);
        token.transfer(address(coLending), amountMinor);
    }

    function _expectMissing(
        bytes memory call,
        bytes memory signatures,
        uint256 agreedMinor,
        uint256 committedMinor
    ) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                ICoLending.MajorityMissing.selector, agreedMinor, committedMinor
            )
        );
        coLending.act(call, _actBy, signatures);
    }

    function _hex(bytes calldata data) private pure returns (string memory) {
        bytes memory digits = "0123456789abcdef";
        bytes memory text = new bytes(2 + 2 * data.length);
        (text[0], text[1]) = ("0", "x");
        for (uint256 i; i < data.length; ++i) {
            text[2 + 2 * i] = digits[uint8(data[i]) >> 4];
            text[3 + 2 * i] = digits[uint8(data[i]) & 15];
        }
        return string(text);
    }
}
