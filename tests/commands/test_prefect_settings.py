"""Whether Prefect is pointed at a server is told as Prefect itself would, without importing it."""

from pathlib import Path

import pytest

from florist.commands.prefect_settings import named_server
from florist.errors import ConfigurationError

URL = "http://10.0.0.1:4200/api"
PROFILES = f"""
active = "here"
[profiles.here]
PREFECT_SERVER_EPHEMERAL_ENABLED = "true"
[profiles.there]
PREFECT_API_URL = "{URL}"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Prefect's home, with two profiles; the active one names no server."""
    for name in ("API_URL", "PROFILE", "PROFILES_PATH"):
        monkeypatch.delenv(f"PREFECT_{name}", raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/profiles.toml").write_text(PROFILES)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.mark.parametrize(("value", "found"), [(None, None), ("", None), (URL, URL)])
def test_server_of_the_environment_is_found(monkeypatch: pytest.MonkeyPatch, value: str | None, found: str | None):
    if value is not None:
        monkeypatch.setenv("PREFECT_API_URL", value)
    assert named_server() == found


def test_server_of_the_active_profile_is_found(home: Path):
    (home / "profiles.toml").write_text(PROFILES.replace('"here"', '"there"'))
    assert named_server() == URL


def test_server_of_the_profile_that_the_environment_names_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PREFECT_PROFILE", "there")
    assert named_server() == URL


def test_home_without_profiles_names_no_server(home: Path):
    (home / "profiles.toml").unlink()
    assert named_server() is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", f"PREFECT_API_URL={URL}\n"),
        ("prefect.toml", f'[api]\nurl = "{URL}"\n'),
        ("pyproject.toml", f'[tool.prefect.api]\nurl = "{URL}"\n'),
    ],
)
def test_server_named_beside_the_work_is_found(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)
    assert named_server() == URL


def test_profiles_that_are_no_toml_are_told_with_the_mend(home: Path):
    (home / "profiles.toml").write_text("active = ")
    with pytest.raises(ConfigurationError, match="set PREFECT_API_URL"):
        named_server()
