"""Where the relative paths in a row file start: at its folder, or at its own URL."""

import os
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

from florist.upload_address import SCHEME

Base = Path | str
"""A folder on this machine, or the URL of the row file."""

_KEPT = "/%:@!$&'()*+,;=~?#[]"
"""Characters of a URL that are left as they are; a blank or an umlaut in a file's name is encoded."""


def placed(value: str, base: Base) -> str:
    """Return a path or URL of a cell as one that starts nowhere in particular.

    What stands in a row file from elsewhere never leads to a file of this machine.
    """
    if "://" in value or value.startswith(("data:", SCHEME)) or not value:
        return value
    if isinstance(base, Path):
        return os.path.join(base, value)  # noqa: PTH118 - half the time of a path, in every row
    parts = urlsplit(base)
    if parts.scheme in ("http", "https"):
        return urljoin(base, quote(value, safe=_KEPT))
    # Of schemes that urllib does not know, it joins nothing: s3.
    return f"{parts.scheme}://{parts.netloc}{urljoin(parts.path or '/', quote(value, safe=_KEPT))}"
