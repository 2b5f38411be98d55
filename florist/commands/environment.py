"""The FLORA client that the environment describes."""

from florist.api import FloraClient
from florist.settings import FloraSettings


def flora_client() -> FloraClient:
    """Return a client for FLORA_API_KEY, FLORA_BASE_URL and FLORA_WORKSPACE_ID.

    Raises:
        ConfigurationError: FLORA_API_KEY is not set.
    """
    settings = FloraSettings()
    return FloraClient(
        api_key=settings.required_api_key(), base_url=settings.base_url, workspace_id=settings.workspace_id
    )
