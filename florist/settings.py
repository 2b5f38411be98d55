"""What the environment says of FLORA: FLORA_API_KEY, FLORA_BASE_URL, FLORA_WORKSPACE_ID and so on."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from florist.errors import ConfigurationError

FLORA_BASE_URL = "https://app.flora.ai/api/v1"


class FloraSettings(BaseSettings):
    """FLORA's settings in the environment. An empty variable counts as unset."""

    model_config = SettingsConfigDict(env_prefix="FLORA_", env_ignore_empty=True, extra="ignore")

    api_key: SecretStr | None = None
    base_url: str = FLORA_BASE_URL
    workspace_id: str | None = None
    callback_url: str | None = None
    project_id: str | None = None

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
