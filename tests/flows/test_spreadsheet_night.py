"""The daily work of README.md, on the example spreadsheet: a bad night, its bill, the gaps filled."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from flora_sandbox.faults import Fault
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.campaigns.budget import rules
from tests.flows.conftest import ON_A_FLOOR, ROOT
from tests.flows.told import answered, blocks_of, commands_in, differs

pytestmark = ON_A_FLOOR

FAULTS = (
    Fault(name="safety_blocked", technique="caption-writer", every=8, times=2),
    Fault(name="provider_error", technique="product-film", after=5, times=1),
)
SHOWN, ANSWERED = (
    block for block in blocks_of(ROOT / "README.md") if "florist plan" in block.text or "of 24 rows" in block.text
)
PLAN, RUN, BILL, DRY_RUN, RERUN, DELIVER = commands_in(SHOWN)


class Night:
    """What was said, command by command, and the sandbox it was said about."""

    def __init__(self, sandbox: SandboxServer) -> None:
        self.sandbox = sandbox

    @property
    def charged_usd(self) -> Decimal:
        return self.sandbox.books().total.charged_usd

    def plan(self) -> dict[str, str]:
        said = answered(f"{PLAN} --json")
        totals: dict[str, str] = json.loads(said[said.index("{") :])["totals"]
        return totals


@pytest.fixture(scope="module")
def night(prefect_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "pipelines").symlink_to(ROOT / "pipelines")
    (folder / "examples/images/V-001.png").write_bytes(b"a picture, or so its name says")
    with (
        pytest.MonkeyPatch.context() as patch,
        SandboxServer(folder / "flora", Settings(duration_scale=0)) as sandbox,
    ):
        flora = {"FLORA_API_KEY": sandbox.api_key, "FLORA_BASE_URL": sandbox.base_url}
        for name, value in {**prefect_environment, **flora}.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(rules, "LOOK_LASTS", 0.2)
        patch.setattr(rules, "MARGIN", 0.1)
        sandbox.set_faults(*FAULTS)
        yield Night(sandbox)


def test_bad_night_costs_what_its_bill_says_once_and_its_gaps_alone_are_filled(night: Night):
    said = answered(PLAN)
    assert Decimal(night.plan()["net_usd"]) == Decimal("0.64") * 23  # the bad picture is no price
    said += answered(RUN)
    assert "gap: V-001/still: unusable_file" in said
    night.sandbox.set_faults()
    said += answered(BILL)
    _bill_is_the_books(night)
    _second_run_costs_what_its_plan_said_which_is_nothing(night)
    before = night.charged_usd
    said += answered(DRY_RUN)
    assert night.charged_usd == before
    said += answered(RERUN)
    assert night.charged_usd == before + Decimal("0.14")  # two captions, two pages
    _bill_is_the_books(night)
    said += answered(DELIVER)
    assert not (difference := differs(ANSWERED.text, said)), difference
    _names_may_be_made_of_columns_however_they_are_written()


def _names_may_be_made_of_columns_however_they_are_written() -> None:
    template = "{campaign}/{sku}_{tone}_{step}_v{variation}.{ext}"
    said = answered(f'florist deliver spring named --template "{template}" --archive outputs')
    assert Path("named/spring").is_dir(), said
    names = [path.name for path in Path("named/spring").iterdir()]
    assert len(names) == 23 * 4
    assert {"V-003_luxury_film_v1.mp4", "V-002_playful_still_v1.png"} <= set(names)


def _bill_is_the_books(night: Night) -> None:
    books = night.sandbox.books().total
    for by in ("row", "step", "reason"):
        total = json.loads(answered(f"{BILL} --by {by} --json"))["total"]
        assert (Decimal(total["charged_usd"]), total["runs"]) == (books.charged_usd, books.runs)
        assert total["quoted_usd"] == total["charged_usd"]
    lines = list(csv.DictReader(io.StringIO(answered(f"{BILL} --csv"))))
    assert sum(Decimal(line["charged_usd"]) for line in lines) == books.charged_usd
    standing = json.loads(answered("florist budget spring --archive outputs --json"))
    assert Decimal(standing["charged_usd"]) == books.charged_usd
    assert Decimal(standing["reserved_usd"]) == Decimal(standing["uncertain_usd"]) == 0


def _second_run_costs_what_its_plan_said_which_is_nothing(night: Night) -> None:
    before = night.charged_usd
    assert (Decimal(night.plan()["net_usd"]), night.plan()["net_runs"]) == (0, 0)
    assert "($0.00 now)" in answered(RUN).splitlines()[-1]
    assert night.charged_usd == before
