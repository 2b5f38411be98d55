"""Asks FLORA what the techniques of a pipeline take, make and cost, and plans with that."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from florist.api import FloraAPI
from florist.api.errors import APIError, NotFoundError
from florist.api.models import Technique
from florist.pipelines.models import Pipeline
from florist.pipelines.rows import RowPlans, Rows, plan_rows


async def planned_at(client: FloraAPI, pipeline: Pipeline, params: Mapping[str, object], rows: Rows) -> RowPlans:
    """Plan and price every row with FLORA's own definitions. Nothing is started.

    Raises:
        PlanError: see `plan_rows`; for a technique that FLORA does not know, the nearest name it does know.
    """
    definitions = await definitions_of(pipeline, client)
    known = await names_to_suggest(pipeline, definitions, client)
    return plan_rows(pipeline, params, rows, definitions, known=known)


async def names_to_suggest(
    pipeline: Pipeline, definitions: Mapping[str, Technique], client: FloraAPI
) -> list[str]:
    """Return the techniques that FLORA knows, if the pipeline names one that it does not."""
    if len(definitions) == len(pipeline.techniques):
        return []
    with suppress(APIError):  # only for a better message
        return [technique.slug async for technique in client.techniques.list() if technique.slug]
    return []


async def definitions_of(pipeline: Pipeline, client: FloraAPI) -> dict[str, Technique]:
    """Return the definitions by the names the pipeline uses; what FLORA does not know is left out."""
    found = await asyncio.gather(*(_definition(name, client) for name in pipeline.techniques))
    return {name: technique for name, technique in zip(pipeline.techniques, found, strict=True) if technique}


async def _definition(name: str, client: FloraAPI) -> Technique | None:
    try:
        return await client.techniques.retrieve(name)
    except NotFoundError:
        return None
