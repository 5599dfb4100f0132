// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Compiled for the tests, which deploy it from its artifact.
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol"; // solhint-disable-line no-unused-import
