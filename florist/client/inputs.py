"""Holds the values given for a technique's inputs against its definition, before anything is sent or paid for."""

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from florist.api.assets import Asset, AssetStatus, asset_file
from florist.api.errors import AssetError, FieldProblem
from florist.api.models import InputValue, MediaKind, Output, Technique, TechniqueInput
from florist.api.storage import is_safe
from florist.archive.expiry import lasts
from florist.client.errors import InvalidInputsError
from florist.secrets import SignedUrl
from florist.wording import did_you_mean, quoted

InputSource = str | Path | bytes | SignedUrl | Asset | Output | InputValue | None
"""What may be given for an input: a text, or for media a path, bytes, an https URL, an asset, a run's output."""

Inputs = Mapping[str, InputSource] | Sequence[InputValue]
"""The inputs of a run: by their ids, or as the API takes them."""

LONGEST_QUEUE = timedelta(minutes=15)
"""FLORA opens an input when the run leaves its queue; a URL with less left than this could be dead by then."""

_FAMILIES = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO, "text": MediaKind.TEXT}


@dataclass(frozen=True, slots=True)
class FittingInput:
    """One input that fits: the text or URL to send, or a file that has to become an asset first."""

    id: str
    type: MediaKind
    value: str | SignedUrl | Path | bytes = field(repr=False)


class _Misfit(Exception):  # noqa: N818 - collected, never raised to a caller
    """Says what is wrong with the value of one input, and the mend."""


async def fitting_inputs(
    technique: Technique, inputs: Inputs, *, called: str, now: Callable[[], datetime], is_sandbox: bool
) -> tuple[FittingInput, ...]:
    """Return the inputs in the order of the definition; files are looked at, nothing is sent.

    Args:
        called: the slug or id the technique was asked for by.
        now: FLORA's time.
        is_sandbox: URLs may lead to this machine itself.

    Raises:
        InvalidInputsError: `problems` lists all there is to mend.
    """
    given, problems = _by_id(inputs)
    declared = {entry.id: entry for entry in technique.inputs}
    for input_id in given.keys() - declared.keys():
        problems.append(FieldProblem(input_id, f"there is no such input{did_you_mean(input_id, declared)}"))
    fitting: list[FittingInput] = []
    for entry in declared.values():
        try:
            value = await _fitted(entry, given.get(entry.id), now=now(), is_sandbox=is_sandbox)
        except _Misfit as misfit:
            problems.append(FieldProblem(entry.id, str(misfit)))
        else:
            fitting += [FittingInput(entry.id, entry.type, value)] if value is not None else []
    if problems:
        raise InvalidInputsError(called, problems)
    return tuple(fitting)


def _by_id(inputs: Inputs) -> tuple[dict[str, InputSource], list[FieldProblem]]:
    if isinstance(inputs, Mapping):
        return dict(inputs), []
    problems: list[FieldProblem] = []
    by_id: dict[str, InputSource] = {}
    for value in inputs:
        if value.id in by_id:
            problems.append(FieldProblem(value.id, "is given twice; start one run for each value"))
        by_id[value.id] = value
    return by_id, problems


async def _fitted(
    entry: TechniqueInput, given: InputSource, *, now: datetime, is_sandbox: bool
) -> str | SignedUrl | Path | bytes | None:
    """Return what is to be sent for one input; None if it is left out."""
    _refuse_unsendable(entry, given)
    if isinstance(given, InputValue):
        if given.type != entry.type:
            raise _Misfit(f"it takes {_kind(entry.type)}, but is given as {given.type}")
        given = SignedUrl(given.value) if entry.type is not MediaKind.TEXT else given.value
    if given is None or (isinstance(given, str) and not given.strip()):
        if not entry.optional:
            raise _Misfit(f"it is required: give it {_kind(entry.type)}")
        return None
    if entry.type is MediaKind.TEXT:
        return _text(given)
    url_or_file = _url_or_file(entry, given)
    if isinstance(url_or_file, SignedUrl):
        _refuse_url(entry, url_or_file, now=now, is_sandbox=is_sandbox)
    else:
        await _refuse_file(entry, url_or_file)
    return url_or_file


def _refuse_unsendable(entry: TechniqueInput, given: InputSource) -> None:
    if entry.is_sendable or (entry.optional and given is None):
        return
    what = "a saved element" if entry.accepts_element else _kind(entry.type)
    mend = "leave it out" if entry.optional else "the technique cannot be run over the API"
    raise _Misfit(f"it takes {what}, which the API cannot send; {mend}")


def _text(given: object) -> str:
    if isinstance(given, Output) and given.text is not None:
        return given.text
    if isinstance(given, str):
        return given
    if isinstance(given, Path):
        raise _Misfit(f"it takes text; give it {quoted(given.name)} by path.read_text()")
    raise _Misfit(f"it takes text, not {_named(given)}")


def _url_or_file(entry: TechniqueInput, given: object) -> SignedUrl | Path | bytes:
    match given:
        case SignedUrl() | Path() | bytes():
            return given
        case str() if given.lower().startswith(("http://", "https://")):
            return SignedUrl(given)
        case str() if "://" in given or given.startswith("data:"):
            raise _Misfit("FLORA fetches https URLs alone; give one, or a file's path")
        case str():
            return Path(given)
        case Output():
            return _output_url(entry, given)
        case Asset(status=AssetStatus.READY, url=SignedUrl() as url):
            _refuse_type(entry, given.content_type or "", given.name or "the asset")
            return url
        case Asset():
            raise _Misfit(f"asset {given.asset_id} is {given.status}; flora.assets.upload returns it once ready")
        case list() | tuple():
            raise _Misfit(
                "it takes one value"
                + ("; FLORA does not tell how it takes several: start one run for each" * entry.allow_multiple)
            )
    raise _Misfit(f"it takes {_kind(entry.type)}, not {_named(given)}")


def _output_url(entry: TechniqueInput, output: Output) -> SignedUrl:
    if output.type is not entry.type or output.url is None:
        raise _Misfit(f"it takes {_kind(entry.type)}, but the output {output.output_id} is {_kind(output.type)}")
    return output.url


def _refuse_url(entry: TechniqueInput, url: SignedUrl, *, now: datetime, is_sandbox: bool) -> None:
    if url.is_dropped or not lasts(url, LONGEST_QUEUE, now=now):
        raise _Misfit(f"{url} does not open any more, or not for long; read its run or its asset again")
    if not is_safe(url, is_sandbox=is_sandbox):
        raise _Misfit(f"FLORA fetches https URLs alone, not {url}")
    _refuse_type(entry, mimetypes.guess_type(url.file_name)[0] or "", url.file_name)


async def _refuse_file(entry: TechniqueInput, source: Path | bytes) -> None:
    try:
        file = await asset_file(source, content_type=None, file_name=None)
    except AssetError as error:
        raise _Misfit(str(error)) from error
    _refuse_type(entry, file.media_type, file.name)


def _refuse_type(entry: TechniqueInput, media_type: str, name: str) -> None:
    kind = MediaKind.DOCUMENT if media_type == "application/pdf" else _FAMILIES.get(media_type.partition("/")[0])
    if kind is not None and kind is not entry.type:
        raise _Misfit(f"it takes {_kind(entry.type)}, but {quoted(name)} is {media_type}")


def _kind(kind: MediaKind) -> str:
    name = kind.name.lower()
    return name if kind in (MediaKind.TEXT, MediaKind.AUDIO) else f"{'an' if name == 'image' else 'a'} {name}"


def _named(value: object) -> str:
    """Return what may be told of a value of the wrong kind: its type alone, for it may hold a signed URL."""
    return type(value).__name__
