// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICoLending, Member} from "../../interfaces/ICoLending.sol";
import {ICoLendingFactory} from "../../interfaces/ICoLendingFactory.sol";
import {LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "../base/LoanTest.sol";

/// @title CoLendingTest
/// @notice Base of the tests about several lenders in one loan. Three lenders join in the loan of
/// `LoanTest`: `lender` with 8,000.00, `cityBank` with 3,000.00 and `villageBank` with 1,000.00. In
/// `coLending` they have equal rank.
abstract contract CoLendingTest is LoanTest {
    ICoLendingFactory internal factory;
    ICoLending internal coLending;

    address internal cityBank;
    uint256 internal cityBankKey;
    address internal villageBank;
    uint256 internal villageBankKey;

    function setUp() public virtual override {
        super.setUp();
        (cityBank, cityBankKey) = makeKey("city bank");
        (villageBank, villageBankKey) = makeKey("village bank");
        _register(cityBank, PartyRoles.LENDER, 0);
        _register(villageBank, PartyRoles.LENDER, 0);
        factory = ICoLendingFactory(
            deployArtifact("CoLendingFactory", abi.encode(ledger, registry, token))
        );
        coLending = _created(_equals());
    }

    /* MEMBERS */

    function _equals() internal view returns (Member[] memory members) {
        members = new Member[](3);
        members[0] = Member(lender, 0, 800_000, 0, 800_000);
        members[1] = Member(cityBank, 0, 300_000, 0, 300_000);
        members[2] = Member(villageBank, 0, 100_000, 0, 100_000);
    }

    /// @dev The village bank bears the first loss and gets half of what is left over.
    function _firstLoss() internal view returns (Member[] memory members) {
        members = _equals();
        (members[0].priorityMinor, members[0].share) = (808_000, 1);
        (members[1].priorityMinor, members[1].share) = (303_000, 1);
        (members[2].rank, members[2].priorityMinor, members[2].share) = (1, 100_000, 2);
    }

    function _created(Member[] memory members) internal returns (ICoLending made) {
        made = ICoLending(factory.create(members, "L-2026-0001"));
        _register(address(made), PartyRoles.LENDER, 0);
    }

    /* AGREEMENT */

    function _coTerms() internal view returns (LoanTerms memory terms) {
        terms = _terms();
        terms.lender = address(coLending);
    }

    /// @dev All members' signatures of `digest`, as the co-lending takes them.
    function _jointly(bytes32 digest) internal view returns (bytes memory) {
        return abi.encode(_each(digest));
    }

    function _each(bytes32 digest) internal view returns (bytes[] memory signatures) {
        signatures = new bytes[](3);
        signatures[0] = _sign(lenderKey, digest);
        signatures[1] = _sign(cityBankKey, digest);
        signatures[2] = _sign(villageBankKey, digest);
    }

    function _originateBy(LoanTerms memory terms, bytes memory coLenderSignature)
        internal
        returns (bytes32)
    {
        bytes32 digest = ledger.digestOf(_witness(terms), _agreement(terms));
        return ledger.originate(
            _witness(terms), _agreement(terms), coLenderSignature, _sign(borrowerKey, digest), ""
        );
    }

    function _coOriginate(LoanTerms memory terms) internal returns (bytes32) {
        return _originateBy(terms, _jointly(ledger.digestOf(_witness(terms), _agreement(terms))));
    }

    /* A LOAN'S LIFE */

    /// @dev Every member has its commitment and lets the co-lending take it.
    function _provide() internal {
        Member[] memory members = coLending.members();
        for (uint256 i; i < members.length; ++i) {
            _fund(members[i].party, members[i].commitmentMinor);
            vm.prank(members[i].party);
            token.approve(address(coLending), members[i].commitmentMinor);
        }
    }

    /// @dev Originated today and disbursed at noon of the first day of disbursement.
    function _coDisburse(LoanTerms memory terms) internal returns (bytes32 loanId) {
        loanId = _coOriginate(terms);
        _provide();
        vm.warp(_noon(terms.disburseOn));
        vm.prank(cityBank);
        coLending.disburse(_witness(terms), _agreement(terms));
    }

    /* ASSERTIONS */

    function _assertHave(uint256 lenderMinor, uint256 cityMinor, uint256 villageMinor)
        internal
        view
    {
        vm.assertEq(token.balanceOf(lender), lenderMinor, "lender");
        vm.assertEq(token.balanceOf(cityBank), cityMinor, "city bank");
        vm.assertEq(token.balanceOf(villageBank), villageMinor, "village bank");
    }

    function _assertOwed(uint256 lenderMinor, uint256 cityMinor, uint256 villageMinor)
        internal
        view
    {
        vm.assertEq(coLending.owedMinor(lender), lenderMinor, "lender");
        vm.assertEq(coLending.owedMinor(cityBank), cityMinor, "city bank");
        vm.assertEq(coLending.owedMinor(villageBank), villageMinor, "village bank");
        vm.assertEq(
            token.balanceOf(address(coLending)), lenderMinor + cityMinor + villageMinor, "balance"
        );
    }
}
