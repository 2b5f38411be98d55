"""Asks FLORA what the techniques of a pipeline take, make and cost."""

import asyncio

from florist.api import FloraAPI
from florist.api.errors import NotFoundError
from florist.api.models import Technique
from florist.pipelines.models import Pipeline


async def definitions_of(pipeline: Pipeline, client: FloraAPI) -> dict[str, Technique]:
    """Return the definitions by the names the pipeline uses; what FLORA does not know is left out."""
    found = await asyncio.gather(*(_definition(name, client) for name in pipeline.techniques))
    return {name: technique for name, technique in zip(pipeline.techniques, found, strict=True) if technique}


async def _definition(name: str, client: FloraAPI) -> Technique | None:
    try:
        return await client.techniques.retrieve(name)
    except NotFoundError:
        return None
