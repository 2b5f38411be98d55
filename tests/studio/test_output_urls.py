"""Which URL is handed on, and how a text is read."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import AsyncMock
from urllib.parse import urlsplit

import pytest

from florist.api.models import MediaKind, Output, Run, RunStatus
from florist.archive.manifest import ArchivedOutput, Manifest
from florist.ledger import How
from florist.pipelines.errors import UnusableValueError
from florist.secrets import SignedUrl
from florist.stores.errors import ObjectMissingError
from florist.studio.output_urls import PRESIGNED_FOR, OutputUrls, is_taken
from florist.studio.steps import StepResult

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)


def ending(seconds_after_noon: int) -> SignedUrl:
    return SignedUrl(f"https://media.flora.ai/a.png?expires={int(NOON.timestamp()) + seconds_after_noon}")


@pytest.mark.parametrize(
    ("url", "is_live", "is_sandbox"),
    [
        ("https://florist.s3.eu-central-1.amazonaws.com/a.png", True, True),
        ("https://storage.googleapis.com/florist/a.png", True, True),
        ("http://florist.s3.amazonaws.com/a.png", False, True),
        ("https://minio.example.com/a.png", False, True),
        ("https://amazonaws.com.example.com/a.png", False, True),
        ("http://127.0.0.1:9000/a.png", False, True),
    ],
)
def test_url_of_our_object_is_fed_where_flora_takes_its_host(url, is_live, is_sandbox):
    assert is_taken(SignedUrl(url), is_sandbox=False) is is_live
    assert is_taken(SignedUrl(url), is_sandbox=True) is is_sandbox


def made(kind: MediaKind, *, url: str = "redacted:x", text: str | None = None) -> StepResult:
    """A step that brought one output, of a manifest that does not repeat it."""
    run = Run(
        run_id="run_1",
        status=RunStatus.COMPLETED,
        outputs=(Output(output_id="out", type=kind, url=None if text else SignedUrl(url), text=text),),
    )
    output = ArchivedOutput(
        index=0,
        output_id="out",
        type=kind,
        key="runs/a/b/1-0.txt",
        sha256="0" * 64,
        size_bytes=9,
        media_type="x/y",
    )
    manifest = Manifest(
        technique_id="tech_1", technique="writer", run_id="run_1", archived_at=NOON, outputs=(output,)
    )
    return StepResult.model_construct(step="write", run=run, manifest=manifest, how=How.REUSED, reason="")


async def test_text_too_long_for_its_manifest_is_read_from_the_archive(folder):
    await folder.create("runs/a/b/1-0.txt", "Blüten ".encode() * 5000)
    output_urls = OutputUrls(SimpleNamespace(), folder, SimpleNamespace())
    assert await output_urls.text_of(made(MediaKind.TEXT), 0) == "Blüten " * 5000


async def test_text_that_flora_told_needs_no_archive(folder):
    output_urls = OutputUrls(SimpleNamespace(), folder, SimpleNamespace())
    assert await output_urls.text_of(made(MediaKind.TEXT, text="Petals"), 0) == "Petals"


@pytest.mark.parametrize(
    ("kind", "error"), [(MediaKind.TEXT, ObjectMissingError), (MediaKind.IMAGE, UnusableValueError)]
)
async def test_text_that_is_not_there_is_an_error(folder, kind, error):
    output_urls = OutputUrls(SimpleNamespace(), folder, SimpleNamespace())
    with pytest.raises(error):
        await output_urls.text_of(made(kind), 0)


async def test_text_kept_in_bytes_that_are_no_text_names_its_step_and_a_mend(folder):
    await folder.create("runs/a/b/1-0.txt", b"\xff\xfeB\x00")
    output_urls = OutputUrls(SimpleNamespace(), folder, SimpleNamespace())
    with pytest.raises(UnusableValueError, match=r"output 0 of step write.*runs/a/b/1-0.txt.*restart"):
        await output_urls.text_of(made(MediaKind.TEXT), 0)


async def test_url_of_our_object_opens_for_hours(moto):
    store = moto.store()
    client = SimpleNamespace(server_now=lambda: NOON, is_sandbox=True)
    url, _ = await OutputUrls(client, store, SimpleNamespace()).url_of(made(MediaKind.IMAGE), 0)
    assert f"X-Amz-Expires={int(PRESIGNED_FOR.total_seconds())}" in urlsplit(url).query


async def test_url_with_less_time_left_than_the_step_may_wait_is_not_fed(moto):
    client = SimpleNamespace(server_now=lambda: NOON, is_sandbox=True)
    output_urls = OutputUrls(client, moto.store(), SimpleNamespace())
    step = made(MediaKind.IMAGE, url=ending(30).reveal())
    assert (await output_urls.url_of(step, 0, timeout=20)).url == ending(30).reveal()
    assert moto.endpoint_url in (await output_urls.url_of(step, 0, timeout=40)).url


@pytest.mark.parametrize(("lent_seconds", "is_fed"), [(41, True), (39, False)])
async def test_url_of_our_object_that_ends_before_the_step_may_is_not_fed(folder, lent_seconds, is_fed):
    """Credentials that are lent lend shorter than is asked."""
    lent = ending(lent_seconds)
    folder.presign = AsyncMock(return_value=lent)
    client = SimpleNamespace(server_now=lambda: NOON + timedelta(days=1), is_sandbox=True)
    assets = SimpleNamespace(url_of=AsyncMock(return_value="an asset"))
    output_urls = OutputUrls(client, folder, assets, now=lambda: NOON)
    output_urls._fresh = AsyncMock(return_value=None)
    found, _ = await output_urls.url_of(made(MediaKind.IMAGE), 0, timeout=40)
    assert found == (lent.reveal() if is_fed else "an asset")


@pytest.mark.parametrize(
    ("after", "is_ours"), [(timedelta(hours=2), True), (timedelta(hours=5, minutes=50), False)]
)
async def test_url_that_can_be_made_again_goes_before_flora_s_own_for_as_long_as_it_opens(moto, after, is_ours):
    client = SimpleNamespace(server_now=lambda: NOON, is_sandbox=True)
    output_urls = OutputUrls(client, moto.store(), SimpleNamespace(), now=lambda: NOON + after)
    step = made(MediaKind.IMAGE, url=ending(86_400).reveal())
    first = await output_urls.url_of(step, 0, signed_at=NOON)
    assert (first.is_repeatable, moto.endpoint_url in first.url) == (is_ours, is_ours)
    assert await output_urls.url_of(step, 0, signed_at=NOON) == first


async def test_url_of_flora_s_own_is_handed_on_where_ours_could_not_be_made_again(folder):
    output_urls = OutputUrls(SimpleNamespace(server_now=lambda: NOON), folder, SimpleNamespace())
    step = made(MediaKind.IMAGE, url=ending(86_400).reveal())
    handed = await output_urls.url_of(step, 0, signed_at=NOON)
    assert handed == (ending(86_400).reveal(), False)
