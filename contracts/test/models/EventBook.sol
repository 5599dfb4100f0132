// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ILoanLedger, Status} from "../../interfaces/ILoanLedger.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {Vm} from "../Test.sol";

/// @title EventBook
/// @notice What a reader of logs alone knows of loans and money: the second half of the tally.
contract EventBook {
    struct LoanSums {
        Status status;
        uint256 disbursed;
        uint256 paid;
        uint256 withdrawn;
        uint256 released;
        uint256 repaid;
        uint256 penalty;
        uint256 interest;
        uint256 principal;
    }

    address private immutable TOKEN;

    mapping(bytes32 loanId => LoanSums) private _loans;
    mapping(bytes32 loanId => mapping(bytes32 purpose => uint256)) public paidFor;
    mapping(address party => uint256) public balance;
    mapping(address party => uint256) public held;
    uint256 public minted;
    uint256 public burned;
    uint256 public totalHeld;

    constructor(address token) {
        TOKEN = token;
    }

    function loanOf(bytes32 loanId) external view returns (LoanSums memory) {
        return _loans[loanId];
    }

    function read(Vm.Log[] calldata logs) external {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == TOKEN) _readMoney(logs[i]);
            else _readLoan(logs[i]);
        }
    }

    function _readMoney(Vm.Log calldata log) private {
        bytes32 topic = log.topics[0];
        if (topic == IERC20.Transfer.selector) {
            uint256 amount = abi.decode(log.data, (uint256));
            (address from, address to) = (_address(log.topics[1]), _address(log.topics[2]));
            if (from != address(0)) balance[from] -= amount;
            if (to != address(0)) balance[to] += amount;
        } else if (topic == ISettlementToken.Minted.selector) {
            minted += abi.decode(log.data, (uint256));
        } else if (topic == ISettlementToken.Burned.selector) {
            burned += abi.decode(log.data, (uint256));
        }
    }

    function _readLoan(Vm.Log calldata log) private {
        bytes32 topic = log.topics[0];
        LoanSums storage loan = _loans[log.topics[1]];
        if (topic == ILoanLedger.LoanOriginated.selector) {
            _advance(loan, Status.None, Status.Approved);
        } else if (topic == ILoanLedger.FundsDisbursed.selector) {
            _advance(loan, Status.Approved, Status.Active);
            loan.disbursed += abi.decode(log.data, (uint256));
        } else if (topic == ILoanLedger.ProceedsPaid.selector) {
            (uint256 amount,) = abi.decode(log.data, (uint256, bytes32));
            loan.paid += amount;
            paidFor[log.topics[1]][log.topics[3]] += amount;
        } else if (topic == ILoanLedger.ProceedsWithdrawn.selector) {
            loan.withdrawn += abi.decode(log.data, (uint256));
        } else if (topic == ILoanLedger.RepaymentReceived.selector) {
            _readRepayment(loan, log.data);
        } else if (topic == ILoanLedger.LoanWrittenOff.selector) {
            _advance(loan, Status.Active, Status.WrittenOff);
        } else if (topic == ILoanLedger.LoanClosed.selector) {
            require(loan.status == Status.Active || loan.status == Status.WrittenOff, "closed twice");
            loan.status = Status.Closed;
        } else if (topic == ILoanLedger.ControlledReleased.selector) {
            require(loan.status == Status.Closed, "released from an open loan");
            loan.released += abi.decode(log.data, (uint256));
        } else if (topic == ILoanLedger.PayoutHeld.selector) {
            uint256 amount = abi.decode(log.data, (uint256));
            held[_address(log.topics[2])] += amount;
            totalHeld += amount;
        } else if (topic == ILoanLedger.PayoutClaimed.selector) {
            uint256 amount = abi.decode(log.data, (uint256));
            held[_address(log.topics[1])] -= amount;
            totalHeld -= amount;
        }
    }

    function _readRepayment(LoanSums storage loan, bytes calldata data) private {
        (uint256 amount, uint256 penalty, uint256 interest, uint256 principal,) =
            abi.decode(data, (uint256, uint256, uint256, uint256, bool));
        require(amount == penalty + interest + principal, "parts of a repayment");
        loan.repaid += amount;
        loan.penalty += penalty;
        loan.interest += interest;
        loan.principal += principal;
    }

    /// @dev The lifecycle as an event tells it.
    function _advance(LoanSums storage loan, Status from, Status to) private {
        require(loan.status == from, "lifecycle");
        loan.status = to;
    }

    function _address(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
