#!/usr/bin/env node
// npm's WebAssembly solc behind the two calls of a native one that py-solc-x and forge make:
//   solc.cjs --version
//   solc.cjs --standard-json [--base-path DIR]   (input on stdin; imports are read below DIR)
// and two of its own:
//   solc.cjs --standard-json --smt-solver PYTHON SCRIPT   (it answers the SMTChecker's queries)
//   solc.cjs --lines [--base-path DIR]   (a JSON input a line, an output a line: a warm compiler)
"use strict";

const { spawnSync } = require("node:child_process");
const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { createInterface } = require("node:readline");
const solc = require("solc");

const options = process.argv.slice(2);
const valueOf = (name) => (options.includes(name) ? options[options.indexOf(name) + 1] : undefined);

const base = valueOf("--base-path") ?? ".";
const callbacks = {
  import: (source) => {
    const path = join(base, source);
    return existsSync(path) ? { contents: readFileSync(path, "utf8") } : { error: `no file ${path}` };
  },
};
if (options.includes("--smt-solver")) {
  const [python, script] = options.slice(options.indexOf("--smt-solver") + 1);
  callbacks.smtSolver = (query) => {
    const answer = spawnSync(python, [script], { input: query, encoding: "utf8" });
    return answer.status === 0 ? { contents: answer.stdout } : { error: answer.stderr };
  };
}

if (options.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler\nVersion: ${solc.version()}\n`);
} else if (options.includes("--standard-json")) {
  process.stdout.write(solc.compile(readFileSync(0, "utf8"), callbacks));
} else if (options.includes("--lines")) {
  createInterface({ input: process.stdin }).on("line", (line) => {
    process.stdout.write(`${solc.compile(line, callbacks)}\n`);
  });
} else {
  process.stderr.write("solc.cjs understands --version and --standard-json\n");
  process.exitCode = 2;
}
