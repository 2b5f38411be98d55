"""Actions: prebuilt, deterministic edits by slug, such as `stitch-videos`."""

from collections.abc import Mapping, Sequence

from florist.api.catalogue import Action, ActionInput
from florist.api.models import StartedRun
from florist.api.resources.resource import Resource
from florist.api.routes import route


class Actions(Resource):
    """What `client.actions` offers."""

    async def list(self) -> tuple[Action, ...]:
        """Return all actions with their price. FLORA serves them in one piece.

        Source: GET /actions
        """
        return await self._catalogue("/actions", Action, member="actions")

    async def retrieve(self, action: str) -> Action:
        """Return the action with this slug.

        Source: GET /actions/{action}
        """
        return await self._read(route("/actions/{}", action), Action.model_validate)

    async def run(
        self,
        action: str,
        *,
        inputs: Sequence[ActionInput],
        project_id: str,
        workspace_id: str | None = None,
        params: Mapping[str, object] | None = None,
        idempotency_key: str | None = None,
    ) -> StartedRun:
        """Run an action, which costs. Errors are those of `techniques.runs.create`.

        Args:
            inputs: at least one, in the order of the action's slots.
            project_id: for ownership, billing and history; its canvas is not changed.

        Source: POST /runs/action
        """
        return await self._start(
            "/runs/action",
            idempotency_key,
            {
                "action_id": action,
                "inputs": [one.wire() for one in inputs],
                "project_id": project_id,
                "workspace_id": self._workspace(workspace_id),
                "params": params,
            },
        )
