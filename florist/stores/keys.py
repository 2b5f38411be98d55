"""Validates keys: each names one object, and the same one, on every store.

Names that Windows reserves (`nul.json`, `COM¹`, a dot or blank at the end) are avoided where names are made
(`florist.archive.keys`) and not refused here: no store of ours runs on Windows, and a refusal here would come
after the run was paid for.
"""

import re

from florist.stores.errors import UnsafeKeyError

TEMPORARY_MARK = ".florist-part-"
"""Prefix of the names of temporary files; no key has a name that begins so."""

KEY_BYTES_AT_MOST = 1024
"""S3's limit."""

NAME_BYTES_AT_MOST = 255
"""The limit of the usual file systems, for one name between slashes."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def checked_key(key: str) -> str:
    """Return the key itself if it stays inside the store and means one object on every store.

    Raises:
        UnsafeKeyError: it is empty or too long, climbs (`..`), has empty names, backslashes or control
            characters, or looks like a temporary file.
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= KEY_BYTES_AT_MOST or not all(map(_is_safe_name, key.split("/"))):
        raise UnsafeKeyError(f"not a key that can be kept on every store: {key!r}", key=key)
    return key


def _is_safe_name(name: str) -> bool:
    return (
        name not in {"", ".", ".."}
        and len(name.encode()) <= NAME_BYTES_AT_MOST
        and "\\" not in name
        and not _CONTROLS.search(name)
        and not name.startswith(TEMPORARY_MARK)
    )
