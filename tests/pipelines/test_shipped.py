"""The pipelines that ship, held against the sandbox's techniques."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import pytest

from flora_sandbox.catalogue import MODELS, TECHNIQUES
from florist.api.catalogue import Model
from florist.api.models import MediaKind, Technique
from florist.pipelines import Plan, load_pipeline, parse_pipeline, plan
from florist.pipelines.generations import model_definition

FOLDER = Path(__file__).parents[2] / "pipelines"
SHIPPED = sorted(FOLDER.glob("*.yaml"))
DEFINITIONS = {technique.slug: Technique.model_validate(asdict(technique)) for technique in TECHNIQUES}
PAGE = (FOLDER.parent / "docs/pipelines.md").read_text()


def planned(name: str) -> Plan:
    return plan(load_pipeline(FOLDER / f"{name}.yaml"), {}, DEFINITIONS)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_pipeline_plans_with_its_defaults_alone(file: Path) -> None:
    pipeline = load_pipeline(file)
    made = plan(pipeline, {}, DEFINITIONS)
    assert (pipeline.name, made.unpriced) == (file.stem, ())
    assert all(param.description for param in pipeline.params.values())


@pytest.mark.parametrize(
    ("name", "price_usd", "chain"),
    [
        ("product-launch", "0.64", ("still", "caption", "page")),
        ("moodboard", "0.33", ("wide", "wide-words", "critique")),
        ("two-tones", "0.26", ("still", "caption@luxury", "page@luxury")),
        ("lookbook", "0.28", ("scene", "composite", "page")),
    ],
)
def test_shipped_pipeline_costs_and_chains_as_documented(name: str, price_usd: str, chain: Sequence[str]) -> None:
    made = planned(name)
    assert (made.price_usd, made.longest_chain) == (Decimal(price_usd), chain)


def test_product_launch_makes_four_kinds_of_media() -> None:
    made = {DEFINITIONS[step.technique].outputs[0].type for step in planned("product-launch").steps}
    assert made == {MediaKind.IMAGE, MediaKind.TEXT, MediaKind.VIDEO, MediaKind.DOCUMENT}


def shown_in(section: str) -> str:
    return section.split("```yaml\n")[1].split("```", maxsplit=1)[0]


def test_generation_shown_in_the_docs_is_planned() -> None:
    [flux] = [model for model in MODELS if model.model_id == "t2i-flux-2-pro"]
    fields = asdict(flux)
    for param in fields["params"]:
        param["options"] = [{"value": value} for value in param["options"]]
    known = {"models/t2i-flux-2-pro": model_definition(Model.model_validate(fields))}
    shown = shown_in(PAGE.split("\n## Generations\n")[1])
    made = plan(parse_pipeline(shown, file=FOLDER / "shown.yaml"), {}, DEFINITIONS | known)
    assert [step.name for step in made.steps] == ["scene", "page"]


def test_axes_shown_in_the_docs_make_the_cells_that_they_name() -> None:
    section = PAGE.split("\n## Axes\n")[1].split("\n## ")[0]
    made = plan(parse_pipeline(shown_in(section), file=FOLDER / "shown.yaml"), {}, DEFINITIONS)
    named = re.findall(r"^\| `[a-z]+` \| (.*?) \|", section, re.MULTILINE)
    assert [step.name for step in made.steps] == re.findall("`(.*?)`", ", ".join(named))
