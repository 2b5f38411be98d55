"""Reading multipart/form-data, without a further dependency."""

from dataclasses import dataclass
from email.message import Message

from flora_sandbox.problems import Problem


@dataclass(frozen=True)
class Part:
    """One field of a form: a text, or a file with its claimed name and type."""

    name: str
    data: bytes
    file_name: str | None = None
    content_type: str | None = None


def parts_of(body: bytes, content_type: str) -> dict[str, Part]:
    """Return the fields of a form by name.

    Raises:
        Problem: 400, it is not a readable form.
    """
    boundary = _parameter("content-type", content_type, "boundary", header="content-type")
    if not boundary:
        raise _unreadable()
    marker = b"\r\n--" + boundary.encode()
    # The first delimiter has no line before it.
    pieces = (b"\r\n" + body).split(marker)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise _unreadable()
    found = [_part(piece) for piece in pieces[1:-1]]
    return {part.name: part for part in found}


def _part(piece: bytes) -> Part:
    head, separator, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise _unreadable()
    headers = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    disposition = headers.get("content-disposition", "")
    field = _parameter("content-disposition", disposition, "name", header="content-disposition")
    if not field:
        raise _unreadable()
    file_name = _parameter("content-disposition", disposition, "filename", header="content-disposition")
    return Part(field, data, file_name, headers.get("content-type"))


def _parameter(name: str, value: str, parameter: str, *, header: str) -> str | None:
    message = Message()
    message[name] = value.replace("\r", " ").replace("\n", " ")
    found = message.get_param(parameter, header=header)
    return found[2] if isinstance(found, tuple) else found


def _unreadable() -> Problem:
    return Problem(400, "input_validation_error", "The form could not be read.")
