"""Prefect's server, asked before a flow asks it: a wrong address is told in words."""

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

from florist.errors import ConfigurationError


async def check_server() -> None:
    """Make sure that the server Prefect is pointed at answers.

    Raises:
        ConfigurationError: it does not.
    """
    api_url = PREFECT_API_URL.value()
    if api_url is None:  # Prefect starts a temporary one by itself
        return
    async with get_client() as client:
        error = await client.api_healthcheck()
    if error is not None:
        raise ConfigurationError(
            f"no Prefect server answers at {api_url}: start one with `prefect server start`, or mend "
            "PREFECT_API_URL"
        ) from error
