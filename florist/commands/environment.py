"""The FLORA client that the environment describes."""

from florist.api import FloraAPI
from florist.settings import FloraSettings

PATIENCE = 20.0
"""Seconds that a person at a terminal waits for an answer of FLORA before they are told what is wrong."""


def flora_client(*, total_timeout: float = 120.0) -> FloraAPI:
    """Return a client for FLORA_API_KEY, FLORA_BASE_URL and FLORA_WORKSPACE_ID.

    Args:
        total_timeout: seconds one call may take with all its retries.

    Raises:
        ConfigurationError: FLORA_API_KEY is not set.
    """
    settings = FloraSettings()
    return FloraAPI(
        api_key=settings.required_api_key(),
        base_url=settings.base_url,
        workspace_id=settings.workspace_id,
        total_timeout=total_timeout,
    )
