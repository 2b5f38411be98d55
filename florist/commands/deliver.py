"""`florist deliver`: a campaign's outputs under names that people chose."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from florist.campaigns.delivery.delivering import DEFAULT_NAMES, Delivered
from florist.campaigns.delivery.delivering import deliver as delivered_to
from florist.campaigns.delivery.naming import Naming
from florist.campaigns.delivery.placing import Placed
from florist.campaigns.picks.behind import PickedCells
from florist.campaigns.picks.reading import read_records
from florist.campaigns.plan.campaign_plan import FileFacts, Materials
from florist.campaigns.plan.records import PlanRecords
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive
from florist.commands.terminal import err, remark, say
from florist.errors import ConfigurationError
from florist.pipelines import load_pipeline
from florist.pipelines.delivery_names import DeliveryNames, parse_delivery_names
from florist.pipelines.errors import TemplateError
from florist.pipelines.row_files import RowFile, row_cells
from florist.pipelines.row_mapping import RowMapping
from florist.stores.errors import IntegrityError
from florist.stores.folder import FolderStore
from florist.stores.locations import store_at
from florist.stores.store import Store
from florist.studio.campaigns import campaign_name
from florist.studio.row_locations import rows_of
from florist.wording import quoted

TAKEN_NAMED = 10


def deliver(
    campaign: str,
    to: str,
    /,
    *,
    archive: Archive = DEFAULT_ARCHIVE,
    pipeline: Path | None = None,
    template: str | None = None,
    rows: str = "",
    copy: Annotated[bool, Parameter(negative=())] = False,
    picked: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Put the outputs of a campaign under names of your choice. Originals stay; nothing is overwritten.

    Pipeline and rows are those of the campaign's last run, if they are still where they were. Exits with 1 if
    other files stand under some of the names.

    Args:
        campaign: its name.
        to: a folder, or s3://bucket/prefix with the options of an archive's location.
        pipeline: whose `deliver:` says what outputs are called, if not the last run's.
        template: says so itself, such as {campaign}/{sku}_{tone}_{step}_v{variation}.{ext}.
        rows: a row file, if not the last run's: its columns may stand in names, its rows alone are delivered.
        copy: also where a hard link could be made, which is the archive's own file under another name.
        picked: what people have picked alone, and what was made of it; the index says who picked.
    """
    source, target = store_at(archive), store_at(to)
    _check_apart(source, target)
    last = asyncio.run(_last_materials(source, campaign_name(campaign)))
    pipeline = pipeline or (_still_there(last.pipeline) if last else None)
    loaded = load_pipeline(pipeline) if pipeline else None
    names = _names(template) if template else (loaded.deliver if loaded else None)
    if names and not rows and last and last.rows:
        rows = str(_still_there(last.rows) or "")
    mapping = loaded.rows if loaded else RowMapping()
    naming = Naming(names or DEFAULT_NAMES, asyncio.run(_cells(rows, mapping)), loaded)
    found = asyncio.run(
        _delivered(campaign_name(campaign), source, target, naming, may_link=not copy, picked=picked)
    )
    for line in _lines(found, target):
        remark(line)
    say(found.index_name)
    return 1 if found.taken else 0


async def _last_materials(source: Store, campaign: str) -> Materials | None:
    """Return what the campaign was last run with, as far as the archive has it."""
    with suppress(IntegrityError):  # then a person has to name the files
        record = await PlanRecords(source, campaign).newest()
        return record.materials if record else None
    return None


def _still_there(facts: FileFacts) -> Path | None:
    # What is elsewhere is not fetched unasked: it may be gone, or need another machine's credentials.
    path = Path(facts.location)
    return path if "://" not in facts.location and path.is_file() else None


async def _cells(rows: str, mapping: RowMapping) -> dict[str, dict[str, str]]:
    async with rows_of(rows) as found:
        return row_cells(found, mapping) if isinstance(found, RowFile) else {}


async def _delivered(
    campaign: str, source: Store, target: Store, naming: Naming, *, may_link: bool, picked: bool
) -> Delivered:
    picks = PickedCells(await read_records(source, campaign)) if picked else None
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task("reading manifests", total=None)

        def on_progress(done: int, total: int) -> None:
            shown.update(task, description=f"{done:,} of {total:,} outputs")

        return await delivered_to(
            campaign, source, target, naming, may_link=may_link, picked=picks, on_progress=on_progress
        )


def _names(template: str) -> DeliveryNames:
    try:
        return parse_delivery_names(template)
    except TemplateError as error:
        raise ConfigurationError(f"--template: {error}") from error


def _check_apart(source: Store, target: Store) -> None:
    """Make sure that nothing is delivered into the archive, where names are the archive's own."""
    inside = f"{target.location}/".startswith(f"{source.location}/")
    if inside or f"{source.location}/".startswith(f"{target.location}/"):
        what = "folder" if isinstance(target, FolderStore) else "prefix"
        raise ConfigurationError(
            f"{quoted(target.location)} and the archive are inside one another: deliver to a {what} of its own"
        )


def _lines(found: Delivered, target: Store) -> list[str]:
    counts = ", ".join(f"{found.counts[how]:,} {how}" for how in Placed if found.counts[how])
    lines = [f"{counts or 'nothing'}, in {target.location}; what is what: {found.index_name}"]
    if found.superseded:
        lines.append(f"left out: {found.superseded:,} earlier runs of cells that were made again since")
    if found.left_out:
        lines.append(f"left out: {found.left_out:,} runs of rows that are not in the row file")
    if found.unpicked:
        lines.append(f"left out: {found.unpicked:,} runs that nobody picked, and that are made of no pick")
    if found.taken:
        named = ", ".join(found.taken[:TAKEN_NAMED])
        more = f" and {len(found.taken) - TAKEN_NAMED:,} more" if len(found.taken) > TAKEN_NAMED else ""
        lines.append(f"other files stand under {named}{more}: move them away, or deliver elsewhere")
    return lines
