"""The models that generations can name."""

from florist.api.catalogue import Model
from florist.api.models import GenerationType
from florist.api.resources.resource import Resource


class Models(Resource):
    """What `client.models` offers."""

    async def list(self, *, type: GenerationType | None = None) -> tuple[Model, ...]:  # noqa: A002 - FLORA's word
        """Return all models, or those that make one type of media. FLORA serves them in one piece.

        Source: GET /models
        """
        return await self._catalogue("/models", Model, member="models", type=type)
