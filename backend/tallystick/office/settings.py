"""Settings of one house: where it keeps its things and which parts of the world it talks to.

Every setting is read from the environment as `TALLYSTICK_<NAME>`; the command line goes before it. The
defaults run everything on this machine: SQLite, an embedded chain, mail into a folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tallystick.kernel.errors import Invalid


class SettingsInvalid(Invalid):
    """A setting is wrong; `field` is the environment variable."""

    title = "Setting invalid"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="TALLYSTICK_", extra="ignore", frozen=True
    )

    home: Path = Field(
        Path("tallystick-home"), description="folder of keys, deployment records, database and mail"
    )
    database_url: str = Field("", description="SQLAlchemy URL; empty is SQLite in the home")
    chain_url: str = Field(
        "", description="http(s):// or ipc:// address of a node; empty is the embedded chain"
    )
    chain_kind: Literal["auto", "anvil", "eth-tester"] = Field(
        "auto", description="which embedded chain; auto takes anvil where it is installed"
    )
    poa: bool = Field(False, description="the chain is proof of authority (longer extraData)")
    finality: str = Field(
        "immediate", description="immediate, finalized, or a number of confirmations"
    )
    keystore_password: str = Field(
        "", description="opens the keystore; empty reads the file keystore-password in the home"
    )
    mail: str = Field("folder", description="folder (mail/ in the home) or smtp://host:port")
    mail_from: str = Field("notices@tallystick.invalid", description="sender of notices")
    currency: str = Field("CNY", description="ISO 4217 code of the settlement token")
    host: str = Field("127.0.0.1", description="address the API listens on")
    port: int = Field(8000, ge=0, le=65535, description="port the API listens on; 0 picks one")

    @field_validator("finality")
    @classmethod
    def _known_finality(cls, value: str) -> str:
        if value in ("immediate", "finalized") or (value.isdigit() and int(value) > 0):
            return value
        raise ValueError("must be immediate, finalized, or a number of confirmations")

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'tallystick.sqlite').absolute()}"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, with `overrides` (None means not given) before it.

    Raises SettingsInvalid.
    """
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors()[0]
        name = f"TALLYSTICK_{str(first['loc'][0]).upper()}"
        raise SettingsInvalid(f"{name}: {first['msg']}.", field=name) from None
