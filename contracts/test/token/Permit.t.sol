// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {Deployment} from "../base/Deployment.sol";

/// @notice Allowances by signature (ERC-2612): a lender or payer needs no tx of its own to allow.
contract PermitTest is Deployment {
    using Strings for address;
    using Strings for uint256;

    IERC20Permit private _permits;
    uint256 private _deadline;

    function setUp() public override {
        super.setUp();
        _permits = IERC20Permit(address(token));
        _deadline = vm.getBlockTimestamp() + 1 hours;
    }

    function testAnyoneMayBringThePermit() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(lenderKey, _digest(address(ledger), 500, 0, _deadline));
        vm.warp(_deadline);
        vm.prank(outsider);
        _permits.permit(lender, address(ledger), 500, _deadline, v, r, s);
        vm.assertEq(token.allowance(lender, address(ledger)), 500);
        vm.assertEq(_permits.nonces(lender), 1);
    }

    function testRevertsAfterTheDeadline() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(lenderKey, _digest(address(ledger), 500, 0, _deadline));
        vm.warp(_deadline + 1);
        vm.expectRevert(
            abi.encodeWithSelector(ERC20Permit.ERC2612ExpiredSignature.selector, _deadline)
        );
        _permits.permit(lender, address(ledger), 500, _deadline, v, r, s);
    }

    function testRevertsTheSecondTime() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(lenderKey, _digest(address(ledger), 500, 0, _deadline));
        _permits.permit(lender, address(ledger), 500, _deadline, v, r, s);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        _permits.permit(lender, address(ledger), 500, _deadline, v, r, s);
    }

    function testRevertsOnAnotherSignerAmountOrSpender() public {
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(strangerKey, _digest(address(ledger), 500, 0, _deadline));
        vm.expectRevert(
            abi.encodeWithSelector(ERC20Permit.ERC2612InvalidSigner.selector, stranger, lender)
        );
        _permits.permit(lender, address(ledger), 500, _deadline, v, r, s);

        (v, r, s) = vm.sign(lenderKey, _digest(address(ledger), 500, 0, _deadline));
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        _permits.permit(lender, address(ledger), 501, _deadline, v, r, s);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        _permits.permit(lender, stranger, 500, _deadline, v, r, s);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        _permits.permit(lender, address(ledger), 500, _deadline + 1, v, r, s);
    }

    function testRevertsOnAnotherChainAndForAnotherToken() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(lenderKey, _digest(address(ledger), 500, 0, _deadline));
        ISettlementToken other = _deployToken(address(authority), registry, "CNY");
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        IERC20Permit(address(other)).permit(lender, address(ledger), 500, _deadline, v, r, s);
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        _permits.permit(lender, address(ledger), 500, _deadline, v, r, s);
    }

    /// @dev As a wallet computes it from the JSON it is shown.
    function _digest(address spender, uint256 amountMinor, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        string memory message = string.concat(
            '"owner":"',
            lender.toHexString(),
            '","spender":"',
            spender.toHexString(),
            '","value":"',
            amountMinor.toString(),
            '","nonce":"',
            nonce.toString(),
            '","deadline":"',
            deadline.toString()
        );
        return vm.eip712HashTypedData(
            string.concat(
                '{"types":{"EIP712Domain":[{"name":"name","type":"string"},'
                '{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},'
                '{"name":"verifyingContract","type":"address"}],"Permit":['
                '{"name":"owner","type":"address"},{"name":"spender","type":"address"},'
                '{"name":"value","type":"uint256"},{"name":"nonce","type":"uint256"},'
                '{"name":"deadline","type":"uint256"}]},"primaryType":"Permit","domain":{'
                '"name":"Settlement Yuan","version":"1","chainId":',
                block.chainid.toString(),
                ',"verifyingContract":"',
                address(token).toHexString(),
                '"},"message":{',
                message,
                '"}}'
            )
        );
    }
}
