// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    CollectableBy,
    ILedgerErrors,
    ILedgerEvents,
    LoanFlags,
    LoanTerms,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

/// @notice Collecting under the borrower's mandate, and the end of the mandate. The lender may collect
/// 10,000.00 in all.
contract CollectTest is ServicingTest {
    uint64 private constant MANDATE_MAX = 1_000_000;
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_termsWithAll());
    }

    function testTakesWhatIsDueFromTheBorrower() public {
        vm.warp(_noon(20260205));
        _fundForLedger(borrower, 500_000);
        _expectReceived(_loanId, borrower, RepaymentKind.Collect, 0, 12_000, 400_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(borrower, lender, 412_000);
        vm.assertEq(_collect(lender), 412_000);
        vm.assertEq(_account(_loanId).collectedMinor, 412_000);
        vm.assertEq(_loan(_loanId).nextInstalment, 1);
        vm.assertEq(token.balanceOf(borrower), 88_000);
    }

    /* FROM THE DUE TIME ON */

    function testTakesNothingUntilTheLastSecondBeforeTheDueDay() public {
        _fundForLedger(borrower, 500_000);
        vm.warp(_midnight(20260205) - 1);
        _expectNothing();
        vm.warp(_midnight(20260205));
        vm.assertEq(_collect(lender), 412_000);
    }

    /// @dev The current instalment can be repaid by the borrower, but not collected.
    function testTakesPenaltyButNotTheCurrentInstalment() public {
        vm.warp(_noon(20260209));
        _fundForLedger(borrower, 900_000);
        _expectReceived(_loanId, borrower, RepaymentKind.Collect, 206, 12_000, 400_000);
        vm.assertEq(_collect(lender), 412_206);
        _expectNothing();
    }

    function testTakesNothingTwice() public {
        vm.warp(_noon(20260205));
        _fundForLedger(borrower, 900_000);
        _collect(lender);
        _expectNothing();
    }

    /* AS FAR AS IT GOES */

    function testAShortBalanceIsTakenInPart() public {
        vm.warp(_noon(20260205));
        _fundForLedger(borrower, 12_345);
        _expectReceived(_loanId, borrower, RepaymentKind.Collect, 0, 12_000, 345);
        vm.assertEq(_collect(lender), 12_345);
        _expectNothing();
        _fundForLedger(borrower, 1);
        vm.assertEq(_collect(lender), 1);
    }

    function testAShortAllowanceIsTakenInPart() public {
        vm.warp(_noon(20260205));
        _fundForLedger(borrower, 500_000);
        vm.prank(borrower);
        token.approve(address(ledger), 5_000);
        vm.assertEq(_collect(lender), 5_000);
        _expectNothing();
    }

    function testTheMandatesCapIsForAllCollectionsTogether() public {
        vm.warp(_noon(20260405));
        _fundForLedger(borrower, 2_000_000);
        vm.assertEq(_collect(lender), MANDATE_MAX);
        _expectNothing();
        vm.assertEq(_account(_loanId).collectedMinor, MANDATE_MAX);
        // Others may still repay.
        _repay(_termsWithAll(), borrower, 1);
    }

    function testMayCloseTheLoan() public {
        _repay(_termsWithAll(), stranger, 412_000);
        _repay(_termsWithAll(), stranger, 408_000);
        vm.warp(_noon(20260405));
        _fundForLedger(borrower, 404_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanClosed(_loanId);
        _collect(lender);
        _assertStatus(_loanId, Status.Closed);
    }

    function testCollectsAfterWriteOff() public {
        _useAll(_termsWithAll());
        vm.warp(_noon(20260209));
        _writeOff(_termsWithAll());
        _fundForLedger(borrower, 412_206);
        vm.assertEq(_collect(lender), 412_206);
        _assertStatus(_loanId, Status.WrittenOff);
    }

    function testAFrozenLendersPartIsHeld() public {
        vm.warp(_noon(20260205));
        _fundForLedger(borrower, 412_000);
        _freeze(lender);
        _collect(servicer);
        vm.assertEq(ledger.claimableMinor(lender), 412_000);
    }

    function testRevertsOnAFrozenBorrower() public {
        vm.warp(_noon(20260205));
        _fundForLedger(borrower, 412_000);
        _freeze(borrower);
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.PartyNotActive.selector, borrower));
        _collect(lender);
        vm.assertEq(_account(_loanId).collectedMinor, 0);
    }

    /* WHO */

    function testTheLenderOrAServicerWhereTheLenderMay() public {
        _expectOnly(CollectableBy.Lender, [lender, servicer]);
    }

    function testOnlyAServicerWhereTheServicerMay() public {
        _expectOnly(CollectableBy.Servicer, [servicer, servicer]);
    }

    function testAnyoneWhereAnyoneMay() public {
        LoanTerms memory terms = _dueLoan(CollectableBy.Anyone);
        address[4] memory all = [outsider, stranger, lender, servicer];
        for (uint256 i; i < all.length; ++i) {
            _fundForLedger(borrower, 1);
            vm.prank(all[i]);
            vm.assertEq(ledger.collect(_witness(terms)), 1);
        }
    }

    function testThePresentLenderCollects() public {
        _assign(_termsWithAll(), 0);
        vm.warp(_noon(20260205));
        _fundForLedger(borrower, 412_000);
        vm.expectRevert(_notPermitted(lender));
        _collect(lender);
        vm.assertEq(_collect(factor), 412_000);
        vm.assertEq(token.balanceOf(factor), 412_000);
    }

    function testRevertsWithoutAMandate() public {
        LoanTerms memory terms = _terms();
        vm.warp(_noon(20260102));
        _disburse(terms);
        vm.warp(_noon(20260205));
        vm.expectRevert(_notAgreed("collect"));
        vm.prank(lender);
        ledger.collect(_witness(terms));
    }

    /* THE END OF THE MANDATE */

    function testTheBorrowerRevokesTheMandate() public {
        vm.warp(_noon(20260205));
        _fundForLedger(borrower, 412_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.MandateRevoked(_loanId, borrower);
        _revokeMandate(borrower);
        vm.assertEq(_loan(_loanId).flags, LoanFlags.MANDATE_REVOKED);
        vm.expectRevert(_mandateIsRevoked());
        _collect(lender);
        vm.expectRevert(_mandateIsRevoked());
        _collect(servicer);
    }

    function testRevokingStopsNoRepaymentAndLastsThroughIt() public {
        _revokeMandate(borrower);
        vm.warp(_noon(20260210));
        _repay(_termsWithAll(), borrower, 100_000);
        vm.expectRevert(_mandateIsRevoked());
        _collect(lender);
    }

    function testRevokesBeforeDisbursement() public {
        LoanTerms memory terms = _termsWithAll();
        terms.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        bytes32 loanId = _originate(terms);
        vm.prank(borrower);
        ledger.revokeMandate(_witness(terms));
        vm.warp(_noon(20260105));
        _fundForLedger(lender, PRINCIPAL);
        vm.prank(lender);
        ledger.disburse(_witness(terms), _agreement(terms));
        vm.assertEq(_loan(loanId).flags, LoanFlags.MANDATE_REVOKED);
        vm.warp(_noon(20260205));
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.MandateIsRevoked.selector, loanId));
        vm.prank(lender);
        ledger.collect(_witness(terms));
    }

    function testRevertsOnRevokingTwice() public {
        _revokeMandate(borrower);
        vm.expectRevert(_mandateIsRevoked());
        _revokeMandate(borrower);
    }

    function testRevertsOnRevokingForAnother() public {
        address[4] memory others = [lender, servicer, guarantor, stranger];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_notPermitted(others[i]));
            _revokeMandate(others[i]);
        }
    }

    function testRevertsOnRevokingWhatIsNotThere() public {
        LoanTerms memory terms = _terms();
        vm.expectRevert(_unknown(_id(terms)));
        vm.prank(borrower);
        ledger.revokeMandate(_witness(terms));
        vm.warp(_noon(20260102));
        _originate(terms);
        vm.expectRevert(_notAgreed("collect"));
        vm.prank(borrower);
        ledger.revokeMandate(_witness(terms));
    }

    /* STATUS */

    function testRevertsUnlessCarried() public {
        LoanTerms memory terms = _termsWithAll();
        terms.agreement = "L-2026-0002";
        vm.expectRevert(_unknown(_id(terms)));
        vm.prank(lender);
        ledger.collect(_witness(terms));
        _payoff(_termsWithAll(), borrower);
        vm.expectRevert(_statusInvalid(_loanId, Status.Closed));
        _collect(lender);
    }

    function _collect(address caller) private returns (uint64) {
        vm.prank(caller);
        return ledger.collect(_witness(_termsWithAll()));
    }

    function _revokeMandate(address caller) private {
        vm.prank(caller);
        ledger.revokeMandate(_witness(_termsWithAll()));
    }

    function _expectNothing() private {
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.NothingToCollect.selector, _loanId));
        _collect(lender);
    }

    function _mandateIsRevoked() private view returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.MandateIsRevoked.selector, _loanId);
    }

    /// @dev A loan whose first instalment is due.
    function _dueLoan(CollectableBy collectableBy) private returns (LoanTerms memory terms) {
        terms = _termsWithAll();
        (terms.agreement, terms.collectableBy) = ("L-2026-0002", collectableBy);
        vm.warp(_noon(20260102));
        _disburse(terms);
        vm.warp(_noon(20260205));
    }

    function _expectOnly(CollectableBy collectableBy, address[2] memory allowed) private {
        LoanTerms memory terms = _dueLoan(collectableBy);
        address[7] memory all =
            [lender, servicer, borrower, guarantor, stranger, outsider, guardian];
        for (uint256 i; i < all.length; ++i) {
            bool isAllowed = all[i] == allowed[0] || all[i] == allowed[1];
            _fundForLedger(borrower, 1);
            if (!isAllowed) vm.expectRevert(_notPermitted(all[i]));
            vm.prank(all[i]);
            ledger.collect(_witness(terms));
        }
    }
}
