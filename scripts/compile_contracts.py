"""Compile the contracts and write their bindings into the Python package.

A binding is what Python needs of one contract: its ABI, its bytecode, and by which compiler and
settings both were made. Bindings are committed and shipped, so nobody needs a compiler to run
Tallystick. The compiler is npm's WebAssembly solc, driven by py-solc-x; `contracts/compiler.json`
holds version, settings and the list of bindings for this script and for Hardhat alike.

    python scripts/compile_contracts.py            write backend/tallystick/chain/abi/<Name>.json
    python scripts/compile_contracts.py --check    write nothing; exit 1 if they are out of date
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError
from solcx.wrapper import get_version_str_from_solc_binary

ROOT = Path(__file__).resolve().parent.parent
BINDINGS = ROOT / "backend" / "tallystick" / "chain" / "abi"
OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]

Json = dict[str, Any]


class CompilationFailed(Exception):
    """The compiler could not be run, or it had an error or a warning to tell."""


def compile_bindings(root: Path = ROOT) -> dict[str, str]:
    """Compile `root`'s contracts; return the text of each binding by file name.

    Warnings are errors. Raises CompilationFailed with the compiler's own words.
    """
    compiler = json.loads((root / "contracts" / "compiler.json").read_text())
    solc = root / "scripts" / "solc.cjs"
    version = _version(solc, compiler["version"])
    output = _run(solc, root, compiler)
    made_by = {"compiler": version, "settingsDigest": _digest(compiler["settings"])}
    return {
        f"{name}.json": _text(name, output["contracts"][source][name], made_by)
        for name, source in sorted(compiler["bindings"].items())
    }


def differences(bindings: dict[str, str], directory: Path) -> list[str]:
    """Names of the files in `directory` that are missing, out of date or nobody's."""
    found = {path.name: path.read_text() for path in directory.glob("*.json")}
    return sorted(
        name for name in bindings.keys() | found.keys() if bindings.get(name) != found.get(name)
    )


def write(bindings: dict[str, str], directory: Path) -> list[str]:
    """Make `directory` hold exactly `bindings`; return the names of the files that changed."""
    directory.mkdir(parents=True, exist_ok=True)
    changed = differences(bindings, directory)
    for name in changed:
        path = directory / name
        if name in bindings:
            path.write_text(bindings[name])
        else:
            path.unlink()
    return changed


def _version(solc: Path, expected: str) -> str:
    # Node is a wheel in the virtual environment, next to the Python that runs this script.
    beside_python = Path(sys.executable).parent
    os.environ["PATH"] = os.pathsep.join([str(beside_python), os.environ.get("PATH", "")])
    try:
        version = get_version_str_from_solc_binary(solc)
    except (OSError, SolcError, ValueError) as error:
        raise CompilationFailed(f"cannot run the compiler ({error}); run `make setup`") from error
    if version.split("+")[0] != expected:
        raise CompilationFailed(f"compiler.json wants solc {expected}, package.json has {version}")
    return version


def _run(solc: Path, root: Path, compiler: Json) -> Json:
    own = sorted((root / "contracts").rglob("*.sol"))
    tests = root / "contracts" / "test"
    sources: Json = {
        path.relative_to(root).as_posix(): {"content": path.read_text()}
        for path in own
        if not path.is_relative_to(tests)
    }
    for source in compiler["bindings"].values():
        if source not in sources:
            path = root / "node_modules" / source
            if not path.is_file():
                raise CompilationFailed(f"compiler.json binds {source}, which does not exist")
            sources[source] = {"content": path.read_text()}
    request = {
        "language": "Solidity",
        "sources": sources,
        "settings": compiler["settings"] | {"outputSelection": {"*": {"*": OUTPUTS}}},
    }
    try:
        output: Json = solcx.compile_standard(
            request, base_path=root / "node_modules", solc_binary=solc
        )
    except SolcError as error:
        raise CompilationFailed(f"{error.message}\n{error.stderr_data or ''}".strip()) from error
    if remarks := output.get("errors"):
        raise CompilationFailed("\n".join(remark["formattedMessage"] for remark in remarks))
    return output


def _text(name: str, contract: Json, made_by: Json) -> str:
    evm = contract["evm"]
    binding = {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + evm["bytecode"]["object"],
        "deployedBytecode": "0x" + evm["deployedBytecode"]["object"],
        **made_by,
    }
    return json.dumps(binding, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _digest(settings: Json) -> str:
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def main() -> int:
    """Entry point; returns 0, or 1 if `--check` found a difference or compilation failed."""
    parser = argparse.ArgumentParser(description="Compile the contracts into Python bindings.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    parser.add_argument("--out", type=Path, default=BINDINGS, help="directory of the bindings")
    arguments = parser.parse_args()
    try:
        bindings = compile_bindings()
    except CompilationFailed as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.check:
        stale = differences(bindings, arguments.out)
        for name in stale:
            print(f"{name} is out of date; run `make contracts`", file=sys.stderr)
        return 1 if stale else 0
    changed = write(bindings, arguments.out)
    print(f"{len(bindings)} bindings, {len(changed)} changed{''.join(f' {n}' for n in changed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
