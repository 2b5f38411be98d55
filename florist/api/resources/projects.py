"""The projects of a workspace."""

from florist.api.catalogue import Project
from florist.api.paging import AsyncPager
from florist.api.resources.resource import Resource


class Projects(Resource):
    """What `client.projects` offers."""

    def list(
        self, *, workspace_id: str | None = None, query: str | None = None, limit: int | None = None
    ) -> AsyncPager[Project]:
        """Go through the projects of a workspace (the client's own by default), the last used first.

        Source: GET /projects
        """
        return self._pager(
            "/projects",
            Project,
            member="projects",
            identity=lambda project: project.project_id,
            workspace_id=self._workspace(workspace_id),
            query=query,
            limit=limit,
        )
