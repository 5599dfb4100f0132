"""Settings of one house: where it keeps its things and which parts of the world it talks to.

Every setting is read from the environment as `TALLYSTICK_<NAME>`; the command line goes before it.
The defaults run everything on this machine: SQLite, an embedded chain, mail into a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tallystick.chain.finality import finality_of
from tallystick.chain.staff_roles import Delays
from tallystick.chain.transport import open_transport
from tallystick.delivery.mail import check_mailbox
from tallystick.delivery.opening import open_mailer
from tallystick.kernel.currencies import minor_digits
from tallystick.kernel.errors import Invalid, TallystickError
from tallystick.store.session import open_store

_PREFIX = "TALLYSTICK_"

DELAY_SECONDS_MAX = 30 * 86_400


class SettingsInvalid(Invalid):
    """A setting is wrong; `field` is the environment variable."""

    title = "Setting invalid"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", frozen=True)

    home: Path = Field(
        default=Path("tallystick-home"),
        description="folder of keys, deployment records, database and mail",
    )
    database_url: str = Field(
        default="", repr=False, description="SQLAlchemy URL; empty is SQLite in the home"
    )
    chain_url: str = Field(
        default="",
        repr=False,
        description="http(s):// or ipc:// address of a node; empty is the embedded chain",
    )
    chain_kind: Literal["auto", "anvil", "eth-tester"] = Field(
        default="auto", description="which embedded chain; auto takes anvil where it is installed"
    )
    poa: bool = Field(
        default=False, description="the chain is proof of authority (longer extraData)"
    )
    finality: str = Field(
        default="immediate", description="immediate, finalized, or a number of confirmations"
    )
    keystore_password: str = Field(
        default="",
        repr=False,
        description="opens the keystore; empty reads the file keystore-password in the home",
    )
    mail: str = Field(
        default="folder", repr=False, description="folder (mail/ in the home) or smtp://host:port"
    )
    mail_from: str = Field(default="notices@tallystick.invalid", description="sender of notices")
    admin_delay_seconds: int = Field(
        default=Delays().admin_seconds,
        ge=0,
        le=DELAY_SECONDS_MAX,
        description="from announcing to acting, of the admin of contracts to deploy",
    )
    resume_delay_seconds: int = Field(
        default=Delays().resume_seconds,
        ge=0,
        le=DELAY_SECONDS_MAX,
        description="likewise of who unfreezes and unpauses",
    )
    currency: str = Field(default="CNY", description="ISO 4217 code of the settlement token")
    host: str = Field(default="127.0.0.1", min_length=1, description="address the API listens on")
    port: int = Field(
        default=8000, ge=0, le=65535, description="port the API listens on; 0 picks one"
    )

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'tallystick.sqlite').absolute()}"


_CHECKS: Mapping[str, Callable[[Settings], object]] = {
    "database_url": lambda settings: open_store(settings.resolved_database_url).close(),
    "chain_url": lambda settings: settings.chain_url and open_transport(settings.chain_url, 1.0),
    "finality": lambda settings: finality_of(settings.finality),
    "mail": lambda settings: open_mailer(settings.mail, folder=settings.home).close(),
    "mail_from": lambda settings: check_mailbox(*parseaddr(settings.mail_from)),
    "currency": lambda settings: minor_digits(settings.currency),
}
"""What can be found out about a setting without talking to anybody."""


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, with `overrides` (None means not given) before it.

    Raises SettingsInvalid.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors()[0]
        raise _invalid(str(first["loc"][0]), first["msg"]) from None
    for name, check in _CHECKS.items():
        try:
            check(settings)
        except TallystickError as error:
            raise _invalid(name, error.detail) from error
    return settings


def _invalid(name: str, why: str) -> SettingsInvalid:
    variable = f"{_PREFIX}{name.upper()}"
    return SettingsInvalid(f"{variable}: {why.rstrip('.')}.", field=variable)
