"""Names outputs for delivery: fills in the template, makes names safe, and finds those that two outputs share."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from florist.archive.keys import segment, short_run_id
from florist.archive.manifest import ArchivedOutput, Manifest
from florist.campaigns.delivery.errors import DeliveryError
from florist.pipelines.delivery_names import DeliveryNames
from florist.pipelines.models import Pipeline
from florist.pipelines.references import ParamReference
from florist.wording import did_you_mean

NAME_BYTES_AT_MOST = 200
"""Of one name between slashes: what every file system takes, with room for the folder before it on Windows."""

COLLISIONS_NAMED = 5
_TELLING = ("row", "step", "axes", "variation", "output", "index", "run")
"""Fields that may tell apart two outputs of one name, the plainest first."""

_VARIATION = re.compile(r"v([1-9][0-9]{0,5})")
_RESERVED = re.compile(r"(con|conin\$|conout\$|prn|aux|nul|(com|lpt)[0-9])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One output under its name for delivery."""

    name: str
    manifest: Manifest
    output: ArchivedOutput
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Naming:
    """What names are made from, beside what manifests tell.

    Attributes:
        rows: the params of each row as its spreadsheet has them.
        pipeline: for its own name, its params' defaults, and which input a param went into; None if not at hand.
    """

    names: DeliveryNames
    rows: Mapping[str, Mapping[str, str]]
    pipeline: Pipeline | None = None

    def deliveries(self, manifests: Sequence[Manifest]) -> list[Delivery]:
        """Return every output with its name.

        Raises:
            DeliveryError: a field is not known, or two outputs have one name; `messages` tells of all.
        """
        found = [self._delivery(manifest, output) for manifest in manifests for output in manifest.outputs]
        _check_apart(found, self.names)
        return found

    def _delivery(self, manifest: Manifest, output: ArchivedOutput) -> Delivery:
        fields = self._fields(manifest) | _fields_of(output)
        unknown = [name for name in self.names.fields if name not in fields]
        if unknown:
            raise DeliveryError([_unknown(name, fields, manifest) for name in unknown])
        # A slash out of a value must not make a folder; what is left empty takes its separator along.
        safe = {name: segment(fields[name], otherwise="") for name in self.names.fields}
        return Delivery(_safe_path(self.names.filled(safe)), manifest, output, fields)

    def _fields(self, manifest: Manifest) -> dict[str, str]:
        cell = manifest.step or ""
        step, *values = cell.split("@")
        variation = _VARIATION.fullmatch(values[-1]) if values else None
        return {
            **self._params(manifest, step),
            **self.rows.get(manifest.row or "", {}),
            **manifest.axes,
            "campaign": manifest.campaign or "",
            **({"pipeline": self.pipeline.name} if self.pipeline else {}),
            "row": manifest.row or "",
            "step": step,
            "cell": cell,
            "axes": "-".join(values[:-1] if variation else values),
            "variation": variation[1] if variation else "1",
            "technique": manifest.technique,
            "run": short_run_id(manifest.run_id),
        }

    def _params(self, manifest: Manifest, step: str) -> dict[str, str]:
        """Return the params as far as pipeline and manifest tell: those that an input is and nothing else."""
        if self.pipeline is None:
            return {}
        values = {name: param.default or "" for name, param in self.pipeline.params.items()}
        sent = {entry.id: entry.text or _stem(entry.source) for entry in manifest.inputs}
        declared = self.pipeline.steps.get(step)
        for input_id, templates in declared.inputs.items() if declared else ():
            match templates[0].parts:
                case (ParamReference(param=param),) if sent.get(input_id):
                    values[param] = sent[input_id]
        return values


def axes_learnt(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Return the manifests with their axes: where one does not tell, as another of its step and shape does.

    A run that a sweep kept has its axes' values in its step's name, and their names nowhere.
    """
    names = {_shape(manifest): tuple(manifest.axes) for manifest in manifests if manifest.axes}

    def completed(manifest: Manifest) -> Manifest:
        known = names.get(_shape(manifest), ())
        if manifest.axes or not known:
            return manifest
        values = (manifest.step or "").split("@")[1:]
        return manifest.model_copy(update={"axes": dict(zip(known, values, strict=False))})

    return [completed(manifest) for manifest in manifests]


def _shape(manifest: Manifest) -> tuple[str, int]:
    step, *values = (manifest.step or "").split("@")
    return step, sum(not _VARIATION.fullmatch(value) for value in values)


def _fields_of(output: ArchivedOutput) -> dict[str, str]:
    extension = output.key.rpartition("/")[2].partition(".")[2]
    return {"output": output.output_id, "index": str(output.index), "ext": extension}


def _unknown(name: str, fields: Mapping[str, str], manifest: Manifest) -> str:
    return (
        f"{{{name}}} is not known of {manifest.row or 'the only row'}, step {manifest.step}"
        f"{did_you_mean(name, fields)}; columns of a spreadsheet are known with --rows, params with --pipeline"
    )


def _check_apart(found: Sequence[Delivery], names: DeliveryNames) -> None:
    shared: dict[str, list[Delivery]] = {}
    for delivery in found:
        # Windows and macOS tell names apart by their letters alone, not by their case.
        shared.setdefault(unicodedata.normalize("NFC", delivery.name).casefold(), []).append(delivery)
    groups = [group for group in shared.values() if len(group) > 1]
    if groups:
        examples = [
            f"{group[0].name}: {', '.join(_place(one) for one in group[:3])}"
            for group in groups[:COLLISIONS_NAMED]
        ]
        telling = [
            field for field in _TELLING if field not in names.fields and all(_differ(g, field) for g in groups)
        ]
        mend = (
            f"add {{{telling[0]}}} to the template" if telling else "add {row}, {cell} and {index} to the template"
        )
        count = (
            f"{len(groups):,} names would be of several outputs"
            if len(groups) > 1
            else "one name would be of several outputs"
        )
        raise DeliveryError([f"{count}: {mend}; nothing was delivered", *examples])


def _differ(group: Iterable[Delivery], field: str) -> bool:
    values = [delivery.fields[field] for delivery in group]
    return len(set(values)) == len(values)


def _place(delivery: Delivery) -> str:
    return f"{delivery.manifest.row or 'the only row'}/{delivery.manifest.step}, output {delivery.output.index}"


def _safe_path(path: str) -> str:
    return "/".join(map(_safe_name, path.split("/")))


def _safe_name(name: str) -> str:
    """Return a name that every usual file system takes, its extension kept."""
    kept = (
        "".join(
            "-" if character in '<>:"|?*\\' or not character.isprintable() else character
            for character in unicodedata.normalize("NFC", name)
        )
        .strip(" ")
        .rstrip(".")
    )
    if len(kept.encode()) > NAME_BYTES_AT_MOST:
        stem, dot, extension = kept.rpartition(".")
        extension = f"{dot}{extension}" if stem else ""
        room = NAME_BYTES_AT_MOST - len(extension.encode())
        kept = f"{(stem or kept).encode()[:room].decode(errors='ignore').rstrip('-. ')}{extension}"
    return f"_{kept}" if not kept or kept.startswith(".") or _RESERVED.fullmatch(kept) else kept


def _stem(source: str | None) -> str:
    return (source or "").rpartition("/")[2].partition(".")[0]
