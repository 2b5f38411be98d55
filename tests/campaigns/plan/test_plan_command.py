"""`florist plan`, and what is shown and asked before a run, as a person types it."""

import json
from pathlib import Path

import pytest

from florist.campaigns.plan.errors import PlanMissingError, PlanMovedError
from florist.campaigns.plan.gaps import GapKind
from florist.cli import main
from florist.commands.offers import confirm, keep_plan, offer, wanted_at
from florist.commands.plan import agreed_plan, params_again, refuse_if_moved
from florist.commands.rerun import found_gaps
from florist.errors import ConfigurationError
from tests.campaigns.plan.conftest import Shop

ROWS = "a: {brief: Spring, picture: a.png}\nb: {brief: Autumn, picture: b.png}\n"


@pytest.fixture
def desk(shop: Shop, monkeypatch, tmp_path: Path) -> Path:
    """A folder with a pipeline and rows, and the sandbox in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLORA_API_KEY", shop.sandbox.api_key)
    monkeypatch.setenv("FLORA_BASE_URL", shop.sandbox.base_url)
    (tmp_path / "words.yaml").write_text(shop.text)
    (tmp_path / "rows.yaml").write_text(ROWS)
    return tmp_path


def florist(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


PLAN = ("plan", "words.yaml", "--rows", "rows.yaml", "--campaign", "spring", "--archive", "archive")


def test_command_tells_the_price_and_writes_nothing_to_the_archive(desk: Path, capsys, shop: Shop):
    assert florist(*PLAN) == 0
    assert "To pay now: 6 runs for $0.16" in capsys.readouterr().out
    assert (shop.runs, list(desk.glob("archive/**/*"))) == (0, [])


def test_command_with_json_prints_the_documented_shape(desk: Path, capsys):
    assert florist(*PLAN, "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["schema_version"], plan["totals"]["net_usd"], len(plan["cells"])) == (1, "0.16", 6)


def test_command_with_a_detailed_exit_code_tells_what_is_left_to_pay(desk: Path):
    assert florist(*PLAN, "--detailed-exitcode") == 2
    (desk / "b.png").unlink()
    assert florist(*PLAN, "--detailed-exitcode") == 3


def test_command_with_check_exits_with_1_where_a_run_would_leave_gaps(desk: Path):
    assert (florist(*PLAN, "--check", "--budget", "0.16"), florist(*PLAN, "--check", "--budget", "0.15")) == (0, 1)
    (desk / "b.png").unlink()
    assert (florist(*PLAN), florist(*PLAN, "--check")) == (0, 1)


def test_plan_that_was_written_is_refused_once_a_file_moved(desk: Path, shop: Shop):
    florist(*PLAN, "--out", "plan.json")
    agreed = agreed_plan(Path("plan.json"))
    wanted = wanted_at(Path("words.yaml"), (), campaign="spring")
    refuse_if_moved(agreed, offer(wanted, "rows.yaml", "archive", is_run=False).plan, Path("plan.json"))
    shop.paint("a", "gold")
    with pytest.raises(PlanMovedError, match=r"a\.png has changed"):
        refuse_if_moved(agreed, offer(wanted, "rows.yaml", "archive", is_run=False).plan, Path("plan.json"))


def test_rerun_finds_pipeline_and_rows_by_the_kept_plan(desk: Path):
    with pytest.raises(PlanMissingError, match="florist run PIPELINE"):
        found_gaps("spring", "archive", tuple(GapKind))
    assert florist(*PLAN, "--save") == 0
    gaps = found_gaps("spring", "archive", tuple(GapKind))
    assert (gaps.pipeline.name, gaps.plan.totals.net_runs, Path(gaps.rows).name) == (
        "words.yaml", 6, "rows.yaml",
    )  # fmt: skip


def test_signed_url_has_to_be_given_again(desk: Path):
    url = "https://x.amazonaws.com/a.png?X-Amz-Signature=f00"
    wanted = wanted_at(Path("words.yaml"), (f"picture={url}",), campaign="spring")
    plan = offer(wanted, "", "archive", is_run=False).plan
    keep_plan(plan, "archive", "run")
    assert "f00" not in "".join(path.read_text() for path in desk.glob("archive/plans/**/*.json"))
    with pytest.raises(ConfigurationError, match="--param picture=…"):
        params_again(plan.materials, ())
    assert params_again(plan.materials, (f"picture={url}",)) == (f"picture={url}",)


def test_price_is_asked_for_where_it_is_real_or_somebody_wants_to_be_asked(desk: Path):
    wanted = wanted_at(Path("words.yaml"), (), campaign="spring")
    plan = offer(wanted, "rows.yaml", "archive", is_run=True).plan
    confirm(plan, yes=False)
    confirm(plan, yes=True, ask=True)
    for asking in ({"ask": True}, {}):
        real = plan if asking else plan.model_copy(update={"is_sandbox": False})
        with pytest.raises(ConfigurationError, match=r"6 runs for \$0\.16, \$0\.48 at most, at FLORA: agree"):
            confirm(real, yes=False, **asking)
