"""What people get wrong: each ends with one message that names the thing and the mend, before anything is paid."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from florist.campaigns.options import CampaignOptions
from florist.cli import main
from florist.commands.run_endings import RunRequest
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from tests.flows.conftest import ON_A_FLOOR, ROOT, Floor
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY, S3Server

pytestmark = ON_A_FLOOR

HEADLINES = """
name: headlines
description: One step.
params:
  brief: {type: text, description: What it is about}
steps:
  lines: {technique: headline-writer, inputs: {brief: "${params.brief}"}}
"""
CAPTION = """
name: caption
description: One step that takes a picture.
params:
  picture: {type: imageUrl, description: What to look at}
steps:
  words: {technique: caption-writer, inputs: {image: "${params.picture}"}}
"""
BRIEF = {"brief": "Spring flowers"}


@dataclass(frozen=True)
class Mistake:
    """A pipeline and params with a mistake in them, and the words that the message must have."""

    pipeline: str
    words: tuple[str, ...]
    params: dict[str, str] = field(default_factory=dict)


MISTAKES = {
    "unknown technique": Mistake(
        HEADLINES.replace("headline-writer", "headline-writr"),
        ('did you mean "headline-writer"',),
        BRIEF,
    ),
    "missing param": Mistake(HEADLINES, ("brief",)),
    "unknown param": Mistake(HEADLINES, ("breif", "brief"), {"breif": "Spring", **BRIEF}),
    "missing input": Mistake(HEADLINES.replace('brief: "${params.brief}"}', "}"), ("lines", "brief"), BRIEF),
    "unknown input": Mistake(HEADLINES.replace("{brief: ", "{topic: "), ("topic", "brief"), BRIEF),
    "missing file": Mistake(CAPTION, ("picture", "nowhere.png"), {"picture": "nowhere.png"}),
    "text as a picture": Mistake(CAPTION, ("picture", "Spring flowers"), {"picture": "Spring flowers"}),
    "unreadable yaml": Mistake("name: [unclosed\nsteps: {", ("line",)),
    "reference to no step": Mistake(
        HEADLINES.replace("${params.brief}", "${steps.heading.output}"), ("heading", "lines"), BRIEF
    ),
}


@pytest.fixture(params=MISTAKES.values(), ids=MISTAKES.keys())
def mistake(request: pytest.FixtureRequest) -> Mistake:
    return request.param


async def test_flow_of_a_mistaken_pipeline_fails_with_one_message_and_pays_nothing(floor: Floor, mistake: Mistake):
    flow_run = await floor.run_pipeline(floor.pipeline(mistake.pipeline), mistake.params)
    assert flow_run.state.is_failed()
    assert all(word in flow_run.state.message for word in mistake.words)
    assert floor.books.total.requests == 0


@pytest.fixture
def command(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run `florist …` in this process; returns its exit code and what it said."""
    for name, value in floor.environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


def test_command_with_a_mistaken_pipeline_says_one_message_and_pays_nothing(
    floor: Floor, mistake: Mistake, command: Callable[..., tuple[int, str]]
):
    params = [word for name, value in mistake.params.items() for word in ("--param", f"{name}={value}")]
    code, said = command("run", floor.pipeline(mistake.pipeline), "--archive", floor.folder, *params)
    assert code == 1
    assert said.startswith("florist: ")
    assert all(word in said for word in mistake.words)
    assert floor.books.total.requests == 0


async def test_flow_with_a_wrong_key_says_so(floor: Floor):
    stranger = type(floor.workspace)(api_key="no_such_key", base_url=floor.sandbox.base_url)
    flow_run = await floor.headlines(workspace=stranger)
    assert "API key" in flow_run.state.message
    assert floor.books.total.requests == 0


