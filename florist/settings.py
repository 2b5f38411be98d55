"""What the environment says of FLORA: FLORA_API_KEY, FLORA_BASE_URL, FLORA_WORKSPACE_ID and so on."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from florist.errors import ConfigurationError

FLORA_BASE_URL = "https://app.flora.ai/api/v1"


def _page_address(url: str) -> str:
    """Return the base address of pages, without a slash at its end."""
    parts = urlsplit(url)
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        raise ValueError(
            "give http:// or https:// and a host, such as https://sheets.example.com: no token, no user"
        )
    return url.rstrip("/")


class FloraSettings(BaseSettings):
    """FLORA's settings in the environment. An empty variable counts as unset.

    Attributes:
        gallery_url: FLORIST_GALLERY_URL, the base address of a running `florist serve`, where links lead.
    """

    model_config = SettingsConfigDict(env_prefix="FLORA_", env_ignore_empty=True, extra="ignore")

    api_key: SecretStr | None = None
    base_url: str = FLORA_BASE_URL
    workspace_id: str | None = None
    callback_url: str | None = None
    project_id: str | None = None
    gallery_url: Annotated[str, AfterValidator(_page_address)] | None = Field(
        default=None, validation_alias="FLORIST_GALLERY_URL"
    )

    def required_api_key(self) -> SecretStr:
        """Return the API key.

        Raises:
            ConfigurationError: there is none.
        """
        if self.api_key is None:
            raise ConfigurationError(
                "FLORA_API_KEY is not set: export the key of your FLORA workspace (sk_live_…), "
                "or start `florist sandbox` and use any key that begins with sk_test_"
            )
        return self.api_key
