"""An office is founded once, however often, by however many, and however abruptly it is tried."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired

import pytest

from tallystick.chain.deployment import verify
from tallystick.chain.staff_roles import ROLES
from tallystick.office.office import Office, OfficeNotFounded, found_office, open_office
from tallystick.office.settings import Settings, SettingsInvalid, load_settings
from tallystick.office.staff import read_staff
from tests.cli.running import run, run_apart, started

KILLS = 6


@contextmanager
def opened(home: Path) -> Iterator[Office]:
    with open_office(Settings(home=home)) as office:
        yield office


def files_of(home: Path) -> dict[str, bytes]:
    """What makes the office: its keys, its staff, its contracts."""
    found = [*home.glob("keys/*.json"), *home.glob("deployments/*.json")]
    found += [home / "staff.json", home / "keystore-password"]
    return {str(path.relative_to(home)): path.read_bytes() for path in found}


def test_an_office_has_everything(founded_home: Path) -> None:
    with opened(founded_home) as office:
        assert set(office.lanes.staff_names) == {*ROLES, "deployer"}
        for name in office.lanes.staff_names:
            address = office.lanes.address(name)
            assert office.lanes.signer(address).address == address
        assert office.deployment.currency == "CNY"
        verify(office.node, office.deployment)
        assert office.chain is not None
        assert abs((office.chain_now() - datetime.now(UTC)).total_seconds()) < 3600


def test_secrets_are_for_their_owner_only(founded_home: Path) -> None:
    private = [founded_home / "keystore-password", *(founded_home / "keys").glob("*")]
    assert len(private) == 8
    for path in private:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert len((founded_home / "keystore-password").read_text()) == 64


def test_a_new_home_is_for_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    with found_office(Settings(home=home)):
        pass
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_founding_again_changes_nothing(founded_home: Path) -> None:
    before = files_of(founded_home)
    told = run("init", "--json", home=founded_home).json
    assert told["api_key"] is None, "it was issued the first time"
    assert told["staff"] == dict(read_staff(founded_home))
    assert files_of(founded_home) == before
    assert "API key" not in run("init", home=founded_home).out


def test_init_tells_what_it_made(tmp_path: Path) -> None:
    told = run("init", "--json", home=tmp_path / "home").json
    assert set(told) == {"home", "chain_id", "currency", "contracts", "staff", "api_key"}
    assert told["api_key"].startswith("tsk_")
    assert told["chain_id"] == 31337
    assert len({*told["contracts"].values(), *told["staff"].values()}) == 11
    keys = run("key", "list", "--json", home=tmp_path / "home").json
    assert [(key["name"], key["role"]) for key in keys] == [("first-admin", "admin")]


def test_another_currency(tmp_path: Path) -> None:
    env = {"TALLYSTICK_CURRENCY": "JPY"}
    assert run("init", "--json", home=tmp_path / "home", env=env).json["currency"] == "JPY"
    # What was founded stays what it is.
    assert run("init", "--json", home=tmp_path / "home").json["currency"] == "JPY"


def test_a_password_of_ones_own(tmp_path: Path) -> None:
    home = tmp_path / "home"
    env = {"TALLYSTICK_KEYSTORE_PASSWORD": "correct horse"}
    assert run("init", home=home, env=env).code == 0
    assert not (home / "keystore-password").exists()
    run("loan", "list", "--json", home=home).refused(5, "keystore_password_missing")
    assert run("loan", "list", home=home, env=env).code == 0
    assert all("correct horse" not in path.read_text() for path in home.rglob("*.json"))


def test_several_found_the_same_home_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ThreadPoolExecutor(3) as pool:
        told = [one.result() for one in [pool.submit(run_apart, "init", "--json", home=home)
                                         for _ in range(3)]]  # fmt: skip
    answers = [one.json for one in told]
    assert sum(answer["api_key"] is not None for answer in answers) == 1
    for answer in answers:
        assert {**answer, "api_key": None} == {**answers[0], "api_key": None}
    assert run("reconcile", home=home).code in (0, 5)
    with opened(home) as office:
        verify(office.node, office.deployment)


def _founding_seconds(home: Path) -> float:
    """From when it has begun to its end, on this machine as busy as it is."""
    with started("init", "--json", home=home) as process:
        while not home.exists() and process.poll() is None:
            pass
        begun = time.monotonic()
        process.communicate()
    return time.monotonic() - begun


def test_founding_is_killed_and_tried_again(tmp_path: Path) -> None:
    """At any moment; what was made by then is kept or made anew, and fits together."""
    random = Random(5)
    whole = _founding_seconds(tmp_path / "undisturbed")
    home = tmp_path / "home"
    was_begun = set()
    for _ in range(KILLS):
        with started("init", "--json", home=home) as process:
            # Most of the time goes into loading the program: kill from when it has begun.
            while not home.exists() and process.poll() is None:
                pass
            with suppress(TimeoutExpired):
                process.wait(random.uniform(0.0, whole))
            process.send_signal(signal.SIGKILL)
            process.communicate()
        was_begun |= {path.name for path in home.iterdir()}
    assert "keystore-password" in was_begun
    told = run("init", "--json", home=home).json
    staff = read_staff(home)
    assert told["staff"] == dict(staff)
    with opened(home) as office:
        verify(office.node, office.deployment)
        for name, address in staff.items():
            assert office.lanes.signer(address).address == address, name
    assert json.loads((home / "staff.json").read_text()) == dict(staff)
    told_party = run("party", "register", "0x" + "ab" * 20, "--role", "lender", "--name", "x",
                     "--json", home=home)  # fmt: skip
    assert told_party.json["status"] == "mined"


def test_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(OfficeNotFounded), opened(tmp_path / "home"):
        pass


# ---------------------------------------------------------------- settings


def test_settings_come_from_the_environment_and_arguments_go_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("TALLYSTICK_")]:
        monkeypatch.delenv(name)
    assert load_settings().home == Path("tallystick-home")
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    monkeypatch.setenv("TALLYSTICK_PORT", "9000")
    assert load_settings().home == tmp_path
    assert load_settings(home=None, port=None).port == 9000
    assert load_settings(port=9001).port == 9001
    assert load_settings().resolved_database_url == f"sqlite:///{tmp_path / 'tallystick.sqlite'}"


def test_settings_keep_their_secrets() -> None:
    secret = "hunter2"
    settings = load_settings(
        keystore_password=secret,
        database_url=f"postgresql://me:{secret}@db.example.com/x",
        chain_url=f"https://me:{secret}@node.example.com",
        mail=f"smtps://me:{secret}@mail.example.com",
    )
    assert secret not in repr(settings)
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(mail=f"smtp://me:{secret}@mail.example.com")
    assert secret not in str(refused.value)
