"""Says in words why a piece of work was, or was not, the same as another."""

from collections.abc import Iterable
from itertools import takewhile

from florist.frozen import FrozenModel
from florist.ledger.entries import Entry, State
from florist.ledger.work import InputIdentity, Work

_SHOWN_TEXT = 60
_PLACE = ("campaign", "flow_run_id", "row", "step")
_FIELDS = ("route", "technique_id", *_PLACE, "variation", "attempt")


class Difference(FrozenModel):
    """One field in which two keys differ; `words` is a whole sentence."""

    field: str
    one: str
    other: str
    words: str


def differences(one: Work, other: Work) -> list[Difference]:
    """Return what makes two pieces of work two, field by field; nothing if they have one key."""
    fields = [
        _difference(name, _said(getattr(one, name)), _said(getattr(other, name)))
        for name in _FIELDS
        if getattr(one, name) != getattr(other, name)
    ]
    ids = sorted({identity.id for identity in (*one.inputs, *other.inputs)})
    inputs = [(name, _shown(one, other, name), _shown(other, one, name)) for name in ids]
    return fields + [
        _difference(f"input {name}", mine, theirs)
        for name, mine, theirs in inputs
        if _meanings(one.inputs, name) != _meanings(other.inputs, name)
    ]


def nearest(work: Work, entries: Iterable[Entry]) -> Entry | None:
    """Return the entry of other work that comes closest to this: same place first, then fewest differences."""
    others = [entry for entry in entries if entry.key != work.key]
    return min(others, key=lambda entry: _distance(work, entry.work), default=None)


def explanation(entry: Entry, other: Entry | None = None) -> str:
    """Return what the entry's state means for the next flow run, and how it differs from another entry."""
    text = f"{entry.key}: {_meaning_of(entry)}"
    if entry.note:
        text += f" Note: {entry.note}."
    if other is None:
        return text
    found = differences(entry.work, other.work)
    if not found:
        return f"{text}\n{other.key} is the same work: whatever is paid for once serves both."
    sentences = "\n".join(f"- {difference.words}" for difference in found)
    return f"{text}\nIt is not the same work as {other.key} ({other.state}), hence not reused:\n{sentences}"


def _meaning_of(entry: Entry) -> str:
    run = f"run {entry.run_id}"
    candidates = ", ".join(candidate.run_id for candidate in entry.candidates) or "none"
    return {
        State.INTENDED: "nothing of it is under way. The next flow run sends it.",
        State.SENT: "sent, and not answered yet. The next flow run finds out what became of it.",
        State.STARTED: f"{run} is paid for. The next flow run resumes it.",
        State.FINISHED: _meaning_of_finished(entry),
        State.ARCHIVED: f"{run} is paid for and archived as {entry.manifest_key}. It is reused.",
        State.REFUSED: f"refused ({entry.refusal_code}); nothing was paid for. The next flow run sends it again.",
        State.NEEDS_REVIEW: f"a person has to decide which run is its own. Candidates: {candidates}.",
    }[entry.state]


def _meaning_of_finished(entry: Entry) -> str:
    if entry.ended is not None and entry.ended.is_failed:
        return f"run {entry.run_id} failed ({entry.ended.error_code}). Another attempt is another entry."
    if entry.ended is not None and entry.ended.outputs == 0:
        return f"run {entry.run_id} completed without outputs and was charged. It is never rerun unasked."
    return f"run {entry.run_id} is paid for and completed. The next flow run archives it."


def _difference(field: str, one: str, other: str) -> Difference:
    if not other:
        words = f"its {field} is {one}, and the other has none"
    elif not one:
        words = f"it has no {field}, and the other's is {other}"
    else:
        words = f"its {field} is {one}, and the other's is {other}"
    return Difference(field=field, one=one, other=other, words=words)


def _excerpt(text: str, compared: str) -> str:
    """Return the part of a text around the place where it leaves another one."""
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, compared, strict=False)))
    start = max(0, shared - _SHOWN_TEXT // 2)
    end = start + _SHOWN_TEXT
    return "…" * (start > 0) + text[start:end] + "…" * (end < len(text))


def _said(value: object) -> str:
    return "" if value is None else str(value)


def _distance(work: Work, other: Work) -> tuple[int, int]:
    places = sum(getattr(work, name) != getattr(other, name) for name in _PLACE)
    return places, len(differences(work, other))


def _meanings(inputs: Iterable[InputIdentity], name: str) -> list[tuple[str | int, ...]]:
    return [identity.meaning for identity in inputs if identity.id == name]


def _shown(work: Work, other: Work, name: str) -> str:
    compared = next((identity.text or "" for identity in other.inputs if identity.id == name), "")
    return " and ".join(_shown_input(identity, compared) for identity in work.inputs if identity.id == name)


def _shown_input(identity: InputIdentity, compared: str) -> str:
    if identity.text is not None:
        return f"the text {_excerpt(identity.text, compared)!r}"
    if identity.sha256 is not None:
        return f"{identity.source or 'content'} with SHA-256 {identity.sha256[:12]}"
    return f"output {identity.output_index} of run {identity.run_id}"
