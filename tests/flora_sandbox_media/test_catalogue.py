"""The catalogue is consistent in itself and with the recipes."""

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO

import av
import pytest
from PIL import Image

from flora_sandbox.catalogue import (
    ACTIONS,
    MODELS,
    PROJECTS,
    TECHNIQUES,
    WORKSPACES,
    FieldDefinition,
    ModelDefinition,
    PermanentFailure,
    TechniqueDefinition,
    TransientFailure,
)
from flora_sandbox.media import InputContent, Made, render
from flora_sandbox.media.actions import ACTIONS as PERFORMED

ContentFor = Callable[[str], InputContent]


def by_slug(slug: str) -> TechniqueDefinition:
    return next(technique for technique in TECHNIQUES if technique.slug == slug)


def values(fields: tuple[FieldDefinition, ...], content_for: ContentFor) -> dict[str, InputContent]:
    return {field.id: content_for(field.type) for field in fields}


def opens(made: Made) -> bool:
    """Open an output with a program for its kind; each raises on anything else."""
    if made.type == "imageUrl":
        with Image.open(BytesIO(made.data)) as picture:
            picture.load()
            return picture.format == "PNG"
    if made.type in ("videoUrl", "audioUrl"):
        with av.open(BytesIO(made.data), "r") as container:
            return sum(1 for _ in container.decode(container.streams[0])) > 1
    if made.type == "documentUrl":
        return made.data.startswith(b"%PDF-1.") and made.data.endswith(b"%%EOF\n")
    return bool(made.data.decode().strip())


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.slug)
def test_technique_with_all_inputs_makes_the_outputs_it_declares(
    technique: TechniqueDefinition, content_for: ContentFor
):
    made = render(technique.recipe, values(technique.inputs, content_for), seed=1)

    assert [(one.output_id, one.type) for one in made] == [(field.id, field.type) for field in technique.outputs]
    assert all(opens(one) for one in made)


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.slug)
def test_technique_with_required_inputs_alone_makes_the_outputs_it_declares(
    technique: TechniqueDefinition, content_for: ContentFor
):
    required = tuple(field for field in technique.inputs if not field.optional)

    made = render(technique.recipe, values(required, content_for), seed=1)

    assert [one.output_id for one in made] == [field.id for field in technique.outputs]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.model_id)
def test_model_with_a_prompt_makes_one_output_of_its_type(model: ModelDefinition, content_for: ContentFor):
    kinds = {"image": "imageUrl", "video": "videoUrl", "audio": "audioUrl", "text": "text"}

    (made,) = render(model.recipe, {"prompt": content_for("text")}, seed=1)

    assert made.type == kinds[model.type]
    assert opens(made)


def test_ids_and_slugs_are_unique_and_prefixed():
    ids = [technique.technique_id for technique in TECHNIQUES]
    slugs = [technique.slug for technique in TECHNIQUES]
    others = [workspace.workspace_id for workspace in WORKSPACES] + [project.project_id for project in PROJECTS]

    assert len(set(ids)) == len(ids) == len(set(slugs)) >= 12
    assert all(one.startswith("tech_") for one in ids)
    assert [one.split("_")[0] for one in others] == ["ws", "ws", "prj", "prj"]
    assert len({model.model_id for model in MODELS}) == len(MODELS)


def test_inputs_and_outputs_of_a_technique_have_ids_of_their_own():
    for technique in TECHNIQUES:
        for fields in (technique.inputs, technique.outputs):
            assert len({field.id for field in fields}) == len(fields) >= 1


def test_every_media_kind_is_made_by_some_technique_that_works():
    made = {
        field.type
        for technique in TECHNIQUES
        if not isinstance(technique.failure, PermanentFailure)
        for field in technique.outputs
    }

    assert made == {"imageUrl", "videoUrl", "audioUrl", "text", "documentUrl"}


def test_prices_are_exact_and_charged():
    assert all(isinstance(technique.run_cost, Decimal) and technique.run_cost > 0 for technique in TECHNIQUES)
    assert all(model.estimated_credits > 0 and model.run_cost > 0 for model in MODELS)


def test_special_cases_are_on_offer():
    assert by_slug("cctv-cam").inputs[0].id == "input_image"
    assert (by_slug("art-directors-critique").inputs[0].id, by_slug("art-directors-critique").inputs[0].type) == (
        "id",
        "text",
    )
    assert any(field.type == "audioUrl" and not field.optional for field in by_slug("voice-cleaner").inputs)
    assert by_slug("element-portrait").inputs[0].accepts_element
    assert by_slug("square-crop").inputs[0].allow_multiple
    assert by_slug("celebrity-lookalike").failure == PermanentFailure(
        "safety_blocked", "The request was blocked by the safety system."
    )
    assert [failure.times for failure in failures(TransientFailure) if failure.code == "provider_error"] == [2]


def failures(kind: type[TransientFailure]) -> list[TransientFailure]:
    return [technique.failure for technique in TECHNIQUES if isinstance(technique.failure, kind)]


def test_projects_lie_in_workspaces_of_the_catalogue():
    assert {project.workspace_id for project in PROJECTS} <= {workspace.workspace_id for workspace in WORKSPACES}


def test_actions_on_offer_are_the_actions_performed():
    assert {action.action_id for action in ACTIONS} == set(PERFORMED)