def test_command_with_a_wrong_key_says_so(
    floor: Floor, command: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FLORA_API_KEY", "no_such_key")
    code, said = command("run", ROOT / "pipelines/product-launch.yaml", "--archive", floor.folder)
    assert code == 1
    assert re.fullmatch(r"florist: .*API key.*\n", said)


def test_command_without_a_key_names_the_variable(
    command: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("FLORA_API_KEY")
    code, said = command("run", ROOT / "pipelines/product-launch.yaml")
    assert code == 1
    assert said.startswith("florist: FLORA_API_KEY is not set")


def test_command_with_a_file_that_is_not_there_names_it(command: Callable[..., tuple[int, str]]):
    code, said = command("run", "no-such-pipeline.yaml")
    assert code == 1
    assert re.fullmatch(r"florist: .*no-such-pipeline\.yaml.*\n", said)


def test_command_with_no_row_in_flight_is_refused(command: Callable[..., tuple[int, str]]):
    code, said = command("run", ROOT / "pipelines/product-launch.yaml", "--max-in-flight", 0)
    assert code == 2
    assert "--max-in-flight" in said


def test_command_that_goes_on_keeps_the_rows_in_flight():
    options = CampaignOptions(max_in_flight=5)
    request = RunRequest(Path("a.yaml"), (), "rows.yaml", "outputs", "spring", False, options)
    assert request.command().endswith("--rows rows.yaml --max-in-flight 5")


async def test_flow_with_a_missing_bucket_names_it_and_pays_nothing(floor: Floor, moto: S3Server):
    from blocks import S3Archive

    archive = S3Archive(
        bucket="no-such-bucket",
        endpoint_url=moto.endpoint_url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    flow_run = await floor.headlines(archive=archive)
    assert "no-such-bucket" in flow_run.state.message
    assert floor.books.total.requests == 0


async def test_flow_with_a_full_disk_says_so_and_pays_nothing(floor: Floor):
    flow_run = await floor.headlines(archive=full_archive(floor.folder))
    assert "no space" in flow_run.state.message
    assert str(floor.folder) in flow_run.state.message
    assert floor.books.total.requests == 0


def full_archive(folder: Path) -> object:
    """Return an archive on a disk that is as good as full."""
    from blocks import LocalArchive

    class FullArchive(LocalArchive):
        _block_type_slug = "full-archive"

        def get_store(self) -> Store:
            return FolderStore(self.path, free_bytes_at_least=2**62)

    return FullArchive(path=folder)


async def test_flow_whose_balance_runs_out_says_so_and_the_top_up_finishes_it(floor: Floor):
    floor.sandbox.set_balance(0.005)
    poor = await floor.headlines(campaign="spring")
    assert "credits" in poor.state.message
    assert floor.books.total.runs == 0
    floor.sandbox.set_balance(1)
    rich = await floor.headlines(campaign="spring")
    assert rich.state.is_completed()
    assert floor.books.total.runs == 1


Said = Callable[..., tuple[int, str]]


def test_command_with_a_campaign_of_another_archive_says_so_beside_the_price(floor: Floor, command: Said):
    pipeline = floor.pipeline(HEADLINES)
    asked_for = (pipeline, "--archive", floor.folder, "--param", "brief=Spring", "--campaign", "spring")
    code, said = command("run", *asked_for)
    assert code == 0
    assert "Campaign spring is new there: all of it is to be paid for." in said
    code, said = command("run", *asked_for)
    assert "1 reused: paid for and kept" in said
    assert floor.books.total.runs == 1


def test_command_with_a_campaign_in_other_letters_asks_whether_it_is_new(floor: Floor, command: Said):
    asked_for = ("run", floor.pipeline(HEADLINES), "--archive", floor.folder, "--param", "brief=Spring")
    command(*asked_for, "--campaign", "spring")
    code, said = command(*asked_for, "--campaign", "Spring")
    assert (code, "--new-campaign" in said, floor.books.total.runs) == (1, True, 1)
    code, said = command(*asked_for, "--campaign", "Spring", "--new-campaign")
    assert (code, floor.books.total.runs) == (0, 2)


async def test_flow_with_a_campaign_in_other_letters_is_refused_and_pays_nothing(floor: Floor):
    await floor.headlines(campaign="spring")
    flow_run = await floor.headlines(campaign="SPRING")
    assert "new_campaign" in flow_run.state.message
    assert floor.books.total.runs == 1


REFUSED = """
name: refused
description: A step that FLORA will never make.
steps:
  portrait: {technique: celebrity-lookalike, inputs: {prompt: a famous singer}}
"""


def test_command_whose_step_failed_for_good_says_what_helps_and_restart_asks(floor: Floor, command: Said):
    code, said = command("run", floor.pipeline(REFUSED), "--archive", floor.folder, "--campaign", "spring")
    assert code == 1
    (restart,) = [line for line in said.splitlines() if "florist ledger restart" in line]
    assert "portrait failed for good (safety_blocked): change its inputs" in said
    words = shlex.split(restart)[1:]
    code, said = command(*(word for word in words if word != "--give-up-run"))
    assert (code, "--give-up-run" in said) == (1, True)
    code, said = command(*words)
    assert (code, "will be paid for anew" in said) == (0, True)
