"""The workspaces an API key can reach."""

from florist.api.catalogue import Workspace
from florist.api.resources.resource import Resource


class Workspaces(Resource):
    """What `client.workspaces` offers."""

    async def list(self) -> tuple[Workspace, ...]:
        """Return them all, with the caller's role in each. FLORA serves them in one piece.

        Source: GET /workspaces
        """
        return await self._catalogue("/workspaces", Workspace, member="workspaces")
