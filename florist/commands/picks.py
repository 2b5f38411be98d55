"""`florist picks`: what people have picked, and picks taken over from a file that a sheet has written."""

import asyncio
import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cyclopts import App
from pydantic import ValidationError

from florist.campaigns.picks import CampaignPicks, Pick, PickRefusedError, add_pick, read_picks
from florist.campaigns.picks.records import PickModel
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson
from florist.commands.terminal import print_table, remark, say
from florist.errors import ConfigurationError
from florist.pipelines.rows import step_label
from florist.stores.locations import store_at
from florist.studio.campaigns import campaign_name

picks_app = App(name="picks", help="What people have picked of a campaign, and what waits for a pick.")

_HEADINGS = ("Cell", "Verdict", "Stars", "By", "At", "Spent", "Note")


class PicksFile(PickModel):
    """What a contact sheet gives to be downloaded.

    Attributes:
        by: who picked; a name on the command line goes before it.
    """

    florist_picks: Literal[1]
    campaign: str
    by: str = ""
    picks: tuple[Pick, ...]


@picks_app.default
def show(campaign: str, /, *, archive: Archive = DEFAULT_ARCHIVE, as_json: AsJson = False) -> None:
    """Show what stands: each cell that somebody has said something of, and how far its row has come.

    Args:
        campaign: its name.
    """
    found = asyncio.run(read_picks(store_at(archive), campaign_name(campaign)))
    if as_json:
        say(found.model_dump_json(indent=2))
        return
    print_table(_HEADINGS, _lines(found), right=("Stars",))
    for key, row in found.rows.items():
        for gate in row.gates:
            if not gate.enough and gate.picked:
                remark(f"{step_label(key, gate.step)} waits: {gate.picked} of at least {gate.pick_min} picked")


@picks_app.command
def apply(file: Path, /, *, by: str = "", archive: Archive = DEFAULT_ARCHIVE) -> int:
    """Take over the picks of a contact sheet's file. Safe to repeat; exits with 1 if one is refused.

    Args:
        file: picks.json, as the sheet gives it to be downloaded.
        by: who picked, if not whom the file names.
    """
    try:
        given = PicksFile.model_validate_json(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise ConfigurationError(f"{file} holds no picks of this version: {where}: {first['msg']}") from error
    name = by or given.by or getpass.getuser()
    refused = asyncio.run(_applied(given, archive, by=name))
    taken = len(given.picks) - len(refused)
    remark(
        f"{taken} of {len(given.picks)} pick{'s' * (len(given.picks) != 1)} by {name} stand in {given.campaign}."
    )
    for line in refused:
        remark(f"not taken: {line}")
    return 1 if refused else 0


async def _applied(given: PicksFile, archive: str, *, by: str) -> list[str]:
    """Take over each pick, what is taken back before what is picked; return why some were refused."""
    store, refused = store_at(archive), []
    for pick in sorted(given.picks, key=lambda pick: pick.verdict == "picked"):
        try:
            await add_pick(store, given.campaign, pick, by=by, at=datetime.now(UTC))
        except PickRefusedError as error:
            refused.append(str(error))
    return refused


def _lines(found: CampaignPicks) -> list[tuple[str, ...]]:
    return [
        (
            step_label(key, standing.cell),
            standing.verdict,
            str(standing.stars or ""),
            standing.by,
            f"{standing.at:%Y-%m-%d %H:%M}" if standing.at else "",
            "yes" if standing.spent else "",
            standing.note,
        )
        for key, row in found.rows.items()
        for standing in row.cells.values()
    ]
