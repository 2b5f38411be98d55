"""Tells whether Prefect is pointed at a server, without importing Prefect, which takes seconds.

It looks where Prefect looks, and in its order: the environment, `.env`, `prefect.toml`, `pyproject.toml`, the
profile.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from florist.errors import ConfigurationError


class PrefectSettings(BaseSettings):
    """What decides where Prefect's server is. An empty variable counts as unset."""

    model_config = SettingsConfigDict(
        env_prefix="PREFECT_", env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    api_url: str | None = None
    home: Path = Path("~/.prefect")
    profile: str | None = None
    profiles_path: Path | None = None


def named_server() -> str | None:
    """Return the address of the server that flows are run on; None where Prefect would start one of its own.

    Raises:
        ConfigurationError: a file that may name it is no TOML.
    """
    settings = PrefectSettings()
    return (
        settings.api_url
        or _text_in(_tables_of(Path("prefect.toml")), "api", "url")
        or _text_in(_tables_of(Path("pyproject.toml")), "tool", "prefect", "api", "url")
        or _of_profile(settings)
    )


def _of_profile(settings: PrefectSettings) -> str | None:
    tables = _tables_of(settings.profiles_path or settings.home.expanduser() / "profiles.toml")
    active = settings.profile or _text_in(tables, "active")
    return _text_in(tables, "profiles", active, "PREFECT_API_URL") if active else None


def _tables_of(path: Path) -> object:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path.absolute()} may name Prefect's server, and cannot be read ({error}): mend it, or set "
            "PREFECT_API_URL"
        ) from error


def _text_in(tables: object, *names: str) -> str | None:
    for name in names:
        tables = tables.get(name) if isinstance(tables, Mapping) else None
    return tables if isinstance(tables, str) and tables else None
