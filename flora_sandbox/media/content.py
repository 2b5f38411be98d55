"""What a recipe is given, what it makes, and how it says that an input cannot be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "imageUrl", "videoUrl", "audioUrl", "documentUrl"]


class UnreadableInputError(Exception):
    """An input is missing, or its bytes are not what its kind says: nothing can be made of it."""


@dataclass(frozen=True, slots=True)
class InputContent:
    """The value of one input, fetched: `text` for the kind `text`, `data` for every other."""

    kind: Kind
    text: str | None = None
    data: bytes | None = None
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Made:
    """One output: its bytes (UTF-8 where `type` is `text`) and the file extension, without a dot."""

    output_id: str
    type: Kind
    data: bytes
    media_type: str
    extension: str


Inputs = Mapping[str, InputContent]


def text_of(inputs: Inputs, input_id: str, default: str = "") -> str:
    """Return the text of an input, trimmed; `default` where it is left out or blank."""
    content = inputs.get(input_id)
    if content is None or content.text is None:
        return default
    return content.text.strip() or default


def data_of(inputs: Inputs, input_id: str) -> bytes:
    """Return the bytes of a media input."""
    content = inputs.get(input_id)
    if content is None or not content.data:
        raise UnreadableInputError(f"The input `{input_id}` holds no bytes.")
    return content.data


def text_made(output_id: str, text: str) -> Made:
    """Return a text output."""
    return Made(output_id, "text", text.encode(), "text/plain; charset=utf-8", "txt")
