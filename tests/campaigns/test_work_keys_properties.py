"""Any order of rows and any cut into a budget's blocks asks the ledger for the same work."""

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from florist.campaigns.options import CampaignOptions
from florist.campaigns.walking import RowToWalk, walk_campaign
from florist.pipelines import PlannedStep, WalkResult, parse_pipeline, resolve_inputs, walk
from florist.pipelines.rows import plan_rows
from florist.studio.input_values import identity_of
from florist.studio.steps import CampaignRow, StepResult
from tests.campaigns.conftest import WRITER, Blocks, made

PIPELINE = """
name: tones
params: {brief: {type: text}}
steps:
  head:
    technique: headline-writer
    for: {tone: [dry, warm]}
    variations: 2
    inputs: {brief: "${params.brief}, ${for.tone}"}
  again: {technique: headline-writer, inputs: {brief: "${steps.head.output}"}}
  all: {technique: headline-writer, inputs: {brief: "Of ${steps.again.all}"}}
"""
ROWS = {f"sku-{number}": {"brief": f"brief {number % 3}"} for number in range(6)}
"""Some of them are alike: their keys tell them apart."""


async def no_content(_: object) -> str:
    raise AssertionError("there are texts alone")


async def keys_of(
    rows: Mapping[str, Mapping[str, str]], cuts: list[tuple[str, ...]] | None, at_once: int
) -> dict[tuple[str, str], str]:
    """Return the key of each cell's work, as a walk of these rows in these blocks asks for it."""
    keys: dict[tuple[str, str], str] = {}

    async def walk_row(row: RowToWalk) -> WalkResult[StepResult]:
        async def run_step(step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
            async def text_of(output: object) -> str:
                return f"a text of {upstream[output.step].run.run_id}"  # type: ignore[attr-defined]

            identities = [
                await identity_of(
                    item,
                    run_ids={name: result.run.run_id for name, result in upstream.items()},
                    content_of_file=no_content,
                    content_of_url=no_content,
                    text_of=text_of,
                )
                for item in resolve_inputs(step, {name: made.outputs for name, made in upstream.items()})
            ]
            key = CampaignRow(campaign="spring", key=row.key).work(step, tuple(identities)).key
            assert keys.setdefault((row.key, step.name), key) == key
            return made(row.key, step.name)

        return await walk(row.plan, row.guard(run_step))

    pipeline = parse_pipeline(PIPELINE, file=Path("tones.yaml"))
    plans = plan_rows(pipeline, {}, rows, {"headline-writer": WRITER})
    budget = Blocks(list(cuts)) if cuts is not None else None
    options = CampaignOptions(max_in_flight=at_once)
    await walk_campaign(plans, walk_row, campaign="spring", budget=budget, options=options)
    return keys


@given(order=st.permutations(sorted(ROWS)), ends=st.sets(st.integers(1, 5)), at_once=st.integers(1, 6))
def test_work_keys_in_any_order_and_in_blocks_of_any_size_are_the_same(order, ends, at_once):
    wanted = asyncio.run(keys_of(ROWS, None, len(ROWS)))
    marks = [0, *sorted(ends), len(order)]
    blocks = [tuple(order[start:end]) for start, end in pairwise(marks)]
    shuffled = {key: ROWS[key] for key in order}
    assert asyncio.run(keys_of(shuffled, blocks, at_once)) == wanted
    assert len(set(wanted.values())) == len(ROWS) * (4 + 4 + 1)
