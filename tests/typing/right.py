"""Uses of the public names that must type-check under mypy --strict and pyright. Never run."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import assert_type

from florist import (
    CompletedRun,
    FloraClient,
    FolderStore,
    InputValue,
    Manifest,
    Output,
    Run,
    RunFailedError,
    RunStatus,
    S3Store,
    SavedOutput,
    SignedUrl,
    StepResult,
    Store,
    Studio,
    Technique,
    __version__,
    load_pipeline,
    store_at,
)
from florist.client import Inputs, InputSource


async def five_lines() -> None:
    async with FloraClient() as flora:
        run = await flora.run(
            "styled-product-still", {"product_image": Path("packshot.png"), "prompt": "On marble"}
        )
        assert_type(run, CompletedRun)
        assert_type(await run.outputs[0].save("out/"), SavedOutput)
        assert_type(run.charged_usd, Decimal | None)


async def every_source(flora: FloraClient, earlier: CompletedRun) -> None:
    asset = await flora.assets.upload(Path("packshot.png"))
    await flora.run("cctv-cam", {"input_image": asset})
    await flora.run("cctv-cam", {"input_image": asset.url})
    await flora.run("cctv-cam", {"input_image": earlier.outputs[0], "note": None})
    await flora.run("cctv-cam", {"input_image": b"...", "text": "..."})
    await flora.run(
        "cctv-cam", [InputValue(id="input_image", type="imageUrl", value="https://media.flora.ai/a.png")]
    )
    annotated: dict[str, InputSource] = {"input_image": Path("a.png"), "prompt": "b"}
    await flora.run("cctv-cam", annotated)
    plain = {"prompt": "b"}
    await flora.run("cctv-cam", plain)


async def later(flora: FloraClient, inputs: Inputs) -> None:
    begun = await flora.start("cctv-cam", inputs)
    assert_type(begun, Run)
    try:
        await flora.wait(begun.run_id, timeout=None, on_progress=lambda run: run.progress)
    except RunFailedError as error:
        assert_type(error.run.status, RunStatus)


async def whole_api(flora: FloraClient) -> None:
    assert_type(await flora.techniques.retrieve("cctv-cam"), Technique)
    async for run in flora.techniques.runs.list():
        first: Output = run.outputs[0]
        assert_type(first.url, SignedUrl | None)


async def pay_once(folder: str, inputs: Mapping[str, str | Path]) -> None:
    store = store_at(folder)
    assert_type(store, Store)
    stores: list[Store] = [FolderStore("outputs"), S3Store("bucket")]
    async with FloraClient(api_key="sk_test_x") as flora, Studio(flora, stores[0]) as studio:
        made = await studio.run("cctv-cam", inputs, campaign="spring", row="tulip")
        assert_type(made, StepResult)
        assert_type(made.manifest, Manifest)


def others() -> None:
    assert_type(__version__, str)
    load_pipeline(Path("pipelines/lookbook.yaml"))
