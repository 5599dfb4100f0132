// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ICoLending, Member} from "../../interfaces/ICoLending.sol";
import {ILedgerErrors, ILedgerEvents, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {CoLendingTest} from "./CoLendingTest.sol";

contract CoLendingDisburseTest is CoLendingTest {
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _coOriginate(_coTerms());
        _provide();
        vm.warp(_noon(20260105));
    }

    function testTakesEveryCommitmentToTheUnitAndLeavesNothing() public {
        vm.expectEmit(address(coLending));
        emit ICoLending.CommitmentsFunded(_loanId, PRINCIPAL);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(lender, address(coLending), 800_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(cityBank, address(coLending), 300_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(villageBank, address(coLending), 100_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.FundsDisbursed(_loanId, PRINCIPAL);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(coLending), address(ledger), PRINCIPAL);
        _disburseBy(cityBank);

        _assertStatus(_loanId, Status.Active);
        _assertHave(0, 0, 0);
        _assertOwed(0, 0, 0);
        vm.assertEq(coLending.loanId(), _loanId);
        vm.assertEq(coLending.receivedMinor(), 0);
        vm.assertEq(token.balanceOf(address(ledger)), PRINCIPAL);
        vm.assertEq(token.allowance(address(coLending), address(ledger)), 0);
        vm.assertEq(ledger.loanOf(_loanId).account.controlledMinor, PRINCIPAL);
    }

    /// @dev Whatever a member allowed beyond its commitment stays its own.
    function testTakesNoMoreThanTheCommitment() public {
        _fund(cityBank, 50_000);
        vm.prank(cityBank);
        token.approve(address(coLending), type(uint256).max);
        _disburseBy(lender);
        _assertHave(0, 50_000, 0);
    }

    function testMembersAndServicersMay() public {
        uint256 snapshot = vm.snapshotState();
        address[4] memory callers = [lender, cityBank, villageBank, servicer];
        for (uint256 i; i < callers.length; ++i) {
            _disburseBy(callers[i]);
            vm.assertEq(coLending.loanId(), _loanId);
            vm.revertToState(snapshot);
            snapshot = vm.snapshotState();
        }
    }

    function testNobodyElseMay() public {
        address[5] memory callers = [borrower, guardian, stranger, outsider, address(ledger)];
        for (uint256 i; i < callers.length; ++i) {
            _expectRefused(
                callers[i],
                _coTerms(),
                abi.encodeWithSelector(ICoLending.CallerNotPermitted.selector, callers[i])
            );
        }
    }

    function testAMemberWithoutAllowanceHoldsItUp() public {
        vm.prank(villageBank);
        token.approve(address(coLending), 99_999);
        _expectRefused(
            lender,
            _coTerms(),
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector,
                address(coLending),
                99_999,
                100_000
            )
        );
        _assertHave(800_000, 300_000, 100_000);
        _assertStatus(_loanId, Status.Approved);
        vm.assertEq(coLending.loanId(), 0);
    }

    function testAMemberWithoutMoneyHoldsItUp() public {
        vm.prank(villageBank);
        token.transfer(stranger, 1);
        _expectRefused(
            lender,
            _coTerms(),
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, villageBank, 99_999, 100_000
            )
        );
        _assertHave(800_000, 300_000, 99_999);
    }

    function testEveryMemberIsAnActiveLender() public {
        _freeze(cityBank);
        _expectNotLender(cityBank);
        _unfreeze(cityBank);
        _setRoles(cityBank, PartyRoles.GUARANTOR);
        _expectNotLender(cityBank);
    }

    function testTheCoLendingIsAnActiveLender() public {
        _freeze(address(coLending));
        _expectRefused(
            lender,
            _coTerms(),
            abi.encodeWithSelector(
                ISettlementToken.PartyNotActive.selector, address(coLending)
            )
        );
        _unfreeze(address(coLending));
        _setRoles(address(coLending), PartyRoles.GUARANTOR);
        _expectRefused(
            lender,
            _coTerms(),
            abi.encodeWithSelector(
                ILedgerErrors.PartyNotActiveAs.selector, address(coLending), PartyRoles.LENDER
            )
        );
    }

    function testThePrincipalIsTheSumOfTheCommitments() public {
        vm.warp(_noon(20260102));
        uint64[2] memory principals = [PRINCIPAL - 1, PRINCIPAL + 1];
        for (uint256 i; i < 2; ++i) {
            LoanTerms memory terms = _coTerms();
            terms.principalMinor = principals[i];
            terms.instalments[2].principalMinor = principals[i] - 800_000;
            _coOriginate(terms);
            vm.warp(_noon(20260105));
            _expectRefused(
                lender,
                terms,
                abi.encodeWithSelector(
                    ICoLending.PrincipalNotCommitted.selector, principals[i], PRINCIPAL
                )
            );
            vm.warp(_noon(20260102));
        }
    }

    function testOnceOnly() public {
        vm.warp(_noon(20260102));
        LoanTerms memory second = _coTerms();
        second.agreement = "L-2026-0002";
        _coOriginate(second);
        vm.warp(_noon(20260105));
        _disburseBy(lender);
        _provide();
        bytes memory reason = abi.encodeWithSelector(ICoLending.AlreadyFunded.selector, _loanId);
        _expectRefused(lender, _coTerms(), reason);
        _expectRefused(lender, second, reason);
        _assertHave(800_000, 300_000, 100_000);
    }

    function testTheBorrowerIsNoMember() public {
        Member[] memory members = _equals();
        members[2].party = borrower;
        _setRoles(borrower, PartyRoles.BORROWER | PartyRoles.LENDER);
        coLending = _created(members);
        _expectRefused(
            lender,
            _coTerms(),
            abi.encodeWithSelector(ICoLending.MemberIsParty.selector, borrower)
        );
    }

    function testTheGuarantorIsNoMember() public {
        LoanTerms memory terms = _coTerms();
        (terms.guarantor, terms.guaranteeMinorMax) = (villageBank, PRINCIPAL);
        _expectRefused(
            lender,
            terms,
            abi.encodeWithSelector(ICoLending.MemberIsParty.selector, villageBank)
        );
    }

    /* THE LEDGER'S OWN RULES HOLD */

    function testOutsideTheWindow() public {
        vm.warp(_lastSecond(20260110) + 1);
        _expectRefused(
            lender,
            _coTerms(),
            abi.encodeWithSelector(
                ILedgerErrors.DisbursementOutsideWindow.selector,
                uint32(20260105),
                uint32(20260110)
            )
        );
        _assertHave(800_000, 300_000, 100_000);
    }

    function testTermsThatAreNoLoan() public {
        LoanTerms memory terms = _coTerms();
        terms.agreement = "L-2026-0002";
        _expectRefused(
            lender,
            terms,
            abi.encodeWithSelector(
                ILedgerErrors.LoanUnknown.selector, ledger.idOf(_witness(terms))
            )
        );
    }

    /// @dev Not even where this contract were let to disburse anybody's loan.
    function testAnothersLoan() public {
        vm.warp(_noon(20260102));
        LoanTerms memory terms = _terms();
        _originate(terms);
        vm.prank(admin);
        authority.grantRole(SERVICER, address(coLending), 0);
        vm.warp(_noon(20260105));
        _fundForLedger(lender, PRINCIPAL);
        _expectRefused(
            lender, terms, abi.encodeWithSelector(ICoLending.LenderIsAnother.selector, lender)
        );
    }

    /// @dev Past this contract there is nothing to take: it holds no money and allows none.
    function testNotAtTheLedgerItself() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(ledger), 0, PRINCIPAL
            )
        );
        vm.prank(servicer);
        ledger.disburse(_witness(_coTerms()), _agreement(_coTerms()));
    }

    /// @dev What came here by mistake is the members' already, and funds nothing.
    function testMoneyThatLiesHereStays() public {
        _fund(stranger, 11);
        vm.prank(stranger);
        token.transfer(address(coLending), 11);
        _disburseBy(lender);
        _assertHave(0, 0, 0);
        _assertOwed(7, 3, 1);
    }

    /* STEPS */

    function _disburseBy(address caller) private {
        vm.prank(caller);
        coLending.disburse(_witness(_coTerms()), _agreement(_coTerms()));
    }

    function _expectRefused(address caller, LoanTerms memory terms, bytes memory reason) private {
        (bytes memory witness, bytes memory agreement) = (_witness(terms), _agreement(terms));
        vm.expectRevert(reason);
        vm.prank(caller);
        coLending.disburse(witness, agreement);
    }

    function _expectNotLender(address member) private {
        _expectRefused(
            lender,
            _coTerms(),
            abi.encodeWithSelector(ICoLending.MemberNotLender.selector, member)
        );
    }
}
