"""`florist plan`: what a run would do with every step of every row, why, and for what price. Spends nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError

from florist.campaigns.plan.again import params_of
from florist.campaigns.plan.campaign_plan import CampaignPlan, Materials
from florist.campaigns.plan.comparing import differences_from, shown_differences
from florist.campaigns.plan.errors import PlanMovedError
from florist.campaigns.plan.planning import Planned
from florist.campaigns.plan.summary import summary
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson, Budget
from florist.commands.offers import keep_plan, offer, parsed_params, print_steps, wanted_at
from florist.commands.terminal import remark, say
from florist.errors import ConfigurationError

HAS_PROBLEMS = 1
"""Exit code of `florist plan --check` where somebody has to mend something first."""
WOULD_PAY = 2
"""Exit code of `florist plan --detailed-exitcode` where running it would pay for something."""
IS_BLOCKED = 3
"""Exit code of `florist plan --detailed-exitcode` where somebody has to mend something first."""


def plan(
    pipeline: Path,
    /,
    *,
    param: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    rows: str = "",
    campaign: str | None = None,
    archive: Archive = DEFAULT_ARCHIVE,
    budget: Budget = None,
    as_json: AsJson = False,
    out: Path | None = None,
    save: Annotated[bool, Parameter(negative=())] = False,
    check: Annotated[bool, Parameter(negative=())] = False,
    detailed_exitcode: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Say what running a pipeline would do with each step of each row, why, and for what price. Spends nothing.

    Exits with 0 if there is a plan.

    Args:
        pipeline: a YAML file of steps.
        param: a param of the pipeline as name=value; may be given several times.
        rows: a spreadsheet, for each row of which the pipeline is planned: CSV, TSV, JSON lines, YAML or .xlsx, as
            a path, https://… or s3://…
        campaign: whose runs are used again; without it everything is new.
        budget: USD that the campaign may cost, all that it has cost before included: tells what does not fit.
        out: write the whole plan there, for `florist run --plan`.
        save: also remember it in the archive, so that the campaign's next plan tells what has changed since.
        check: exit with 1 if a step is blocked, or the price does not fit into the budget; as in a build.
        detailed_exitcode: exit with 2 if running it would pay for anything, and with 3 if a step is blocked.
    """
    planned = offer(
        wanted_at(pipeline, param, campaign=campaign or ""), rows, archive, is_run=False, cap_usd=budget
    )
    if save and not planned.plan.campaign:
        raise ConfigurationError("only the plan of a campaign can be saved: name it with --campaign")
    print_plan(planned, as_json=as_json)
    if out:
        out.write_text(planned.plan.model_dump_json(indent=1) + "\n")
        remark(f"To run exactly this: florist run --plan {out} --archive {archive}")
    if save:
        number = keep_plan(planned.plan, archive, "plan")
        remark(f"Saved as plan {number} of the campaign.")
    if detailed_exitcode:
        return exit_code(planned.plan)
    return HAS_PROBLEMS if check and has_problems(planned.plan) else 0


def print_plan(planned: Planned, *, as_json: bool) -> None:
    """Print a plan as the answer to what was asked."""
    if as_json:
        say(planned.plan.model_dump_json(indent=1))
        return
    print_steps(planned)
    for line in (*planned.notes, *summary(planned.plan)):
        say(line)


def has_problems(plan: CampaignPlan) -> bool:
    """Whether running it would leave gaps: a step is blocked, or its price does not fit into the budget."""
    return plan.is_blocked or (plan.funds is not None and plan.totals.net_usd > plan.funds.free_usd)


def exit_code(plan: CampaignPlan) -> int:
    """Return what `--detailed-exitcode` exits with."""
    if plan.is_blocked:
        return IS_BLOCKED
    return WOULD_PAY if plan.is_spending else 0


def agreed_plan(path: Path) -> CampaignPlan:
    """Read a plan that `florist plan --out` wrote.

    Raises:
        ConfigurationError: the file is none.
    """
    try:
        return CampaignPlan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"the plan {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigurationError(f"{path} is no plan of this version: make one by `florist plan --out`") from error


def params_again(made_of: Materials, given: Sequence[str]) -> tuple[str, ...]:
    """Return the params that a plan was made with, as they are typed; those given now go before them.

    Raises:
        ConfigurationError: some were not written down, being signed URLs, and are not given now.
    """
    return tuple(f"{name}={value}" for name, value in params_of(made_of, parsed_params(given)).items())


def refuse_if_moved(agreed: CampaignPlan, now: CampaignPlan, path: Path) -> None:
    """Do nothing if running it is what was agreed to, or cheaper.

    Raises:
        PlanMovedError: it is not.
    """
    found = differences_from(agreed, now)
    if found:
        raise PlanMovedError(
            f"what {path} says is not what would be run now; nothing was started:\n{shown_differences(found)}\n"
            "Look at a new plan: florist plan",
            differences=found,
        )
