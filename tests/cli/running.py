"""Runs `tallystick` as its users do: in this process, which is quick, or as a process of its own.

    told = run("loan", "list", home=home)         main() in this process, its output and exit code
    told = run_apart("serve", home=home)          a process; also started, fed and interrupted

The environment holds none of the machine's TALLYSTICK_ settings, and only those a test gives.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import IO, Any
from unittest import mock

from tallystick.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from tallystick.cli.main import main; main()"]
PROCESS_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Told:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output of a command that was done."""
        assert self.code == 0, self
        return json.loads(self.out)

    def refused(self, code: int, kind: str) -> dict[str, Any]:
        """The error, which must be of that type and told in one line too, if asked with --json."""
        assert self.code == code, self
        assert "Traceback" not in self.err, self
        assert len(self.err.splitlines()) == 1, self
        assert f"({kind})" in self.err, self
        error: dict[str, Any] = json.loads(self.out)["error"] if self.out else {}
        if self.out:
            assert error["type"] == kind
            assert " ".join(error["detail"].split()) in self.err
        return error


def environment(home: Path | None = None, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The machine's, with no settings but those told."""
    plain = {name: value for name, value in os.environ.items() if "TALLYSTICK" not in name}
    # Processes start in half the time when the libraries were compiled once.
    plain.pop("PYTHONDONTWRITEBYTECODE", None)
    plain["PYTHONPYCACHEPREFIX"] = str(Path(gettempdir()) / f"tallystick-pycache-{os.getuid()}")
    plain["PYTHONWARNINGS"] = "error"
    if home is not None:
        plain["TALLYSTICK_HOME"] = str(home)
    return {**plain, **(env or {})}


def run(
    *arguments: object,
    home: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Told:
    """Runs the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    handler = signal.getsignal(signal.SIGTERM)
    with (
        mock.patch.dict(os.environ, environment(home, env), clear=True),
        mock.patch.object(sys, "argv", ["tallystick", *map(str, arguments)]),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stderr", err),
    ):
        try:
            main()
            code: Any = 0
        except SystemExit as ended:
            code = ended.code or 0
        finally:
            signal.signal(signal.SIGTERM, handler)
    return Told(code, out.getvalue(), err.getvalue())


def run_apart(
    *arguments: object,
    home: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Told:
    """Runs the command line as a process of its own, to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        check=False,
        env=environment(home, env),
        input=stdin.encode(),
        timeout=PROCESS_SECONDS,
    )
    return Told(done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def started(
    *arguments: object,
    home: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int | IO[bytes] = subprocess.PIPE,
    command: list[str] = COMMAND,
) -> Iterator[subprocess.Popen[bytes]]:
    """The command line as a process that is still running; killed at the end if it still is."""
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        env=environment(home, env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
