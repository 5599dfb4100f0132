// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {PartyRegistry} from "../../PartyRegistry.sol";
import {SettlementToken} from "../../SettlementToken.sol";

/// @notice The part of halmos' cheatcodes that the proofs use.
interface Svm {
    function createCalldata(string memory contractName) external returns (bytes memory data);
}

interface Vm {
    function assume(bool condition) external;
    function prank(address sender) external;
}

/// @notice What nobody without a role can do, by whatever call with whatever arguments.
contract AccessProof {
    Svm private constant SVM = Svm(address(uint160(uint256(keccak256("svm cheat code")))));
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant ADMIN = address(0xad);
    address private constant HOLDER = address(0xb0);

    AccessManager private _authority;
    PartyRegistry private _registry;
    SettlementToken private _token;

    function setUp() public {
        _authority = new AccessManager(ADMIN);
        _registry = new PartyRegistry(address(_authority));
        _token = new SettlementToken(
            address(_authority), _registry, "Settlement Yuan", "SCNY", "CNY", 2
        );
        VM.prank(ADMIN);
        _registry.register(HOLDER, PartyRoles.LENDER, 0, "identity");
        VM.prank(ADMIN);
        _token.mint(HOLDER, 1_000, "statement line 1");
    }

    function check_outsidersChangeNoParty(address caller) external {
        bytes32 before = keccak256(abi.encode(_registry.partyOf(HOLDER)));
        _callAnything(caller, address(_registry), "PartyRegistry");
        assert(keccak256(abi.encode(_registry.partyOf(HOLDER))) == before);
        assert(!_registry.isActive(caller));
    }

    function check_outsidersMoveNoMoney(address caller) external {
        _callAnything(caller, address(_token), "SettlementToken");
        assert(_token.totalSupply() == 1_000);
        assert(_token.balanceOf(HOLDER) == 1_000);
    }

    /// @dev Any function of `target` with any arguments; whether it reverts does not matter.
    function _callAnything(address caller, address target, string memory contractName) private {
        VM.assume(caller != ADMIN && caller != address(_authority) && caller != HOLDER);
        bytes memory data = SVM.createCalldata(contractName);
        VM.prank(caller);
        (bool isDone,) = target.call(data);
        isDone;
    }
}
