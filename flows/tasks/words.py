"""What people read of a flow run in Prefect: what states say, what artifacts are called, where links lead."""

import re
import shlex
from urllib.parse import quote

from florist.amounts import shown_usd
from florist.pipelines.walking import WalkResult
from florist.settings import FloraSettings
from florist.studio.steps import StepResult
from florist.wording import without_controls

TASK_STOPPED = "stopped; what was begun of it goes on at FLORA, and is collected when the campaign is run again"

_NOT_FOR_KEYS = re.compile(r"[^a-z0-9]+")


def step_words(result: StepResult) -> str:
    """Return what a step has come to: why this run, what was charged, how many files are kept."""
    files = f"{len(result.outputs)} file{'s' * (len(result.outputs) != 1)} kept"
    return f"{result.reason}; {shown_usd(result.run.charged_usd)}, {files}"


def row_words(walked: WalkResult[StepResult]) -> str:
    """Return what a row has come to, step by step."""
    return "; ".join(f"{name}: {result.came}, run {result.run.run_id}" for name, result in walked.results.items())


def artifact_key(kind: str, name: str) -> str:
    """Return the key of an artifact of this kind of a campaign or, lacking that, of a pipeline."""
    return f"{kind}-{_NOT_FOR_KEYS.sub('-', name.lower()).strip('-')}"


def escaped(text: str) -> str:
    """Return a text in which Markdown finds nothing: a campaign may be called anything."""
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|!$~])", r"\\\1", without_controls(text))


def with_code(text: str) -> str:
    """Return a text of ours in Markdown: what stands in backticks is code, and the rest is escaped."""
    parts = text.split("`")
    return "".join(f"`{part}`" if place % 2 else _escaped(part) for place, part in enumerate(parts))


def as_word(name: str) -> str:
    """Return a name as a command between backticks takes it."""
    return shlex.quote(name).replace("`", "")


def sheet_link(campaign: str) -> str:
    """Return where a campaign's pictures are, in Markdown: a running `florist serve`, else the command."""
    base_url = FloraSettings().gallery_url
    if base_url is None:
        return f"`florist gallery {as_word(campaign)} --open`"
    return f"[the contact sheet]({base_url}/campaigns/{quote(campaign, safe='')}/)"
