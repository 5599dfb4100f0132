// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {
    ILedgerErrors,
    ILedgerEvents,
    LoanState,
    LoanTerms,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";
import {OwnedWallet} from "../doubles/Wallets.sol";

contract DisburseTest is ServicingTest {
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _originate(_terms());
        _fundForLedger(lender, PRINCIPAL);
        vm.warp(_noon(20260105));
    }

    function testTheWholePrincipalComesUnderControl() public {
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.FundsDisbursed(_loanId, PRINCIPAL);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(lender, address(ledger), PRINCIPAL);
        _disburseBy(lender);

        vm.assertEq(token.balanceOf(lender), 0);
        vm.assertEq(token.balanceOf(borrower), 0);
        vm.assertEq(token.balanceOf(address(ledger)), PRINCIPAL);
        LoanState memory expected;
        expected.loan.status = Status.Active;
        expected.account.controlledMinor = uint48(PRINCIPAL);
        expected.loan.accruedOn = uint24(SlowCalendar.daysOf(20260105));
        _assertSame(ledger.loanOf(_loanId), expected);
    }

    /* WHO */

    function testAServicerDisburses() public {
        _disburseBy(servicer);
        _assertStatus(_loanId, Status.Active);
    }

    function testAWalletDisbursesItsOwnLoan() public {
        OwnedWallet wallet = new OwnedWallet(lender);
        _register(address(wallet), PartyRoles.LENDER, 0);
        LoanTerms memory terms = _terms();
        terms.lender = address(wallet);
        vm.warp(_noon(20260102));
        bytes32 loanId = _originate(terms);
        _fund(address(wallet), PRINCIPAL);
        wallet.approve(token, address(ledger), PRINCIPAL);
        vm.warp(_noon(20260105));
        vm.prank(address(wallet));
        ledger.disburse(_witness(terms), _agreement(terms));
        _assertStatus(loanId, Status.Active);
    }

    function testRevertsForAnyoneElse() public {
        address[7] memory others =
            [borrower, stranger, outsider, admin, registrar, bank, guardian];
        for (uint256 i; i < others.length; ++i) {
            _expectRevert(
                others[i],
                _terms(),
                abi.encodeWithSelector(ILedgerErrors.CallerNotPermitted.selector, others[i])
            );
        }
    }

    /// @dev A servicer under a delay cannot call directly, only through the authority when due.
    function testAServicerUnderADelayDisbursesWhenItIsDue() public {
        vm.startPrank(admin);
        authority.revokeRole(SERVICER, servicer);
        authority.grantRole(SERVICER, servicer, 1 days);
        vm.stopPrank();
        _expectRevert(
            servicer,
            _terms(),
            abi.encodeWithSelector(ILedgerErrors.CallerNotPermitted.selector, servicer)
        );

        bytes memory call = abi.encodeCall(ledger.disburse, (_witness(_terms()), _agreement(_terms())));
        vm.prank(servicer);
        authority.schedule(address(ledger), call, 0);
        vm.warp(_noon(20260106));
        vm.prank(servicer);
        authority.execute(address(ledger), call);
        _assertStatus(_loanId, Status.Active);
    }

    function testClosingTheLedgerToServicersDoesNotStopTheLender() public {
        vm.prank(admin);
        authority.setTargetClosed(address(ledger), true);
        _expectRevert(
            servicer,
            _terms(),
            abi.encodeWithSelector(ILedgerErrors.CallerNotPermitted.selector, servicer)
        );
        _disburseBy(lender);
        _assertStatus(_loanId, Status.Active);
    }

    /* WHEN */

    function testFromTheFirstSecondOfTheFirstDay() public {
        vm.warp(_midnight(20260105));
        _disburseBy(lender);
        _assertStatus(_loanId, Status.Active);
    }

    function testRevertsOneSecondEarlier() public {
        vm.warp(_midnight(20260105) - 1);
        _expectRevert(lender, _terms(), _outsideWindow());
    }

    function testUntilTheLastSecondOfTheLastDay() public {
        vm.warp(_lastSecond(20260110));
        _disburseBy(lender);
        vm.assertEq(_loan(_loanId).accruedOn, SlowCalendar.daysOf(20260110));
    }

    function testRevertsOneSecondLater() public {
        vm.warp(_lastSecond(20260110) + 1);
        _expectRevert(lender, _terms(), _outsideWindow());
    }

    function testRevertsOnUnknownTerms() public {
        LoanTerms memory terms = _terms();
        terms.agreement = "L-2026-0002";
        _expectRevert(
            lender,
            terms,
            abi.encodeWithSelector(ILedgerErrors.LoanUnknown.selector, _id(terms))
        );
    }

    function testRevertsTheSecondTime() public {
        _disburseBy(lender);
        _fundForLedger(lender, PRINCIPAL);
        _expectRevert(
            lender,
            _terms(),
            abi.encodeWithSelector(ILedgerErrors.LoanStatusInvalid.selector, _loanId, Status.Active)
        );
    }

    function testRevertsAfterClosing() public {
        _disburseBy(lender);
        _payoff(_terms(), stranger);
        _fundForLedger(lender, PRINCIPAL);
        _expectRevert(
            lender,
            _terms(),
            abi.encodeWithSelector(ILedgerErrors.LoanStatusInvalid.selector, _loanId, Status.Closed)
        );
    }

    /* PARTIES */

    function testRevertsWhenTheBorrowerIsFrozen() public {
        _freeze(borrower);
        _expectNotActive(borrower, PartyRoles.BORROWER);
        _unfreeze(borrower);
        _disburseBy(lender);
        _assertStatus(_loanId, Status.Active);
    }

    function testRevertsWhenTheBorrowerIsNoLongerABorrower() public {
        _setRoles(borrower, PartyRoles.GUARANTOR);
        _expectNotActive(borrower, PartyRoles.BORROWER);
    }

    function testRevertsWhenTheLenderIsFrozen() public {
        _freeze(lender);
        _expectNotActive(lender, PartyRoles.LENDER);
    }

    function testRevertsWhenTheLenderIsNoLongerALender() public {
        _setRoles(lender, PartyRoles.GUARANTOR);
        _expectNotActive(lender, PartyRoles.LENDER);
    }

    /* MONEY */

    function testRevertsWithoutTheLendersAllowance() public {
        vm.prank(lender);
        token.approve(address(ledger), PRINCIPAL - 1);
        _expectRevert(
            servicer,
            _terms(),
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector,
                address(ledger),
                PRINCIPAL - 1,
                PRINCIPAL
            )
        );
        _assertStatus(_loanId, Status.Approved);
    }

    function testRevertsWithoutTheLendersMoney() public {
        vm.prank(lender);
        token.transfer(stranger, 1);
        _expectRevert(
            lender,
            _terms(),
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, lender, PRINCIPAL - 1, PRINCIPAL
            )
        );
    }

    function testRevertsWhenTheLedgerIsFrozen() public {
        _freeze(address(ledger));
        _expectRevert(
            lender,
            _terms(),
            abi.encodeWithSelector(ISettlementToken.PartyNotActive.selector, address(ledger))
        );
        _assertStatus(_loanId, Status.Approved);
    }

    /* INTERNAL */

    function _disburseBy(address caller) private {
        vm.prank(caller);
        ledger.disburse(_witness(_terms()), _agreement(_terms()));
    }

    function _expectNotActive(address party, uint32 roles) private {
        _expectRevert(
            lender,
            _terms(),
            abi.encodeWithSelector(ILedgerErrors.PartyNotActiveAs.selector, party, roles)
        );
    }

    function _expectRevert(address caller, LoanTerms memory terms, bytes memory revertData) private {
        vm.expectRevert(revertData);
        vm.prank(caller);
        ledger.disburse(_witness(terms), _agreement(terms));
    }

    function _outsideWindow() private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ILedgerErrors.DisbursementOutsideWindow.selector, uint32(20260105), uint32(20260110)
        );
    }
}
