"""Techniques: the catalogue, one definition, and their runs."""

from florist.api.models import Technique
from florist.api.paging import AsyncPager
from florist.api.resources.resource import Resource
from florist.api.resources.technique_runs import TechniqueRuns
from florist.api.routes import route
from florist.api.transport import Transport


class Techniques(Resource):
    """Reusable workflows with declared inputs."""

    def __init__(self, transport: Transport, *, workspace_id: str | None) -> None:
        super().__init__(transport, workspace_id=workspace_id)
        self.runs = TechniqueRuns(transport, workspace_id=workspace_id)

    async def retrieve(self, technique: str) -> Technique:
        """Return the definition of the technique with this id or slug.

        Source: GET /techniques/{technique}
        """
        return await self._read(route("/techniques/{}", technique), Technique.model_validate)

    def list(
        self, *, workspace_id: str | None = None, query: str | None = None, limit: int | None = None
    ) -> AsyncPager[Technique]:
        """Go through the techniques this API key can see: of one workspace, or matching a search.

        Source: GET /techniques
        """
        return self._pager(
            "/techniques",
            Technique,
            member="techniques",
            identity=lambda technique: technique.technique_id,
            workspace_id=workspace_id,
            query=query,
            limit=limit,
        )
