// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {
    ILedgerErrors,
    ILedgerEvents,
    LoanFlags,
    LoanTerms,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {OwnedWallet} from "../doubles/Wallets.sol";

/// @notice The claim sold to another lender, against its price, on both signatures.
contract AssignTest is ServicingTest {
    uint64 private constant PRICE = 1_100_000;
    uint32 private constant SIGN_BY = 20260301;
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_termsWithAll());
        vm.warp(_noon(20260210));
    }

    function testMovesTheClaimAgainstThePrice() public {
        _fundForLedger(factor, PRICE);
        (bytes memory mine, bytes memory theirs) = _signed(PRICE, SIGN_BY);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.ClaimAssigned(_loanId, lender, factor, PRICE, 1);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(factor, lender, PRICE);
        // Anyone may bring the signatures.
        vm.prank(outsider);
        _bring(PRICE, SIGN_BY, mine, theirs);

        vm.assertEq(ledger.loanOf(_loanId).assignee, factor);
        vm.assertEq(_loan(_loanId).flags, LoanFlags.ASSIGNED);
        vm.assertEq(_account(_loanId).assignmentCount, 1);
        vm.assertEq(token.balanceOf(lender), PRICE);
    }

    function testForNothing() public {
        _assign(_termsWithAll(), 0);
        vm.assertEq(ledger.loanOf(_loanId).assignee, factor);
    }

    /// @dev What is owed stays what it was, penalty included; it only goes elsewhere.
    function testNothingIsEscaped() public {
        uint256 penalty = _owed(_termsWithAll()).penaltyMinor;
        vm.assertEq(penalty, 2 * 206);
        _assign(_termsWithAll(), PRICE);
        vm.assertEq(_owed(_termsWithAll()).penaltyMinor, penalty);
        _fundForLedger(borrower, 412_412);
        _expectReceived(_loanId, borrower, RepaymentKind.Repay, 412, 12_000, 400_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(borrower, factor, 412_412);
        vm.prank(borrower);
        ledger.repay(_witness(_termsWithAll()), 412_412);
    }

    function testPayoffAndPrepaymentGoToThePresentLender() public {
        _repay(_termsWithAll(), borrower, 412_412);
        _assign(_termsWithAll(), 0);
        _prepay(_termsWithAll(), 1_000);
        vm.assertEq(token.balanceOf(factor), 1_000 + 10 + 2);
        _payoff(_termsWithAll(), borrower);
        vm.assertGt(token.balanceOf(factor), 799_000);
        vm.assertEq(token.balanceOf(lender), 412_412);
    }

    /// @dev The claim before is no business of the one who holds it now.
    function testWhatWasHeldForTheLenderBeforeStaysIts() public {
        _freeze(lender);
        _repay(_termsWithAll(), borrower, 1_000);
        _unfreeze(lender);
        _assign(_termsWithAll(), 0);
        vm.assertEq(ledger.claimableMinor(lender), 1_000);
        vm.assertEq(ledger.claimableMinor(factor), 0);
    }

    function testAWrittenOffClaimIsSold() public {
        _useAll(_termsWithAll());
        _writeOff(_termsWithAll());
        _assign(_termsWithAll(), 1);
        _repay(_termsWithAll(), borrower, 10);
        vm.assertEq(token.balanceOf(factor), 10);
    }

    function testAWalletBuys() public {
        OwnedWallet wallet = new OwnedWallet(factor);
        _register(address(wallet), PartyRoles.LENDER, 0);
        _assign(_termsWithAll(), address(wallet), factorKey, lenderKey, 0);
        vm.assertEq(ledger.loanOf(_loanId).assignee, address(wallet));
    }

    /* THERE AND BACK: signatures serve once */

    function testThereAndBackAndThere() public {
        _assign(_termsWithAll(), factor, factorKey, lenderKey, 5);
        _assign(_termsWithAll(), lender, lenderKey, factorKey, 6);
        _assign(_termsWithAll(), factor, factorKey, lenderKey, 7);
        vm.assertEq(_account(_loanId).assignmentCount, 3);
        vm.assertEq(ledger.loanOf(_loanId).assignee, factor);
    }

    function testTheFirstSignaturesDoNotServeAgain() public {
        (bytes memory mine, bytes memory theirs) = _signed(0, SIGN_BY);
        _bring(0, SIGN_BY, mine, theirs);
        _assign(_termsWithAll(), lender, lenderKey, factorKey, 0);
        vm.expectRevert(_invalid(lender));
        _bring(0, SIGN_BY, mine, theirs);
    }

    function testTheFirstLenderCannotSellTwice() public {
        _assign(_termsWithAll(), 0);
        bytes32 digest =
            ledger.assignmentDigestOf(_witness(_termsWithAll()), stranger, 0, SIGN_BY);
        _setRoles(stranger, PartyRoles.LENDER);
        bytes memory mine = _sign(lenderKey, digest);
        bytes memory theirs = _sign(strangerKey, digest);
        vm.expectRevert(_invalid(factor));
        ledger.assign(_witness(_termsWithAll()), stranger, 0, SIGN_BY, mine, theirs);
    }

    /* WHAT IS SIGNED */

    function testRevertsOnAnotherPriceDayOrLoan() public {
        LoanTerms memory other = _termsWithAll();
        other.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        _disburse(other);
        (bytes memory mine, bytes memory theirs) = _signed(PRICE, SIGN_BY);
        _fundForLedger(factor, 2 * PRICE);
        vm.expectRevert(_invalid(lender));
        _bring(PRICE - 1, SIGN_BY, mine, theirs);
        vm.expectRevert(_invalid(lender));
        _bring(PRICE, SIGN_BY + 1, mine, theirs);
        vm.expectRevert(_invalid(lender));
        ledger.assign(_witness(other), factor, PRICE, SIGN_BY, mine, theirs);
    }

    function testRevertsUnlessBothSigned() public {
        (bytes memory mine, bytes memory theirs) = _signed(0, SIGN_BY);
        vm.expectRevert(_invalid(lender));
        _bring(0, SIGN_BY, theirs, theirs);
        vm.expectRevert(_invalid(factor));
        _bring(0, SIGN_BY, mine, mine);
        vm.expectRevert(_invalid(factor));
        _bring(0, SIGN_BY, mine, "");
    }

    function testSignaturesServeUntilTheLastSecondOfTheirDay() public {
        (bytes memory mine, bytes memory theirs) = _signed(0, SIGN_BY);
        vm.warp(_lastSecond(SIGN_BY) + 1);
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.SignatureExpired.selector, SIGN_BY)
        );
        _bring(0, SIGN_BY, mine, theirs);
        vm.warp(_lastSecond(SIGN_BY));
        _bring(0, SIGN_BY, mine, theirs);
    }

    function testRevertsOnADayThatDoesNotExist() public {
        (bytes memory mine, bytes memory theirs) = _signed(0, 20260230);
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.TermInvalid.selector, bytes32("signBy"))
        );
        _bring(0, 20260230, mine, theirs);
    }

    /// @dev Either side takes back what it signed by its nonce.
    function testCancelledSignaturesEndTheOffer() public {
        address[2] memory sides = [lender, factor];
        (bytes memory mine, bytes memory theirs) = _signed(0, SIGN_BY);
        for (uint256 i; i < 2; ++i) {
            uint256 snapshot = vm.snapshotState();
            vm.prank(sides[i]);
            registry.cancelSignatures();
            vm.expectRevert(_invalid(lender));
            _bring(0, SIGN_BY, mine, theirs);
            _assign(_termsWithAll(), 0);
            vm.revertToState(snapshot);
        }
        _bring(0, SIGN_BY, mine, theirs);
    }

    /* TO WHOM */

    function testRevertsOnAPartyThatIsNoActiveLender() public {
        _expectNotActive(outsider, strangerKey);
        _expectNotActive(stranger, strangerKey);
        _freeze(factor);
        _expectNotActive(factor, factorKey);
    }

    function testRevertsOnAPartyOfTheLoan() public {
        address[3] memory parties = [lender, borrower, guarantor];
        for (uint256 i; i < 3; ++i) {
            _setRoles(parties[i], PartyRoles.ALL & ~PartyRoles.PAYEE);
            vm.expectRevert(
                abi.encodeWithSelector(ILedgerErrors.AssigneeInvalid.selector, parties[i])
            );
            ledger.assign(_witness(_termsWithAll()), parties[i], 0, SIGN_BY, "", "");
        }
    }

    function testRevertsOnThePresentLender() public {
        _assign(_termsWithAll(), 0);
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.AssigneeInvalid.selector, factor));
        ledger.assign(_witness(_termsWithAll()), factor, 0, SIGN_BY, "", "");
    }

    /* MONEY: both or neither */

    function testRevertsWithoutThePrice() public {
        (bytes memory mine, bytes memory theirs) = _signed(PRICE, SIGN_BY);
        _fund(factor, PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(ledger), 0, PRICE
            )
        );
        _bring(PRICE, SIGN_BY, mine, theirs);
        vm.assertEq(_account(_loanId).assignmentCount, 0);
    }

    /// @dev A frozen lender must not get out of its claim, even for nothing.
    function testRevertsOnAFrozenSeller() public {
        (bytes memory mine, bytes memory theirs) = _signed(0, SIGN_BY);
        _freeze(lender);
        vm.expectRevert(_notActiveAs(lender, PartyRoles.LENDER));
        _bring(0, SIGN_BY, mine, theirs);
        _unfreeze(lender);
        _setRoles(lender, PartyRoles.BORROWER);
        vm.expectRevert(_notActiveAs(lender, PartyRoles.LENDER));
        _bring(0, SIGN_BY, mine, theirs);
    }

    /* STATUS */

    function testRevertsUnlessCarried() public {
        LoanTerms memory terms = _termsWithAll();
        terms.agreement = "L-2026-0002";
        vm.expectRevert(_unknown(_id(terms)));
        ledger.assign(_witness(terms), factor, 0, SIGN_BY, "", "");
        vm.warp(_noon(20260102));
        _originate(terms);
        vm.expectRevert(_statusInvalid(_id(terms), Status.Approved));
        ledger.assign(_witness(terms), factor, 0, SIGN_BY, "", "");
        vm.warp(_noon(20260210));
        _payoff(_termsWithAll(), stranger);
        vm.expectRevert(_statusInvalid(_loanId, Status.Closed));
        ledger.assign(_witness(_termsWithAll()), factor, 0, SIGN_BY, "", "");
    }

    /// @dev A payee that buys the claim is a side of the loan then.
    function testTheAssigneeCannotBePaidFromTheProceeds() public {
        vm.prank(registrar);
        registry.update(factor, PartyRoles.LENDER | PartyRoles.PAYEE, STEEL, "identity");
        _assign(_termsWithAll(), 0);
        bytes memory witness = _witness(_termsWithAll());
        bytes memory agreement = _agreement(_termsWithAll());
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.PayeeIsParty.selector, factor));
        vm.prank(borrower);
        ledger.pay(witness, agreement, factor, 1, MATERIALS, EVIDENCE);
    }

    function _signed(uint64 priceMinor, uint32 signBy)
        private
        view
        returns (bytes memory mine, bytes memory theirs)
    {
        bytes32 digest =
            ledger.assignmentDigestOf(_witness(_termsWithAll()), factor, priceMinor, signBy);
        return (_sign(lenderKey, digest), _sign(factorKey, digest));
    }

    function _bring(uint64 priceMinor, uint32 signBy, bytes memory mine, bytes memory theirs) private {
        ledger.assign(_witness(_termsWithAll()), factor, priceMinor, signBy, mine, theirs);
    }

    function _expectNotActive(address assignee, uint256 key) private {
        bytes32 digest =
            ledger.assignmentDigestOf(_witness(_termsWithAll()), assignee, 0, SIGN_BY);
        bytes memory mine = _sign(lenderKey, digest);
        bytes memory theirs = _sign(key, digest);
        vm.expectRevert(_notActiveAs(assignee, PartyRoles.LENDER));
        ledger.assign(_witness(_termsWithAll()), assignee, 0, SIGN_BY, mine, theirs);
    }

    function _invalid(address signer) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, signer);
    }
}
