"""What a user installs: the wheel holds the whole package, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BACKEND = ROOT / "backend"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built as `make wheel` does."""
    dist = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(dist)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = dist.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    package = {
        path.relative_to(BACKEND).as_posix()
        for path in (BACKEND / "tallystick").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert "tallystick/py.typed" in shipped
    assert "tallystick/chain/abi/LoanLedger.json" in shipped
    assert shipped == package


def test_the_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]

    assert "tallystick = tallystick.cli.main:main" in wheel.read(entry_points).decode()


def test_the_installed_package_finds_its_bindings(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    look = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from importlib.resources import files\n"
        "package = files('tallystick')\n"
        "assert str(package).startswith(sys.argv[1]), package\n"
        "print(*sorted(each.name for each in (package / 'chain' / 'abi').iterdir()))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", look, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    committed = sorted(path.name for path in (BACKEND / "tallystick/chain/abi").iterdir())
    assert done.stdout.split() == committed
