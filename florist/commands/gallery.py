"""`florist gallery`: a campaign's contact sheet, written for whoever looks at pictures."""

import asyncio
import os
import webbrowser
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from cyclopts import Parameter

from florist.archive.keys import segment
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive
from florist.commands.terminal import remark, say
from florist.errors import ConfigurationError
from florist.gallery.derivatives import Derivatives, made_derivatives, make_derivatives
from florist.gallery.keeping import keep_sheet, with_notes
from florist.gallery.links import Links, RelativeLinks, signed_links
from florist.gallery.reading import read_sheet
from florist.gallery.rendering import render_sheet
from florist.gallery.sheet import Sheet
from florist.stores.errors import StoreDeniedError
from florist.stores.folder import FolderStore
from florist.stores.locations import store_at
from florist.stores.store import Store
from florist.studio.campaigns import campaign_name

PRIVATE = 0o600
"""The mode of a page with signed links: whoever reads it sees what it shows."""


def gallery(
    campaign: str,
    /,
    *,
    archive: Archive = DEFAULT_ARCHIVE,
    against: str = "",
    out: Path | None = None,
    open_it: Annotated[bool, Parameter(name="--open", negative=(), help="Open it in the browser.")] = False,
) -> None:
    """Write a campaign's contact sheet, and print where it is. Asks the archive alone; pays for nothing.

    Of a folder archive it stands in the archive, beside the outputs. Of a bucket it is a file here, whose pictures
    can be seen for a day: their links are signed.

    Args:
        campaign: its name.
        against: another campaign in the archive, shown beside it row by row.
        out: the file to write instead.
    """
    path = asyncio.run(_written(store_at(archive), campaign_name(campaign), campaign_name(against), out))
    say(str(path))
    if open_it and not webbrowser.open(path.as_uri()):
        remark("no browser could be opened; open the file by hand")


async def _written(store: Store, campaign: str, against: str, out: Path | None) -> Path:
    sheet = await read_sheet(store, campaign, against=against)
    if isinstance(store, FolderStore) and out is None:
        return store.path / await keep_sheet(store, sheet)
    derivatives = await _derivatives(store, sheet)
    path = (out or Path(f"{segment(campaign, otherwise='campaign')}-contact-sheet.html")).absolute()
    links = await _links(store, sheet, derivatives, path)
    page = render_sheet(with_notes(sheet, derivatives), links=links)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE if links.until else 0o666)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(page)
    if links.until:
        remark(f"whoever has the file sees its pictures until {links.until:%Y-%m-%d %H:%M} UTC")
    return path


async def _derivatives(store: Store, sheet: Sheet) -> Derivatives:
    try:
        return await make_derivatives(store, sheet)
    except StoreDeniedError as error:
        remark(f"previews cannot be kept in the archive: {error}")
        return await made_derivatives(store, sheet)


async def _links(store: Store, sheet: Sheet, derivatives: Derivatives, path: Path) -> Links:
    if isinstance(store, FolderStore):
        return RelativeLinks(derivatives, root=_from(path.parent, store.path))
    signed = await signed_links(store, sheet, derivatives)
    if signed is None:
        raise ConfigurationError(
            f"{store.location} signs no links, which a page needs to show what is in it: sync it into a folder, "
            "where the sheet beside the outputs works as it is"
        )
    return signed


def _from(folder: Path, archive: Path) -> str:
    """Return the relative link from a page's folder to the archive."""
    return f"{quote(Path(os.path.relpath(archive, folder)).as_posix())}/"
