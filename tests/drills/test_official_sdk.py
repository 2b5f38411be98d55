"""FLORA's official client, run by node against the sandbox."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from flora_sandbox.catalogue import TECHNIQUES
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings

SCRIPT = Path(__file__).with_name("official_sdk.mjs")
SDK = "@flora-ai/flora@0.11"


@pytest.mark.drill
def test_official_sdk_finds_in_the_sandbox_what_it_expects(tmp_path):
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("needs node and npm")
    subprocess.run([npm, "install", "--silent", SDK], cwd=tmp_path, check=True, timeout=120)
    script = shutil.copy(SCRIPT, tmp_path)

    with SandboxServer(tmp_path / "data", Settings(duration_scale=0.05)) as sandbox:
        done = subprocess.run(
            [node, script, sandbox.base_url, "whsec_sandbox"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=tmp_path,
        )

    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "techniques": len(TECHNIQUES),
        "history": 7,
        "errors": {
            "400": "BadRequestError",
            "401": "AuthenticationError",
            # The SDK has no class of its own for it.
            "402": "APIError",
            "403": "PermissionDeniedError",
            "404": "NotFoundError",
            "409": "ConflictError",
            "429": "RateLimitError",
            "500": "InternalServerError",
        },
        "tampered": "WebhookVerificationError",
        "definition": "tech_keyvisual01",
        "run": "completed",
        "told": True,
        "small": "ready",
        "large": ["ready", 12 * 1024 * 1024],
        "generation": "generation",
    }
