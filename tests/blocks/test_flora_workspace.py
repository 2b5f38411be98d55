import logging

import pytest

from blocks import FloraWorkspace
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.errors import ConfigurationError

KEY = "sk_test_block_4f81"


@pytest.fixture
def workspace():
    return FloraWorkspace(api_key=KEY, base_url="http://127.0.0.1:1/api/v1", workspace_id="ws_1")


@pytest.mark.parametrize(
    "shown",
    [repr, str, lambda block: block.model_dump_json(), lambda block: repr(block.model_dump())],
    ids=["repr", "str", "json", "dump"],
)
def test_workspace_shown_anywhere_keeps_its_key(workspace, shown):
    assert KEY not in shown(workspace)


def test_workspace_logged_keeps_its_key(workspace, caplog):
    logging.getLogger("florist.tests").error("%s %r", workspace, workspace)
    assert KEY not in caplog.text


def test_workspace_saved_hands_its_key_to_prefect_alone(workspace):
    saved = workspace.model_dump(mode="json", context={"include_secrets": True})
    assert saved["api_key"] == KEY


def test_workspace_identity_tells_keys_apart_without_telling_them(workspace):
    other = workspace.model_copy(update={"api_key": FloraWorkspace(api_key="sk_test_other").api_key})
    assert KEY not in repr(workspace.identity)
    assert workspace.identity != other.identity


async def test_client_of_workspace_talks_to_its_address(tmp_path):
    with SandboxServer(tmp_path, Settings()) as sandbox:
        workspace = FloraWorkspace(api_key=sandbox.api_key, base_url=sandbox.base_url)
        async with workspace.get_client() as flora:
            technique = await flora.techniques.retrieve("headline-writer")
    assert technique.run_cost_usd


async def test_client_of_workspace_takes_options(workspace):
    async with workspace.get_client(timeout=3.0) as flora:
        assert (flora.base_url, flora.workspace_id) == (workspace.base_url, "ws_1")


def test_workspace_from_environment_takes_all_three(monkeypatch):
    monkeypatch.setenv("FLORA_API_KEY", KEY)
    monkeypatch.setenv("FLORA_BASE_URL", "http://127.0.0.1:8787/api/v1")
    monkeypatch.setenv("FLORA_WORKSPACE_ID", "ws_2")
    found = FloraWorkspace.from_environment()
    assert (found.api_key.get_secret_value(), found.base_url, found.workspace_id) == (
        KEY,
        "http://127.0.0.1:8787/api/v1",
        "ws_2",
    )


def test_workspace_from_environment_without_key_says_what_to_set(monkeypatch):
    monkeypatch.delenv("FLORA_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="FLORA_API_KEY"):
        FloraWorkspace.from_environment()
