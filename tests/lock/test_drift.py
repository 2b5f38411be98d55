"""What counts as drift between a lock and FLORA's definitions, and what does not."""

from decimal import Decimal
from typing import Any

import pytest

from florist.api.models import Technique
from florist.campaigns.lock import Change, Lock, drift
from florist.pipelines.technique_hash import technique_hash

STILL: dict[str, Any] = {
    "technique_id": "tech_still",
    "name": "Still",
    "run_cost": "0.10",
    "inputs": [
        {"id": "image", "type": "imageUrl", "name": "Picture"},
        {"id": "prompt", "type": "text", "optional": True},
    ],
    "outputs": [{"id": "still", "type": "imageUrl"}],
}


def technique(**changes: Any) -> Technique:
    return Technique.model_validate({**STILL, **changes})


def moved(**changes: Any) -> list[tuple[Change, str]]:
    lock = Lock.of({"still": technique()})
    return [(one.change, one.message) for one in drift(lock, {"still": technique(**changes)})]


def inputs(*changed: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in changed if one]


IMAGE, PROMPT = STILL["inputs"]


@pytest.mark.parametrize(
    ("changes", "change", "said"),
    [
        ({"run_cost": "0.12"}, Change.PRICE, "from $0.10 to $0.12"),
        ({"run_cost": None}, Change.PRICE, "from $0.10 to unknown"),
        ({"technique_id": "tech_other"}, Change.REPLACED, "leads to tech_other now"),
        ({"inputs": [IMAGE]}, Change.INPUT_GONE, "input prompt is gone"),
        (
            {"inputs": [IMAGE, {**PROMPT, "optional": False}]},
            Change.INPUT_REQUIRED,
            "from text (optional) to text",
        ),
        ({"inputs": [IMAGE, {**PROMPT, "allow_multiple": True}]}, Change.INPUT_CHANGED, "(several)"),
        (
            {"inputs": [IMAGE, PROMPT, {"id": "mask", "type": "imageUrl"}]},
            Change.INPUT_REQUIRED,
            "mask (imageUrl)",
        ),
        (
            {"inputs": [IMAGE, PROMPT, {"id": "seed", "type": "text", "optional": True}]},
            Change.INPUT_ADDED,
            "seed (text (optional)) was added",
        ),
        ({"outputs": [{"id": "still", "type": "videoUrl"}]}, Change.OUTPUT_CHANGED, "imageUrl to videoUrl"),
        ({"outputs": []}, Change.OUTPUT_GONE, "output still is gone"),
        ({"outputs": [*STILL["outputs"], {"id": "mask", "type": "imageUrl"}]}, Change.OUTPUT_ADDED, "output mask"),
    ],
)
def test_definition_that_moved_is_told_by_what_moved(changes, change, said):
    [(found, message)] = moved(**changes)
    assert (found, said in message) == (change, True)


def test_input_renamed_is_told_with_its_new_name():
    found = moved(inputs=[{**IMAGE, "id": "picture"}, PROMPT])
    assert (Change.INPUT_GONE, "input image is gone; it may be picture now") in found


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "A better name", "description": "In other words"},
        {"run_cost": "0.1"},
        {"inputs": [PROMPT, {**IMAGE, "name": "Product", "description": "A picture"}]},
    ],
)
def test_words_order_and_spelling_of_a_price_are_no_drift(changes):
    assert moved(**changes) == []
    assert technique_hash(technique(**changes)) == technique_hash(technique())


def test_technique_that_is_gone_or_not_locked_is_drift():
    lock = Lock.of({"still": technique()})
    assert [one.change for one in drift(lock, {})] == [Change.GONE]
    assert [one.change for one in drift(Lock(), {"still": technique()})] == [Change.NOT_LOCKED]


def test_lock_of_several_pipelines_is_held_against_the_techniques_of_one():
    lock = Lock.of({"still": technique(), "film": technique(technique_id="tech_film")})
    assert drift(lock.only(["still"]), {"still": technique()}) == []


def test_lock_file_is_the_same_for_the_same_definitions_in_any_order():
    film = technique(technique_id="tech_film", run_cost=Decimal("0.25"))
    turned = technique(inputs=[PROMPT, IMAGE])
    one, other = Lock.of({"still": technique(), "film": film}), Lock.of({"film": film, "still": turned})
    assert one.to_json() == other.to_json()
    assert Lock.model_validate_json(one.to_json()) == one
    assert one.to_json().endswith("}\n")
