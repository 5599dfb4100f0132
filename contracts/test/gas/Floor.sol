// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";

/// @title Floor
/// @notice The least that recording a repayment can cost: one transfer of the permissioned token, one
/// slot and one event. Knows no terms and checks nothing.
contract Floor {
    event Repaid(bytes32 indexed loanId, address indexed payer, uint256 amountMinor);

    ISettlementToken private immutable TOKEN;

    mapping(bytes32 loanId => uint256) public repaidMinor;

    constructor(ISettlementToken token) {
        TOKEN = token;
    }

    function repay(bytes32 loanId, address lender, uint256 amountMinor) external {
        repaidMinor[loanId] += amountMinor;

        emit Repaid(loanId, msg.sender, amountMinor);

        TOKEN.transferFrom(msg.sender, lender, amountMinor);
    }
}
