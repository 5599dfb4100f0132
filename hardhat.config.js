// Second opinion: the same bytecode as scripts/compile_contracts.py, by another driver of the compiler.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "hardhat/config";

const compiler = JSON.parse(readFileSync(new URL("contracts/compiler.json", import.meta.url), "utf8"));

const solc = {
  version: compiler.version,
  // The compiler comes with npm's `solc`; without a path Hardhat would want to download one.
  path: fileURLToPath(new URL("node_modules/solc/soljson.js", import.meta.url)),
  settings: compiler.settings,
};

const profile = { compilers: [solc] };

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
});
