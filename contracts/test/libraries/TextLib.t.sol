// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILibraryHarness} from "../harness/ILibraryHarness.sol";
import {Test} from "../Test.sol";

contract TextLibTest is Test {
    ILibraryHarness private _libraries;

    function setUp() public {
        _libraries = ILibraryHarness(deployArtifact("LibraryHarness", ""));
    }

    function testEveryLengthOfText() public view {
        bytes memory text = "0123456789 abcdefghijklmnopqrs~";
        for (uint256 length; length <= 31; ++length) {
            bytes memory part = new bytes(length);
            for (uint256 i; i < length; ++i) part[i] = text[i];
            vm.assertEq(_libraries.textLength(bytes32(part)), length);
            vm.assertEq(_libraries.textHash(bytes32(part)), keccak256(part));
        }
    }

    function testEveryByteInEveryPlace() public view {
        bytes memory text = "abcdefghijklmnopqrstuvwxyz";
        for (uint256 i; i < text.length - 1; i += 5) {
            for (uint256 char; char < 256; ++char) {
                bytes memory changed = bytes.concat(text);
                changed[i] = bytes1(uint8(char));
                bool isText = char >= 0x20 && char <= 0x7e;
                vm.assertEq(_libraries.textLength(bytes32(changed)), isText ? 26 : 0);
            }
        }
    }

    function testNoByteMayFollowThePadding(uint256 lengthSeed, uint256 placeSeed, uint8 char)
        public
        view
    {
        uint256 length = bound(lengthSeed, 0, 30);
        uint256 place = bound(placeSeed, length + 1, 31);
        bytes memory text = new bytes(32);
        for (uint256 i; i < length; ++i) text[i] = "x";
        text[place] = bytes1(char);
        vm.assertEq(_libraries.textLength(bytes32(text)), char == 0 ? length : 0);
    }

    function testAFullWordIsNoText() public view {
        vm.assertEq(_libraries.textLength("01234567890123456789012345678901"), 0);
        vm.assertEq(_libraries.textLength(bytes32(type(uint256).max)), 0);
        vm.assertEq(_libraries.textLength(0), 0);
    }

    /// @dev Against the definition, character by character.
    function testAnyWordIsATextOrNot(bytes32 word) public view {
        uint256 length;
        while (length < 32 && word[length] >= 0x20 && word[length] <= 0x7e) ++length;
        bool isText = length < 32;
        for (uint256 i = length; i < 32; ++i) isText = isText && word[i] == 0;
        vm.assertEq(_libraries.textLength(word), isText ? length : 0);
    }
}
