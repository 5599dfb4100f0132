#!/usr/bin/env node
// npm's WebAssembly solc behind the two calls of a native one that py-solc-x makes:
//   solc.cjs --version
//   solc.cjs --standard-json [--base-path DIR]   (input on stdin; imports are read below DIR)
"use strict";

const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const solc = require("solc");

const options = process.argv.slice(2);

if (options.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler\nVersion: ${solc.version()}\n`);
} else if (options.includes("--standard-json")) {
  const base = options.includes("--base-path") ? options[options.indexOf("--base-path") + 1] : ".";
  const readImport = (source) => {
    const path = join(base, source);
    return existsSync(path) ? { contents: readFileSync(path, "utf8") } : { error: `no file ${path}` };
  };
  process.stdout.write(solc.compile(readFileSync(0, "utf8"), { import: readImport }));
} else {
  process.stderr.write("solc.cjs understands --version and --standard-json\n");
  process.exitCode = 2;
}
