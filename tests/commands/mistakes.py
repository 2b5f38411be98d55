"""Pipelines with a mistake in them, and the words that the message must have."""

from dataclasses import dataclass, field

HEADLINES = """
name: headlines
description: One step.
params:
  brief: {type: text, description: What it is about}
steps:
  lines: {technique: headline-writer, inputs: {brief: "${params.brief}"}}
"""
CAPTION = """
name: caption
description: One step that takes a picture.
params:
  picture: {type: imageUrl, description: What to look at}
steps:
  words: {technique: caption-writer, inputs: {image: "${params.picture}"}}
"""
BRIEF = {"brief": "Spring flowers"}


@dataclass(frozen=True)
class Mistake:
    """A pipeline and params with a mistake in them, and the words that the message must have."""

    pipeline: str
    words: tuple[str, ...]
    params: dict[str, str] = field(default_factory=dict)


MISTAKES = {
    "unknown technique": Mistake(
        HEADLINES.replace("headline-writer", "headline-writr"),
        ('did you mean "headline-writer"',),
        BRIEF,
    ),
    "missing param": Mistake(HEADLINES, ("brief",)),
    "unknown param": Mistake(HEADLINES, ("breif", "brief"), {"breif": "Spring", **BRIEF}),
    "missing input": Mistake(HEADLINES.replace('brief: "${params.brief}"}', "}"), ("lines", "brief"), BRIEF),
    "unknown input": Mistake(HEADLINES.replace("{brief: ", "{topic: "), ("topic", "brief"), BRIEF),
    "missing file": Mistake(CAPTION, ("picture", "nowhere.png"), {"picture": "nowhere.png"}),
    "text as a picture": Mistake(CAPTION, ("picture", "Spring flowers"), {"picture": "Spring flowers"}),
    "unreadable yaml": Mistake("name: [unclosed\nsteps: {", ("line",)),
    "reference to no step": Mistake(
        HEADLINES.replace("${params.brief}", "${steps.heading.output}"), ("heading", "lines"), BRIEF
    ),
}
