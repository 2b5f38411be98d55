"""What outputs are called: templates, safe names, and two outputs that would have one name."""

from pathlib import Path

import pytest

from florist.archive.manifest import ManifestInput
from florist.campaigns.delivery.delivering import DEFAULT_NAMES
from florist.campaigns.delivery.errors import DeliveryError
from florist.campaigns.delivery.naming import Naming, axes_learnt
from florist.pipelines import PipelineFileError
from florist.pipelines.delivery_names import parse_delivery_names
from florist.pipelines.errors import TemplateError
from florist.pipelines.loading import parse_pipeline
from tests.delivery.conftest import made

PIPELINE = """
name: launch
params: {tone: {default: playful}, brand: {default: Fleur}}
deliver: "{brand}/{row}_{tone}_{step}.{ext}"
steps:
  still: {technique: key-visual, inputs: {prompt: "${params.tone}"}}
"""


def named(template, *runs, rows=None, pipeline=None):
    naming = Naming(parse_delivery_names(template), rows or {}, pipeline)
    return [delivery.name for delivery in naming.deliveries([manifest for manifest, _ in runs])]


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{campaign}/{row}_{step}_v{variation}.{ext}", "spring/sku-1_still_v2.png"),
        ("{tone}/{cell}.{ext}", "playful/still-playful-v2.png"),
        ("{axes}_{output}_{index}.{ext}", "playful_image_0_0.png"),
        ("{technique}_{sku}.{ext}", "key-visual_A-1.png"),
    ],
)
def test_name_is_filled_from_cell_axes_and_row(template, name):
    run = made("sku-1", "still@playful@v2", axes={"tone": "playful"})
    assert named(template, run, rows={"sku-1": {"sku": "A-1", "tone": "of the row"}}) == [name]


def test_params_come_from_what_was_sent_then_from_the_default():
    pipeline = parse_pipeline(PIPELINE, file=Path("launch.yaml"))
    run = made(inputs=(ManifestInput(id="prompt", type="text", text="luxury"),))
    assert named(pipeline.deliver.template, run, pipeline=pipeline) == ["Fleur/sku-1_luxury_still.png"]


def test_empty_field_takes_its_separator_along():
    rows = {"sku-1": {"tone": ""}}
    assert named("{row}_{tone}_{step}.{ext}", made(), rows=rows) == ["sku-1_still.png"]
    assert named("{tone}_{row}.{ext}", made(), rows=rows) == ["sku-1.png"]


def test_axes_of_a_run_that_a_sweep_kept_are_learnt_from_its_siblings():
    kept, _ = made("sku-1", "still@luxury@v2", axes={"tone": "luxury"})
    swept, _ = made("sku-2", "still@playful")
    assert [manifest.axes for manifest in axes_learnt([kept, swept])] == [{"tone": "luxury"}, {"tone": "playful"}]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("../../etc/passwd", "etc-passwd.png"),
        ("a/b\\c:d*?", "a-b-c-d.png"),
        ("NUL", "_NUL.png"),
        (".hidden", "hidden.png"),
        ("rosé ☕ 玫瑰", "rosé-玫瑰.png"),
        ("x\x1b[31m\n", "x-31m.png"),
    ],
)
def test_value_becomes_a_name_that_every_file_system_takes(value, name):
    assert named("{title}.{ext}", made(), rows={"sku-1": {"title": value}}) == [name]


def test_name_put_together_to_a_reserved_one_or_too_long_is_made_safe():
    rows = {"sku-1": {"a": "co", "b": "n", "c": "ü" * 60, "d": "é" * 60}}
    assert named("{a}{b}.{ext}", made(), rows=rows) == ["_con.png"]
    [long] = named("{c}{d}{c}{d}{c}.{ext}", made(), rows=rows)
    assert (len(long.encode()) <= 200, long.endswith(".png")) == (True, True)


def test_two_outputs_of_one_name_are_refused_with_what_to_add():
    runs = [made("sku-1", "still@playful"), made("sku-1", "still@playful@v2")]
    with pytest.raises(DeliveryError, match=r"add \{variation\} to the template; nothing was delivered"):
        named("{row}_{step}.{ext}", *runs)


def test_names_that_differ_by_case_alone_are_refused():
    with pytest.raises(DeliveryError, match=r"add \{step\}"):
        named("{row}.{ext}", made("Rose", "still"), made("rose", "film"))


def test_outputs_of_one_run_need_their_output_or_index():
    with pytest.raises(DeliveryError, match=r"add \{output\}"):
        named("{row}_{step}.{ext}", made(outputs=2))
    assert len(named(DEFAULT_NAMES.template, made(outputs=2))) == 2


def test_field_that_nobody_knows_is_told_with_the_nearest_and_where_fields_come_from():
    with pytest.raises(DeliveryError, match=r'\{varation\} is not known .* did you mean "variation"\?.*--rows'):
        named("{varation}.{ext}", made())


@pytest.mark.parametrize(
    "template",
    ["{row", "{0}.png", "{row!r}", "{row:>9}", "{row.x}", "{}", "../{row}", "/{row}", "{row}/", "a\\{row}", "a\n"],
)
def test_template_that_is_none_is_refused(template):
    with pytest.raises(TemplateError):
        parse_delivery_names(template)


def test_template_of_a_pipeline_file_that_is_none_is_told_with_its_place():
    with pytest.raises(PipelineFileError, match=r"launch.yaml:4:10: deliver: .*is no field"):
        parse_pipeline(PIPELINE.replace("{brand}/", "{brand!r}/"), file=Path("launch.yaml"))
