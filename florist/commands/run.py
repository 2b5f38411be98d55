"""`florist run`: what a person asked for is priced, agreed to, run and told."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson, Budget
from florist.commands.offers import confirm, confirm_new, named_campaign, offer, print_offer, wanted_at
from florist.commands.plan import agreed_plan, params_again, print_plan, refuse_if_moved
from florist.commands.run_endings import RunRequest
from florist.commands.run_options import AtLeastOne
from florist.commands.starting import GivenRunFlow, run_and_tell
from florist.errors import ConfigurationError
from florist.pipelines.campaign_defaults import CampaignDefaults, OnRefusal


def run(
    pipeline: Path | None = None,
    /,
    *,
    run_flow: GivenRunFlow,
    param: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    rows: str = "",
    archive: Archive = DEFAULT_ARCHIVE,
    campaign: str | None = None,
    new_campaign: Annotated[bool, Parameter(negative=())] = False,
    max_in_flight: AtLeastOne = None,
    min_success: Annotated[float | None, Parameter(validator=validators.Number(gte=0, lte=1))] = None,
    on_refusal: OnRefusal | None = None,
    budget: Budget = None,
    agreed: Annotated[Path | None, Parameter(name="--plan")] = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    ask: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> int:
    """Run a pipeline, and keep every output. Shows first what is new, and for what price.

    A flow run where Prefect is pointed at a server; else it is run at once, without Prefect.

    Exits with 0; with gaps 3; if it failed 1.

    Args:
        pipeline: a YAML file of steps; the plan's own if left out with --plan.
        param: a param of the pipeline as name=value; may be given several times.
        rows: a spreadsheet, for each row of which the pipeline is run: CSV, TSV, JSON lines, YAML or .xlsx, as
            a path, https://… or s3://…
        campaign: a name for this piece of work. The same name again resumes it: what is paid is not paid twice.
        new_campaign: it is another campaign than one whose name differs by capital letters alone.
        max_in_flight: rows walked at one time. Of this and the next three, the pipeline's `campaign:` gives those
            that are left out; without either 500, 0, skip, and the cap that stands.
        min_success: the share of rows, from 0 to 1, that must be complete; with fewer, or none, it has failed.
        on_refusal: what FLORA refuses for good leaves a gap (skip), or nothing further is begun (fail).
        budget: USD that the campaign may cost, all that it has cost before included; the rest is not started.
        agreed: a file by `florist plan --out`: run exactly that, and nothing if it would be anything else by now.
        dry_run: show the plan and stop, as `florist plan` does.
        ask: also before spending a sandbox's money.
        yes: spend without asking.
        as_json: print what happens as lines of JSON.
    """
    promised = agreed_plan(agreed) if agreed else None
    if promised:
        made_of = promised.materials
        pipeline = Path(made_of.pipeline.location)
        rows = rows or (made_of.rows.location if made_of.rows else "")
        param, campaign = params_again(made_of, param), promised.campaign
    if pipeline is None:
        raise ConfigurationError("name a pipeline's file, or a plan with --plan")
    wanted = wanted_at(pipeline, param, campaign=campaign or "")
    name, is_given = named_campaign(campaign, wanted.pipeline.name)
    if dry_run:
        print_plan(offer(wanted, rows, archive, is_run=False, cap_usd=budget), as_json=as_json)
        return 0
    planned = offer(wanted, rows, archive, is_run=True, cap_usd=budget)
    print_offer(planned)
    if promised and agreed:
        refuse_if_moved(promised, planned.plan, agreed)
    planned.refuse_unusable()
    is_new = new_campaign or (is_given and confirm_new(name, archive))
    confirm(planned.plan, yes=yes or (promised is not None and not ask), ask=ask)
    options = CampaignDefaults(
        min_success=min_success, on_refusal=on_refusal, max_in_flight=max_in_flight, budget_usd=budget
    )
    request = RunRequest(pipeline, param, rows, archive, name, is_new, options)
    return run_and_tell(request, planned, run_flow, as_json=as_json)
