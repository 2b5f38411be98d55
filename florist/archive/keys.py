"""Object keys: for people to browse, the same on S3 and every file system, never colliding.

`<run>` in a file's name makes it unique; the folders around it are only there to be found by. They are
therefore made harmless without fear of making two of them equal.
"""

import hashlib
import re
import string
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from florist.errors import ConfigurationError
from florist.stores.errors import UnsafeKeyError
from florist.stores.keys import checked_key

INDEX_FOLDER = "index/"

SEGMENT_BYTES_AT_MOST = 60
"""Ours, so that a whole key stays well below the 260 characters Windows allows a path by default."""

_SHORT_RUN_ID = re.compile(r"run_([a-z0-9]{1,32})")
_DIGEST_LENGTH = 16
_RESERVED = re.compile(r"(con|conin\$|conout\$|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
"""By Windows, with any extension."""

_UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run belongs: the row and step of a campaign, or, lacking that, a day and a technique."""

    run_id: str
    technique: str
    created_at: datetime | None
    campaign: str | None = None
    row: str | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Templates of the folders that a run's outputs and manifest are kept in.

    Both know `{date}` and `{technique}`; that of a campaign also `{campaign}`, `{row}` and `{step}`. File
    names are `<run>-<index>.<extension>` and, for the manifest, `<run>.json`: those are not a matter of taste.

    Raises:
        ConfigurationError: a template names a field there is not, or leaves the archive.
    """

    campaign_folder: str = "campaigns/{campaign}/{row}/{step}"
    run_folder: str = "runs/{date}/{technique}"

    def __post_init__(self) -> None:
        _check_template(self.campaign_folder, {"date", "technique", "campaign", "row", "step"})
        _check_template(self.run_folder, {"date", "technique"})

    def output_key(self, place: RunPlace, index: int, extension: str) -> str:
        """Return the key of a run's output; `index` counts from 0 in FLORA's order."""
        return f"{self._folder(place)}/{short_run_id(place.run_id)}-{index}.{extension}"

    def manifest_key(self, place: RunPlace) -> str:
        """Return the key of a run's manifest, which stands beside its outputs."""
        return f"{self._folder(place)}/{short_run_id(place.run_id)}.json"

    def _folder(self, place: RunPlace) -> str:
        template = self.run_folder if place.campaign is None else self.campaign_folder
        return template.format(
            date=f"{place.created_at:%Y-%m-%d}" if place.created_at else _UNDATED,
            technique=segment(place.technique, otherwise="technique"),
            campaign=segment(place.campaign or "", otherwise="campaign"),
            row=segment(place.row or "", otherwise="single"),
            step=segment(place.step or "", otherwise="step"),
        )


def index_key(run_id: str) -> str:
    """Return the key of the pointer by which a run's manifest is found from its id alone."""
    return f"{INDEX_FOLDER}{short_run_id(run_id)}.json"


def short_run_id(run_id: str) -> str:
    """Return a run id as part of a file name: readable, and different for different ids.

    The usual ids lose their `run_` alone. What is longer, or has characters or capitals that some file system
    would not tell apart, or would be a name Windows reserves, is shortened to its end and a digest of the whole.
    """
    usual = _SHORT_RUN_ID.fullmatch(run_id)
    if usual and not _RESERVED.fullmatch(usual[1]):
        return usual[1]
    digest = hashlib.sha256(run_id.encode(errors="surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return f"{re.sub(r'[^a-z0-9]', '', run_id.lower())[-8:] or 'run'}-{digest}"


def segment(text: str, *, otherwise: str) -> str:
    """Return any text as one name between slashes, for every store and file system.

    Letters, marks and digits of every script are kept (NFC), all else becomes a dash.

    Args:
        otherwise: the name of what leaves nothing over.
    """
    kept = "".join(map(_harmless, unicodedata.normalize("NFC", text)))
    name = _cut(re.sub(r"-{2,}", "-", kept).strip("-."), text)
    if not name:
        return otherwise
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def _harmless(character: str) -> str:
    return character if character in "-_." or unicodedata.category(character)[0] in "LMN" else "-"


def _cut(name: str, whole: str) -> str:
    if len(name.encode()) <= SEGMENT_BYTES_AT_MOST:
        return name
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    beginning = name.encode()[: SEGMENT_BYTES_AT_MOST - len(digest) - 1].decode(errors="ignore")
    return f"{beginning.rstrip('-.')}-{digest}"


def _check_template(template: str, known: set[str]) -> None:
    try:
        named = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        unknown = named - known
        if not unknown:
            checked_key(template.format(**dict.fromkeys(known, "x")))
    except (ValueError, UnsafeKeyError) as error:
        raise ConfigurationError(f"the archive layout {template!r} is not a folder: {error}") from error
    if unknown:
        raise ConfigurationError(
            f"the archive layout {template!r} names {', '.join(sorted(unknown))}; "
            f"it may name {', '.join(sorted(known))}"
        )
