"""The workspaces an API key can reach."""

from florist.api.catalogue import Workspace
from florist.api.resources.resource import Resource
from florist.errors import ConfigurationError


class Workspaces(Resource):
    """What `client.workspaces` offers."""

    async def list(self) -> tuple[Workspace, ...]:
        """Return them all, with the caller's role in each. FLORA serves them in one piece.

        Source: GET /workspaces
        """
        return await self._catalogue("/workspaces", Workspace, member="workspaces")

    async def home(self) -> str:
        """Return the id of the workspace that files go to: the client's own, else the key's first, asked for once.

        Raises:
            ConfigurationError: the key sees none.
        """
        if self._workspace_id is None:
            workspaces = await self.list()
            if not workspaces:
                raise ConfigurationError(
                    "this API key sees no workspace that a file could be uploaded to; "
                    "name one in FLORA_WORKSPACE_ID or in the FLORA Workspace block"
                )
            self._workspace_id = workspaces[0].workspace_id
        return self._workspace_id
