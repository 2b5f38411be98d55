"""FLORA's checks of a run's inputs against the technique's definition."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from flora_sandbox.catalogue import FieldDefinition, TechniqueDefinition
from flora_sandbox.jobs import Given
from flora_sandbox.problems import invalid
from flora_sandbox.settings import Settings
from flora_sandbox.shapes import InputItem
from flora_sandbox.urls import media_url_fault

Note = tuple[str, str]


def given_inputs(
    technique: TechniqueDefinition, items: Sequence[InputItem], settings: Settings
) -> tuple[Given, ...]:
    """Check the inputs of the nested route.

    Raises:
        Problem: 400, with one field for each thing that is wrong.
    """
    declared = {field.id: field for field in technique.inputs}
    notes = [(item.id, "Unknown input") for item in items if item.id not in declared]
    known = [item for item in items if item.id in declared]
    notes += [
        (item.id, f"Expected {declared[item.id].type}, received {item.type}")
        for item in known
        if item.type != declared[item.id].type
    ]
    given = tuple(Given(item.id, declared[item.id].type, item.value) for item in known)
    return _checked(technique, given, notes, settings)


def mapped_inputs(
    technique: TechniqueDefinition, inputs: Mapping[str, JsonValue], settings: Settings
) -> tuple[Given, ...]:
    """Check the inputs of the top-level route: a map, whose value is a list where several are taken.

    Raises:
        Problem: 400, with one field for each thing that is wrong.
    """
    declared = {field.id: field for field in technique.inputs}
    notes: list[Note] = []
    given: list[Given] = []
    for name, value in inputs.items():
        field = declared.get(name)
        if field is None:
            notes.append((name, "Unknown input"))
            continue
        values = value if isinstance(value, list) else [value]
        given += [Given(name, field.type, one) for one in values if isinstance(one, str)]
        if not all(isinstance(one, str) for one in values):
            notes.append((name, "Expected string"))
    return _checked(technique, tuple(given), notes, settings)


def checked_media(fields: Iterable[Given], settings: Settings) -> list[Note]:
    """Return what is wrong with the URLs among these."""
    notes = []
    for given in fields:
        if given.type != "text":
            fault = media_url_fault(given.value, restrict_hosts=settings.restrict_input_hosts)
            notes += [(given.id, fault)] if fault else []
    return notes


def _checked(
    technique: TechniqueDefinition, given: tuple[Given, ...], notes: list[Note], settings: Settings
) -> tuple[Given, ...]:
    mentioned = {one.id for one in given} | {name for name, _ in notes}
    notes += [
        (field.id, "Required") for field in technique.inputs if not field.optional and field.id not in mentioned
    ]
    notes += _count_notes(technique.inputs, given)
    notes += [
        (one.id, "Required") for one in given if not one.value.strip() and not _is_optional(technique, one.id)
    ]
    notes += checked_media((one for one in given if one.value.strip()), settings)
    if notes:
        raise invalid(*notes)
    return tuple(one for one in given if one.value.strip())


def _count_notes(fields: Iterable[FieldDefinition], given: Iterable[Given]) -> list[Note]:
    counts = Counter(one.id for one in given)
    repeated = [
        (field.id, "Takes one value") for field in fields if counts[field.id] > 1 and not field.allow_multiple
    ]
    elements = [(field.id, "Takes an element") for field in fields if counts[field.id] and field.accepts_element]
    return repeated + elements


def _is_optional(technique: TechniqueDefinition, input_id: str) -> bool:
    return any(field.id == input_id and field.optional for field in technique.inputs)
