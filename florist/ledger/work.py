"""What a paid run means, and the key that says so.

Two pieces of work with one key are the same work: the second is never paid for. So the key holds everything
that makes a result another one, and nothing else: no label, no price, no signed URL, no line of code.
"""

import hashlib
import json
from typing import Literal, Self

from pydantic import Field, model_validator

from florist.frozen import FrozenModel

KEY_LENGTH = 40
"""Hex digits of a key: 160 bits, short enough for a path and for FLORA's idempotency keys."""

Route = Literal["technique", "generation", "action"]


class InputIdentity(FrozenModel):
    """Where one input comes from, which stays the same however it reaches FLORA this time.

    Make one by `of_text`, `of_content` or `of_output`.
    """

    id: str
    text: str | None = None
    sha256: str | None = None
    run_id: str | None = None
    output_index: int | None = None
    source: str = ""
    """For people: a file's name. Not part of the key, and never a signed URL."""

    @classmethod
    def of_text(cls, id: str, text: str) -> Self:  # noqa: A002 - FLORA's word for an input's name
        """A text is what it says."""
        return cls(id=id, text=text)

    @classmethod
    def of_content(cls, id: str, sha256: str, *, source: str = "") -> Self:  # noqa: A002 - as above
        """A file, or what a URL of the user's leads to, is its bytes: the hex SHA-256 of them."""
        return cls(id=id, sha256=sha256, source=source)

    @classmethod
    def of_output(cls, id: str, run_id: str, output_index: int) -> Self:  # noqa: A002 - as above
        """An upstream output is the run that made it, and its index from 0."""
        return cls(id=id, run_id=run_id, output_index=output_index)

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        places = [self.text is not None, self.sha256 is not None, self.run_id is not None]
        if sum(places) != 1 or (self.run_id is None) != (self.output_index is None):
            raise ValueError("an input is a text, or content, or an output of a run")
        return self

    @property
    def meaning(self) -> tuple[str | int, ...]:
        """What of it the key holds."""
        if self.text is not None:
            return (self.id, "text", self.text)
        if self.sha256 is not None:
            return (self.id, "content", self.sha256)
        return (self.id, "output", self.run_id or "", self.output_index or 0)


class Work(FrozenModel):
    """One run that somebody wants, and would pay for once.

    Args:
        technique_id: FLORA's id, never the slug, which may come to mean another technique.
        inputs: in any order, save that several values of one input keep theirs.
        campaign: what binds runs of several nights and machines into one piece of work.
        flow_run_id: stands for the campaign where there is none: fresh flow runs then make fresh pictures.
        variation: from 0, where one step of one row is wanted several times over.
        attempt: from 0; a failed run is retried as the next attempt.
    """

    technique_id: str = Field(min_length=1)
    inputs: tuple[InputIdentity, ...]
    campaign: str | None = None
    flow_run_id: str | None = None
    row: str = ""
    step: str = ""
    variation: int = Field(default=0, ge=0)
    attempt: int = Field(default=0, ge=0)
    route: Route = "technique"

    @model_validator(mode="after")
    def _belongs_somewhere(self) -> Self:
        if (self.campaign is None) == (self.flow_run_id is None):
            raise ValueError("work belongs to a campaign or, lacking that, to a flow run")
        return self

    @property
    def meaning(self) -> dict[str, object]:
        """Everything the key is made of, field by field."""
        return {
            "route": self.route,
            "technique_id": self.technique_id,
            "inputs": sorted((identity.meaning for identity in self.inputs), key=lambda meaning: meaning[0]),
            "campaign": self.campaign,
            "flow_run_id": self.flow_run_id,
            "row": self.row,
            "step": self.step,
            "variation": self.variation,
            "attempt": self.attempt,
        }

    @property
    def needs(self) -> tuple[str, ...]:
        """The runs whose outputs it takes, other than as a text of which they are only a part."""
        return tuple(sorted({identity.run_id for identity in self.inputs if identity.run_id is not None}))

    @property
    def key(self) -> str:
        """The name of this work: 40 hex digits, equal on every machine and in every version."""
        text = json.dumps(self.meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]

    def at_attempt(self, attempt: int) -> Self:
        """Return the same work as its `attempt`-th try, from 0."""
        return self.model_copy(update={"attempt": attempt})
