// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Balances that anyone may move: what the tokens below have in common.
abstract contract OpenBalances {
    bytes32 public constant currency = "CNY"; // solhint-disable-line const-name-snakecase

    mapping(address party => uint256) public balanceOf;

    function give(address party, uint256 amountMinor) external {
        balanceOf[party] += amountMinor;
    }

    function allowance(address, address) external pure returns (uint256) {
        return type(uint256).max;
    }

    function _move(address from, address to, uint256 amountMinor) internal {
        balanceOf[from] -= amountMinor;
        balanceOf[to] += amountMinor;
    }
}

/// @notice Moves money and says nothing.
contract QuietToken is OpenBalances {
    function transfer(address to, uint256 amountMinor) external {
        _move(msg.sender, to, amountMinor);
    }

    function transferFrom(address from, address to, uint256 amountMinor) external {
        _move(from, to, amountMinor);
    }
}

/// @notice From some moment on moves nothing, and says so instead of reverting.
contract RefusingToken is OpenBalances {
    bool public isRefusing;

    function refuse() external {
        isRefusing = true;
    }

    function transfer(address to, uint256 amountMinor) external returns (bool) {
        if (!isRefusing) _move(msg.sender, to, amountMinor);
        return !isRefusing;
    }

    function transferFrom(address from, address to, uint256 amountMinor) external returns (bool) {
        if (!isRefusing) _move(from, to, amountMinor);
        return !isRefusing;
    }
}

/// @notice Calls the ledger back, once, before each movement.
contract HookedToken is OpenBalances {
    address private _ledger;
    bytes private _call;
    /// @notice What the last call from inside came to.
    bool public isDone;
    bytes public answer;

    function hook(address ledger, bytes calldata call) external {
        (_ledger, _call) = (ledger, call);
    }

    function transfer(address to, uint256 amountMinor) external returns (bool) {
        _callBack();
        _move(msg.sender, to, amountMinor);
        return true;
    }

    function transferFrom(address from, address to, uint256 amountMinor) external returns (bool) {
        _callBack();
        _move(from, to, amountMinor);
        return true;
    }

    function _callBack() private {
        address ledger = _ledger;
        if (ledger == address(0)) return;
        _ledger = address(0);
        (isDone, answer) = ledger.call(_call);
    }
}
