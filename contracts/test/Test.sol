// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Vm
/// @notice The part that the tests use of forge's cheatcodes.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    // Accounts and signatures
    function addr(uint256 privateKey) external pure returns (address account);
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function signP256(uint256 privateKey, bytes32 digest) external pure returns (bytes32 r, bytes32 s);
    function publicKeyP256(uint256 privateKey) external pure returns (uint256 x, uint256 y);
    /// @dev Hash of EIP-712 typed data in the JSON form wallets take: a second opinion on the contracts' own.
    function eip712HashTypedData(string calldata typedDataJson) external pure returns (bytes32 digest);
    function label(address account, string calldata name) external;

    // Who calls, and when
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 timestamp) external;
    function roll(uint256 blockNumber) external;
    function chainId(uint256 newChainId) external;
    function getBlockTimestamp() external view returns (uint256 timestamp);

    // State
    function load(address target, bytes32 slot) external view returns (bytes32 word);
    function store(address target, bytes32 slot, bytes32 word) external;
    /// @dev Creation code of a compiled contract.
    function getCode(string calldata contractName) external view returns (bytes memory creationCode);
    function etch(address target, bytes calldata runtimeBytecode) external;
    function snapshotState() external returns (uint256 snapshotId);
    function revertToState(uint256 snapshotId) external returns (bool success);
    function mockCall(address callee, bytes calldata callData, bytes calldata returnData) external;
    function mockCallRevert(address callee, bytes calldata callData, bytes calldata revertData) external;
    function clearMockedCalls() external;

    // What the next call must do
    function expectRevert() external;
    function expectRevert(bytes4 errorSelector) external;
    function expectRevert(bytes calldata revertData) external;
    function expectPartialRevert(bytes4 errorSelector) external;
    function expectEmit() external;
    function expectEmit(address emitter) external;
    function expectCall(address callee, bytes calldata callData) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory logs);

    /// @dev Gas of the last call; in isolation, of the tx it was.
    function snapshotGasLastCall(string calldata name) external returns (uint256 gasUsed);

    // Assertions
    function assume(bool condition) external pure;
    function assertTrue(bool condition) external pure;
    function assertTrue(bool condition, string calldata why) external pure;
    function assertFalse(bool condition) external pure;
    function assertFalse(bool condition, string calldata why) external pure;
    function assertEq(bool left, bool right) external pure;
    function assertEq(bool left, bool right, string calldata why) external pure;
    function assertEq(uint256 left, uint256 right) external pure;
    function assertEq(uint256 left, uint256 right, string calldata why) external pure;
    function assertEq(int256 left, int256 right) external pure;
    function assertEq(int256 left, int256 right, string calldata why) external pure;
    function assertEq(address left, address right) external pure;
    function assertEq(address left, address right, string calldata why) external pure;
    function assertEq(bytes32 left, bytes32 right) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata why) external pure;
    function assertEq(string calldata left, string calldata right) external pure;
    function assertEq(bytes calldata left, bytes calldata right) external pure;
    function assertNotEq(uint256 left, uint256 right) external pure;
    function assertNotEq(address left, address right) external pure;
    function assertNotEq(bytes32 left, bytes32 right) external pure;
    function assertLt(uint256 left, uint256 right) external pure;
    function assertLt(uint256 left, uint256 right, string calldata why) external pure;
    function assertLe(uint256 left, uint256 right) external pure;
    function assertLe(uint256 left, uint256 right, string calldata why) external pure;
    function assertGt(uint256 left, uint256 right) external pure;
    function assertGt(uint256 left, uint256 right, string calldata why) external pure;
    function assertGe(uint256 left, uint256 right) external pure;
    function assertGe(uint256 left, uint256 right, string calldata why) external pure;
}

/// @title Test
/// @notice Base of every test contract. The runner calls `setUp`, then each `test*` (a parameter makes
/// it a fuzz test) and each `invariant*` after runs of random calls into the target contracts.
abstract contract Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev Where the runner answers cheatcodes: the address of keccak256("hevm cheat code").
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    address[] private _targets;
    FuzzSelector[] private _selectors;

    /// @notice Asked by the runner: the contracts that an invariant's random calls go to.
    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    /// @notice Asked by the runner: of these contracts, only these functions are called.
    function targetSelectors() external view returns (FuzzSelector[] memory) {
        return _selectors;
    }

    function targetContract(address target) internal {
        _targets.push(target);
    }

    function targetSelector(FuzzSelector memory selector) internal {
        _selectors.push(selector);
    }

    /// @notice A party's private key and address, the same for the same name.
    function makeKey(string memory name) internal returns (address account, uint256 privateKey) {
        privateKey = uint256(keccak256(bytes(name))) >> 1;
        account = vm.addr(privateKey);
        vm.label(account, name);
    }

    /// @notice Deploys a compiled contract from its artifact.
    function deployArtifact(string memory contractName, bytes memory constructorArguments)
        internal
        returns (address deployed)
    {
        bytes memory creationCode = bytes.concat(vm.getCode(contractName), constructorArguments);
        assembly ("memory-safe") {
            deployed := create(0, add(creationCode, 0x20), mload(creationCode))
        }
        vm.assertNotEq(deployed, address(0));
    }

    /// @notice Fold a fuzzed number into [lowest, highest]; numbers already inside stay as they are.
    function bound(uint256 number, uint256 lowest, uint256 highest) internal pure returns (uint256) {
        require(lowest <= highest, "bound: lowest > highest");
        if (number >= lowest && number <= highest) return number;
        uint256 size = highest - lowest + 1;
        return size == 0 ? number : lowest + (number % size);
    }
}
