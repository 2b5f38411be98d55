"""A Prefect flow of one's own: a picture for each of the headlines that a first step wrote.

headline ─► a picture for each line, side by side

Which steps there are depends on what the first one brings, which no pipeline file can say. The tasks and the
ledger are those of Florist's own flows. Run it from the checkout, which has `flows` and `blocks`:
`PYTHONPATH=. python examples/own_flow.py "Spring flowers" outputs`.
"""

import asyncio
import sys

from prefect import flow

from blocks import FloraWorkspace, LocalArchive
from florist import StepResult
from florist.pipelines import one_step_pipeline
from flows.tasks import walk_pipeline

PICTURES = 2


@flow(name="illustrated-headlines", persist_result=False)
async def illustrated_headlines(
    brief: str, campaign: str, workspace: FloraWorkspace, archive: LocalArchive
) -> None:
    """Write headlines for a brief, and paint the first of them."""

    async def made(technique: str, row: str, **inputs: str) -> StepResult:
        results = await walk_pipeline(
            one_step_pipeline(technique, inputs),
            {},
            {row: {}},
            campaign=campaign,
            workspace=workspace,
            archive=archive,
            window=30,
        )
        return results[f"{row}/run"]

    headlines = await made("headline-writer", "headlines", brief=brief)
    lines = (headlines.outputs[0].text or "").splitlines()[:PICTURES]
    await asyncio.gather(*(made("key-visual", f"picture-{at}", prompt=line) for at, line in enumerate(lines)))


if __name__ == "__main__":
    asyncio.run(
        illustrated_headlines(
            brief=sys.argv[1],
            campaign="spring",
            workspace=FloraWorkspace.from_environment(),
            archive=LocalArchive(path=sys.argv[2]),
        )
    )
