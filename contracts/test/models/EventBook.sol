// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ILedgerEvents, RepaymentKind, Status} from "../../interfaces/ILoanLedger.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {Vm} from "../Test.sol";

/// @title EventBook
/// @notice What a reader of logs alone knows of loans and money: the second half of the tally. Refuses
/// a lifecycle that goes back.
contract EventBook {
    struct LoanSums {
        Status status;
        RepaymentKind lastKind;
        address borrower;
        address guarantor;
        address assignee;
        uint256 assignmentCount;
        bool isMandateRevoked;
        bool isAccelerated;
        bool isCollateralReleased;
        uint256 disbursed;
        uint256 paid;
        uint256 withdrawn;
        uint256 applied;
        uint256 released;
        uint256 controlledIn;
        uint256 controlledOut;
        uint256 collected;
        uint256 guaranteed;
        uint256 reimbursed;
        uint256 penalty;
        uint256 interest;
        uint256 principal;
        uint256 fee;
        uint256 carriedIn;
        uint256 carriedOut;
    }

    address private immutable TOKEN;

    mapping(bytes32 loanId => LoanSums) private _loans;
    mapping(bytes32 loanId => mapping(bytes32 purpose => uint256)) public paidFor;
    mapping(bytes32 loanId => mapping(bytes32 contentHash => uint256)) public noticesOf;
    mapping(address party => uint256) public balance;
    mapping(address party => uint256) public held;
    uint256 public minted;
    uint256 public burned;
    uint256 public totalHeld;
    bool public isPaused;
    /// @notice What the ledger's and the bank's events say moved, what of it was held without moving,
    /// and what the token says moved.
    uint256 public told;
    uint256 public heldInPlace;
    uint256 public moved;

    constructor(address token) {
        TOKEN = token;
    }

    function loanOf(bytes32 loanId) external view returns (LoanSums memory) {
        return _loans[loanId];
    }

    function read(Vm.Log[] calldata logs) external {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == TOKEN) _readMoney(logs[i]);
            else if (!_readLife(logs[i]) && !_readProceeds(logs[i])) _readRest(logs[i]);
        }
    }

    function _readMoney(Vm.Log calldata log) private {
        bytes32 topic = log.topics[0];
        if (topic == IERC20.Transfer.selector) {
            uint256 amount = abi.decode(log.data, (uint256));
            (address from, address to) = (_address(log.topics[1]), _address(log.topics[2]));
            if (from != address(0)) balance[from] -= amount;
            if (to != address(0)) balance[to] += amount;
            moved += amount;
        } else if (topic == ISettlementToken.Minted.selector) {
            minted += abi.decode(log.data, (uint256));
            told += abi.decode(log.data, (uint256));
        } else if (topic == ISettlementToken.Burned.selector) {
            burned += abi.decode(log.data, (uint256));
            told += abi.decode(log.data, (uint256));
        }
    }

    /// @dev The lifecycle as events tell it.
    function _readLife(Vm.Log calldata log) private returns (bool) {
        bytes32 topic = log.topics[0];
        if (log.topics.length < 2) return false;
        LoanSums storage loan = _loans[log.topics[1]];
        if (topic == ILedgerEvents.LoanOriginated.selector) {
            _advance(loan, Status.None, Status.Approved);
            loan.borrower = _address(log.topics[3]);
        } else if (topic == ILedgerEvents.SignatureRevoked.selector) {
            _advance(loan, Status.None, Status.Revoked);
        } else if (topic == ILedgerEvents.LoanCancelled.selector) {
            _advance(loan, Status.Approved, Status.Cancelled);
        } else if (topic == ILedgerEvents.FundsDisbursed.selector) {
            _advance(loan, Status.Approved, Status.Active);
            loan.disbursed += abi.decode(log.data, (uint256));
            told += abi.decode(log.data, (uint256));
        } else if (topic == ILedgerEvents.LoanAccelerated.selector) {
            require(loan.status == Status.Active && !loan.isAccelerated, "accelerated twice");
            loan.isAccelerated = true;
        } else if (topic == ILedgerEvents.LoanRestructured.selector) {
            _readRestructuring(loan, _loans[log.topics[2]], log.data);
        } else if (topic == ILedgerEvents.LoanWrittenOff.selector) {
            _advance(loan, Status.Active, Status.WrittenOff);
        } else if (topic == ILedgerEvents.LoanClosed.selector) {
            bool isLive = loan.status == Status.Active || loan.status == Status.WrittenOff;
            require(isLive, "closed twice");
            loan.status = Status.Closed;
        } else {
            return false;
        }
        return true;
    }

    function _readRestructuring(
        LoanSums storage prior,
        LoanSums storage loan,
        bytes calldata data
    ) private {
        _advance(prior, Status.Active, Status.Restructured);
        _advance(loan, Status.Approved, Status.Active);
        (,, uint256 principal, uint256 controlled) =
            abi.decode(data, (uint256, uint256, uint256, uint256));
        prior.carriedOut += principal;
        loan.carriedIn += principal;
        prior.controlledOut += controlled;
        loan.controlledIn += controlled;
    }

    function _readProceeds(Vm.Log calldata log) private returns (bool) {
        bytes32 topic = log.topics[0];
        if (log.topics.length < 2) return false;
        LoanSums storage loan = _loans[log.topics[1]];
        if (topic == ILedgerEvents.ProceedsPaid.selector) {
            (uint256 amount,) = abi.decode(log.data, (uint256, bytes32));
            loan.paid += amount;
            told += amount;
            paidFor[log.topics[1]][log.topics[3]] += amount;
        } else if (topic == ILedgerEvents.ProceedsWithdrawn.selector) {
            loan.withdrawn += abi.decode(log.data, (uint256));
            told += abi.decode(log.data, (uint256));
        } else if (topic == ILedgerEvents.RepaymentReceived.selector) {
            _readRepayment(loan, log.data);
        } else if (topic == ILedgerEvents.ControlledReleased.selector) {
            require(loan.status == Status.Closed, "released from an open loan");
            loan.released += abi.decode(log.data, (uint256));
            told += abi.decode(log.data, (uint256));
        } else if (topic == ILedgerEvents.CollateralReleased.selector) {
            require(loan.status == Status.Closed, "collateral of an open loan");
            require(!loan.isCollateralReleased, "collateral released twice");
            loan.isCollateralReleased = true;
        } else if (topic == ILedgerEvents.GuarantorReimbursed.selector) {
            loan.reimbursed += abi.decode(log.data, (uint256));
            loan.guarantor = _address(log.topics[2]);
            told += abi.decode(log.data, (uint256));
        } else {
            return false;
        }
        return true;
    }

    function _readRest(Vm.Log calldata log) private {
        bytes32 topic = log.topics[0];
        if (topic == ILedgerEvents.MandateRevoked.selector) {
            _loans[log.topics[1]].isMandateRevoked = true;
        } else if (topic == ILedgerEvents.ClaimAssigned.selector) {
            LoanSums storage loan = _loans[log.topics[1]];
            (uint256 price, uint256 count) = abi.decode(log.data, (uint256, uint256));
            require(count == loan.assignmentCount + 1, "assignments out of turn");
            (loan.assignmentCount, loan.assignee) = (count, _address(log.topics[3]));
            told += price;
        } else if (topic == ILedgerEvents.PayoutHeld.selector) {
            uint256 amount = abi.decode(log.data, (uint256));
            address party = _address(log.topics[2]);
            held[party] += amount;
            totalHeld += amount;
            if (_isHeldInPlace(_loans[log.topics[1]], party)) heldInPlace += amount;
        } else if (topic == ILedgerEvents.PayoutClaimed.selector) {
            uint256 amount = abi.decode(log.data, (uint256));
            held[_address(log.topics[1])] -= amount;
            totalHeld -= amount;
            told += amount;
        } else if (topic == ILedgerEvents.NoticeServed.selector) {
            ++noticesOf[log.topics[1]][log.topics[2]];
        } else if (topic == ILedgerEvents.PauseChanged.selector) {
            isPaused = abi.decode(log.data, (bool));
        }
    }

    function _readRepayment(LoanSums storage loan, bytes calldata data) private {
        (RepaymentKind kind, uint256 penalty, uint256 interest, uint256 principal, uint256 fee) =
            abi.decode(data, (RepaymentKind, uint256, uint256, uint256, uint256));
        uint256 amount = penalty + interest + principal + fee;
        require(loan.status == Status.Active || loan.status == Status.WrittenOff, "not live");
        loan.lastKind = kind;
        loan.penalty += penalty;
        loan.interest += interest;
        loan.principal += principal;
        loan.fee += fee;
        if (kind == RepaymentKind.Collect) loan.collected += amount;
        if (kind == RepaymentKind.Guarantee) loan.guaranteed += amount;
        if (kind == RepaymentKind.Controlled) loan.applied += amount;
        told += amount;
    }

    /// @dev Released to the borrower, or repaid to the lender, out of the ledger's own balance.
    function _isHeldInPlace(LoanSums storage loan, address party) private view returns (bool) {
        if (party == loan.borrower) return true;
        return party != loan.guarantor && loan.lastKind == RepaymentKind.Controlled;
    }

    function _advance(LoanSums storage loan, Status from, Status to) private {
        require(loan.status == from, "lifecycle");
        loan.status = to;
    }

    function _address(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
