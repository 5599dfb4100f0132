// Second opinion and test runner: same compiler, settings and bytecode as scripts/compile_contracts.py.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "hardhat/config";

const compiler = JSON.parse(readFileSync(new URL("contracts/compiler.json", import.meta.url), "utf8"));

const solc = {
  version: compiler.version,
  // The compiler comes with npm's `solc`; without a path Hardhat would want to download one.
  path: fileURLToPath(new URL("node_modules/solc/soljson.js", import.meta.url)),
  settings: compiler.settings,
};

// Tests take the contracts from their artifacts and are themselves compiled without the optimizer,
// which would take ten times as long. Only the harnesses around the libraries need it.
const unoptimized = { ...solc, settings: { evmVersion: compiler.settings.evmVersion } };
const tests = readdirSync(new URL("contracts/test/", import.meta.url), { recursive: true })
  .filter((path) => path.endsWith(".sol") && !path.startsWith("harness/"))
  .map((path) => [`contracts/test/${path}`, unoptimized]);

const profile = { compilers: [solc], overrides: Object.fromEntries(tests) };

export default defineConfig({
  solidity: {
    profiles: { default: profile, production: profile },
    splitTestsCompilation: true,
    npmFilesToBuild: Object.values(compiler.bindings).filter((source) => source.startsWith("@")),
  },
  paths: {
    sources: "contracts",
    tests: { solidity: "contracts/test" },
  },
  coverage: { skipFiles: ["contracts/test/**"] },
  test: {
    solidity: {
      fuzz: { runs: 256 },
      invariant: { runs: 32, depth: 64, failOnRevert: true },
    },
  },
});
