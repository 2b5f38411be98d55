"""Prefect's server, asked before a flow asks it: a wrong address is told in words."""

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

from florist.errors import ConfigurationError


async def check_server() -> None:
    """Make sure that there is a server for Prefect, and that it answers.

    Raises:
        ConfigurationError: it does not, or Prefect would start a temporary one.
    """
    api_url = PREFECT_API_URL.value()
    if api_url is None:
        raise ConfigurationError("Prefect's settings name no server: set PREFECT_API_URL")
    async with get_client() as client:
        error = await client.api_healthcheck()
    if error is not None:
        raise ConfigurationError(
            f"no Prefect server answers at {api_url}: start one with `prefect server start`, mend "
            "PREFECT_API_URL, or unset it to run without Prefect"
        ) from error
