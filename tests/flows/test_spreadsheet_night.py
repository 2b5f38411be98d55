"""The example spreadsheet as a stranger runs it: a bad night, its bill, a second run for $0, the gaps filled."""

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
from tests.flows.told import answered

pytestmark = ON_A_FLOOR

FAULTS = (
    Fault(name="safety_blocked", technique="caption-writer", every=8, times=2),
    Fault(name="provider_error", technique="product-film", after=5, times=1),
)
RUN = f"florist run {ROOT}/pipelines/product-launch.yaml --rows examples/products.csv --campaign spring"
PLAN = RUN.replace(" run ", " plan ", 1)


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
    (folder / "examples/images/V-007.png").write_bytes(b"a picture, or so its name says")
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
    assert Decimal(night.plan()["net_usd"]) == Decimal("0.64") * 23  # the bad picture is no price
    said = answered(f"{RUN} --budget 16")
    assert said.splitlines()[-1].startswith("21 of 24 rows, $14.")
    assert "gap: V-007/still: unusable_file" in said
    assert said.count("/caption: safety_blocked") >= 2
    night.sandbox.set_faults()
    _bill_is_the_books(night)
    _second_run_costs_what_its_plan_said_which_is_nothing(night)
    _rerun_fills_what_failed_at_its_price(night)
    _bill_is_the_books(night)
    _delivery_has_a_name_for_each_output()


def _bill_is_the_books(night: Night) -> None:
    books = night.sandbox.books().total
    for by in ("row", "step", "reason"):
        total = json.loads(answered(f"florist bill spring --by {by} --json"))["total"]
        assert (Decimal(total["charged_usd"]), total["runs"]) == (books.charged_usd, books.runs)
        assert total["quoted_usd"] == total["charged_usd"]
    lines = list(csv.DictReader(io.StringIO(answered("florist bill spring --csv"))))
    assert sum(Decimal(line["charged_usd"]) for line in lines) == books.charged_usd
    standing = json.loads(answered("florist budget spring --json"))
    assert Decimal(standing["charged_usd"]) == books.charged_usd
    assert Decimal(standing["reserved_usd"]) == Decimal(standing["uncertain_usd"]) == 0


def _second_run_costs_what_its_plan_said_which_is_nothing(night: Night) -> None:
    before = night.charged_usd
    assert (Decimal(night.plan()["net_usd"]), night.plan()["net_runs"]) == (0, 0)
    assert "($0.00 now)" in answered(RUN).splitlines()[-1]
    assert night.charged_usd == before


def _rerun_fills_what_failed_at_its_price(night: Night) -> None:
    before = night.charged_usd
    priced = answered("florist rerun spring --only failed --dry-run")
    assert "To pay now: 4 runs for $0.14" in priced  # two captions, two pages
    assert night.charged_usd == before
    assert answered("florist rerun spring --only failed").splitlines()[-1].startswith("2 of 2 rows, ")
    assert night.charged_usd == before + Decimal("0.14")


def _delivery_has_a_name_for_each_output() -> None:
    answered('florist deliver spring shop --template "{campaign}/{sku}_{tone}_{step}_v{variation}.{ext}"')
    names = [path.name for path in Path("shop/spring").iterdir()]
    assert len(names) == 23 * 4
    assert {"V-001_luxury_film_v1.mp4", "V-002_playful_still_v1.png"} <= set(names)
