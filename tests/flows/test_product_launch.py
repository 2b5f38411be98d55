"""The main job: a packshot in, four things out, each kept, each made of the one before."""

import asyncio
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from florist.archive.manifest import Manifest
from florist.ledger import Ledger
from florist.stores.folder import FolderStore
from tests.flora_sandbox_media.marker import find, plant
from tests.flows.conftest import ON_A_FLOOR, ROOT, Floor, FlowRun, floor_in

pytestmark = ON_A_FLOOR

PRODUCT_LAUNCH = ROOT / "pipelines/product-launch.yaml"
SIGNED = re.compile(rb"signature|expires=|token=|sk_test_", re.IGNORECASE)
ODD_NAME = "my packshot (1) – größer #2.png"


@pytest.fixture(scope="module")
def floor(workspace_type: type[Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    with floor_in(tmp_path_factory.mktemp("launch"), workspace_type) as opened:
        yield opened


@pytest.fixture(scope="module")
def launch(floor: Floor) -> FlowRun:
    """One flow run for all tests here, its packshot marked."""
    packshot = floor.folder.parent / ODD_NAME
    with Image.open(ROOT / "pipelines/samples/packshot.png") as image:
        plant(image).save(packshot)
    return asyncio.run(floor.run_pipeline(PRODUCT_LAUNCH, {"packshot": str(packshot)}, campaign="spring"))


@pytest.fixture
def kept(floor: Floor, launch: FlowRun) -> dict[str, Path]:
    """The file of each step's output."""
    return {step: floor.folder / result.outputs[0].key for step, result in launch.outcome.made.items()}


def test_marker_in_the_packshot_is_found_in_the_still_and_the_first_frame(kept: dict[str, Path]):
    with Image.open(kept["still"]) as still:
        assert find(still)
    with av.open(kept["film"]) as film:
        assert find(next(film.decode(video=0)).to_image())


def test_launch_brings_four_media_types_and_four_paid_runs(floor: Floor, launch: FlowRun, kept: dict[str, Path]):
    assert launch.state.is_completed()
    assert {path.suffix for path in kept.values()} == {".png", ".mp4", ".pdf", ".txt"}
    assert kept["page"].read_bytes().startswith(b"%PDF")
    assert (floor.books.total.runs, floor.books.total.completed) == (4, 4)


def test_manifest_of_each_run_tells_bytes_price_and_parents(floor: Floor, launch: FlowRun):
    paths = (floor.folder / "campaigns").rglob("*.json")
    manifests = {found.step: found for found in map(read_manifest, paths)}
    assert manifests.keys() == launch.outcome.made.keys()
    for manifest in manifests.values():
        (output,) = manifest.outputs
        data = (floor.folder / output.key).read_bytes()
        assert (output.size_bytes, output.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert manifest.charged_usd
    parents = {name: {parent.run_id for parent in manifest.parents} for name, manifest in manifests.items()}
    still, caption = manifests["still"].run_id, manifests["caption"].run_id
    assert parents == {"still": set(), "caption": {still}, "film": {still}, "page": {still, caption}}


def read_manifest(path: Path) -> Manifest:
    return Manifest.model_validate_json(path.read_bytes())


def test_archive_and_ledger_hold_no_signed_url_and_no_key(floor: Floor, launch: FlowRun):
    texts = [path for path in floor.files if path.suffix in {".json", ".txt", ""}]
    assert len(texts) > 8
    assert [path.name for path in floor.files if SIGNED.search(path.read_bytes())] == []


async def test_recorded_task_inputs_lead_from_each_step_to_the_next(launch: FlowRun):
    task_runs = await launch.task_runs(4)
    makers = {str(task_run.id): name for name, task_run in task_runs.items()}

    def made_of(name: str) -> set[str]:
        sources = (source for found in task_runs[name].task_inputs.values() for source in found)
        return {makers[str(source.id)] for source in sources if source.input_type == "task_run"}

    assert made_of("still") == set()
    assert [made_of(name) for name in ("caption", "film", "page")] == [{"still"}, {"still"}, {"still", "caption"}]


async def test_price_is_an_artifact_and_a_log_line_before_the_first_run(floor: Floor, launch: FlowRun):
    ledger = Ledger(FolderStore(floor.folder))
    # By this machine's clock: FLORA's, by which requests are dated, is known to the second.
    first_run_at = min([(await ledger.records(entry))[0].recorded_at for entry in await ledger.entries()])
    report = (await launch.artifacts())["report-spring"]
    (line,) = [line for line in await launch.log() if "4 runs for $0.64" in line.message]
    assert r"4 runs for \$0.64" in report.data
    assert report.created < first_run_at
    assert line.timestamp < first_run_at
