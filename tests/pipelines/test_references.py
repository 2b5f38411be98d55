import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from florist.pipelines.errors import TemplateError
from florist.pipelines.references import OutputReference, ParamReference, Template, parse_template

names = st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True)
output_ids = st.text(string.ascii_letters + string.digits + "._-", min_size=1)
references = st.builds(ParamReference, param=names) | st.builds(
    OutputReference, step=names, output=st.none() | st.integers(0, 9999) | output_ids
)
templates = st.lists(st.text("${}. aé", max_size=5) | references).map(Template.of)


@given(templates)
def test_template_printed_and_parsed_is_the_same(template: Template) -> None:
    assert parse_template(str(template)) == template


@given(st.text("${}[].0paramstexoud \n") | st.text())
@example("${steps.a.outputs[99999999999999999999]}")
@example("${params.x${params.y}}")
def test_template_of_any_text_parses_or_is_a_template_error(text: str) -> None:
    try:
        template = parse_template(text)
    except TemplateError:
        return
    assert parse_template(str(template)) == template


def test_template_reads_every_kind_of_reference() -> None:
    text = "$5 $$${params.a}${steps.b.output}${steps.b.outputs[1]}${ steps.b.outputs.left }$${x}"
    assert parse_template(text).parts == (
        "$5 $",
        ParamReference(param="a"),
        OutputReference(step="b"),
        OutputReference(step="b", output=1),
        OutputReference(step="b", output="left"),
        "${x}",
    )


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("${param.brand}", 'write "${params.brand}"'),
        ("${steps.still}", '"${steps.still.output}"'),
        ("${steps.still.outputs}", '"${steps.still.outputs[0]}"'),
        ("${steps.still.url}", '"${steps.still.output}"'),
        ("${params.Brand}", '"${params.<name>}"'),
        ("${}", '"$${"'),
        ("${params.x", 'write "$${"'),
        ("${__import__('os')}", "is no reference"),
    ],
)
def test_template_with_a_malformed_reference_names_the_mend(text: str, mend: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    assert len(caught.value.messages) == 1
    assert mend in caught.value.messages[0]


def test_template_with_several_malformed_references_tells_of_each() -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template("${a} and ${b} and ${")
    assert len(caught.value.messages) == 3
