"""Asks FLORA what the techniques and models of a pipeline take, make and cost, and plans with that."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress

from florist.api import FloraAPI
from florist.api.errors import APIError, NotFoundError
from florist.api.models import Technique
from florist.pipelines.choices import RowChoices
from florist.pipelines.generations import model_definition
from florist.pipelines.models import MODELS, Pipeline
from florist.pipelines.rows import RowPlans, Rows, plan_rows


async def planned_at(
    client: FloraAPI,
    pipeline: Pipeline,
    params: Mapping[str, object],
    rows: Rows,
    *,
    only: Collection[str] | None = None,
    choices: Mapping[str, RowChoices] = {},
) -> RowPlans:
    """Plan and price every row with FLORA's own definitions. Nothing is started.

    Args:
        only: the keys of the rows that are asked for; None: all.
        choices: what people have chosen of each row.

    Raises:
        PlanError: see `plan_rows`; for a technique that FLORA does not know, the nearest name it does know.
    """
    definitions = await definitions_of(pipeline, client)
    known = await names_to_suggest(pipeline, definitions, client)
    return plan_rows(pipeline, params, rows, definitions, known=known, only=only, choices=choices)


async def names_to_suggest(
    pipeline: Pipeline, definitions: Mapping[str, Technique], client: FloraAPI
) -> list[str]:
    """Return the techniques and models that FLORA knows, if the pipeline names some that it does not."""
    known: list[str] = []
    with suppress(APIError):  # only for a better message
        if not definitions.keys() >= set(pipeline.techniques):
            known += [technique.slug async for technique in client.techniques.list() if technique.slug]
        if not definitions.keys() >= {f"{MODELS}{model}" for model in pipeline.models}:
            known += [f"{MODELS}{model.model_id}" for model in await client.models.list()]
    return known


async def definitions_of(pipeline: Pipeline, client: FloraAPI) -> dict[str, Technique]:
    """Return the definitions by the names the pipeline uses; what FLORA does not know is left out."""
    found = await asyncio.gather(*(_definition(name, client) for name in pipeline.techniques))
    definitions = {
        name: technique for name, technique in zip(pipeline.techniques, found, strict=True) if technique
    }
    models = await client.models.list() if pipeline.models else ()
    named = {f"{MODELS}{model.model_id}": model_definition(model) for model in models}
    return definitions | {name: named[name] for name in named if name.removeprefix(MODELS) in pipeline.models}


async def _definition(name: str, client: FloraAPI) -> Technique | None:
    try:
        return await client.techniques.retrieve(name)
    except NotFoundError:
        return None
