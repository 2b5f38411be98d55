"""Content addresses of uploaded files: `upload:<SHA-256>.<extension>`, as rows, forms and params name them."""

import re
from typing import Annotated, Self

from pydantic import Field

from florist.frozen import FrozenModel

SCHEME = "upload:"
FOLDER = "uploads/"

_ADDRESS = re.compile(r"upload:([0-9a-f]{64})\.([a-z0-9]{1,5})")


class UploadAddress(FrozenModel):
    """Where an archive keeps a file that somebody uploaded, by what is in it."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    extension: Annotated[str, Field(pattern="^[a-z0-9]{1,5}$")]

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """Return the address that a text is; None if it is none."""
        found = _ADDRESS.fullmatch(text)
        return None if found is None else cls(sha256=found[1], extension=found[2])

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.sha256}.{self.extension}"

    @property
    def key(self) -> str:
        """Its key in the archive's store."""
        return f"{FOLDER}{self.name}"

    @property
    def shown(self) -> str:
        """The address as a table or a message names it; `str` gives all of it."""
        return f"{SCHEME}{self.sha256[:12]}….{self.extension}"

    def __str__(self) -> str:
        return f"{SCHEME}{self.name}"
