"""The block that knows a FLORA workspace: its key, its address, its id."""

from typing import Any

from prefect.blocks.abstract import CredentialsBlock
from pydantic import Field, SecretStr

from blocks.appearance import DOCUMENTATION_URL, FLORA_LOGO_URL
from florist.api import FloraAPI, key_fingerprint
from florist.settings import FLORA_BASE_URL, FloraSettings


class FloraWorkspace(CredentialsBlock):
    """A FLORA workspace that runs are started and paid in.

    Example:
        Price a technique:

        ```python
        from blocks import FloraWorkspace

        workspace = FloraWorkspace.load("BLOCK_NAME")
        async with workspace.get_client() as flora:
            technique = await flora.techniques.retrieve("cctv-cam")
        print(technique.run_cost_usd)
        ```
    """

    _block_type_name = "FLORA Workspace"
    _block_type_slug = "flora-workspace"
    _logo_url = FLORA_LOGO_URL
    _documentation_url = DOCUMENTATION_URL
    _description = "A FLORA workspace: the API key that pays for technique runs, and where it is used."

    api_key: SecretStr = Field(title="API Key", description="FLORA's API key, sk_live_… or sk_test_….")
    base_url: str = Field(
        default=FLORA_BASE_URL,
        title="Base URL",
        description="Where the API answers; change it only to point at a sandbox, such as http://127.0.0.1:8787/api/v1.",
    )
    # Empty rather than None: Prefect's form shows an Optional as two tabs.
    workspace_id: str = Field(
        default="",
        title="Workspace ID",
        description="The workspace's id, ws_…, where assets go; empty: the key's first workspace.",
    )

    callback_url: str = Field(
        default="",
        title="Callback URL",
        description="https address of a webhook receiver that FLORA tells when a run has ended; empty: none.",
    )

    project_id: str = Field(
        default="",
        title="Project ID",
        description="The project that FLORA files generations in, prj_…; empty: the oldest one.",
    )

    @classmethod
    def from_environment(cls) -> "FloraWorkspace":
        """Return the workspace that FLORA_API_KEY, FLORA_BASE_URL and FLORA_WORKSPACE_ID describe.

        Raises:
            ConfigurationError: FLORA_API_KEY is not set.
        """
        settings = FloraSettings()
        return cls(
            api_key=settings.required_api_key(),
            base_url=settings.base_url,
            workspace_id=settings.workspace_id or "",
            callback_url=settings.callback_url or "",
            project_id=settings.project_id or "",
        )

    @property
    def identity(self) -> tuple[str, str, str | None]:
        """What tells this workspace and key from others, without telling the key."""
        return self.base_url, key_fingerprint(self.api_key), self.workspace_id or None

    def get_client(self, **options: Any) -> FloraAPI:
        """Return a client of its own for a script: `async with workspace.get_client() as flora`.

        Args:
            options: passed on to `FloraAPI`.
        """
        workspace_id = self.workspace_id or None
        return FloraAPI(api_key=self.api_key, base_url=self.base_url, workspace_id=workspace_id, **options)
