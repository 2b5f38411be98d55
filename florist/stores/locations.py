"""Parses an archive's location, with its options, into the store it names.

::

    /srv/outputs                              a folder; file:///srv/outputs is the same
    s3://bucket/prefix                        AWS, or the endpoint in AWS_ENDPOINT_URL
    s3://bucket/prefix?endpoint_url=http://127.0.0.1:9000&addressing=path

Options: endpoint_url, region, profile, addressing (auto, path, virtual), checksum (crc32, sha256, none),
request_checksums (when_supported, when_required), ca_bundle, expected_bucket_owner, request_payer (requester).
Never credentials: a location is shown, logged and kept in shell histories.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from florist.errors import ConfigurationError
from florist.stores.folder import FolderStore
from florist.stores.s3 import S3Store
from florist.stores.s3_access import Access, AddressingStyle, ChecksumHeaders
from florist.stores.s3_options import ObjectOptions
from florist.stores.s3_upload import Checksum
from florist.stores.store import Store


@dataclass(frozen=True, slots=True)
class _Option:
    """What an option of a location sets, and the values it takes; any, if none are named."""

    field: str
    choices: tuple[str, ...] = ()


_OPTIONS = {
    "endpoint_url": _Option("endpoint_url"),
    "region": _Option("region"),
    "profile": _Option("profile"),
    "addressing": _Option("addressing_style", get_args(AddressingStyle)),
    "checksum": _Option("checksum", get_args(Checksum)),
    "request_checksums": _Option("request_checksum_calculation", get_args(ChecksumHeaders)),
    "ca_bundle": _Option("ca_bundle"),
    "expected_bucket_owner": _Option("expected_bucket_owner"),
    "request_payer": _Option("request_payer", ("requester",)),
}
_SECRETS = ("key", "secret", "token", "password", "credential", "signature")


def store_at(location: str | Path, *, access: Access | None = None, options: ObjectOptions | None = None) -> Store:
    """Return the store at `s3://bucket/prefix?options`, a `file:///` URL, or the path of a folder.

    Example: docs/client.md, "Paying once".

    Args:
        access, options: for S3 alone; the location's own options go before them.

    Raises:
        ConfigurationError: the location names another kind of place, or an option that there is not.
    """
    parts = urlsplit(str(location))
    if parts.scheme == "s3":
        return _bucket(parts, access or Access(), options or ObjectOptions())
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path:
        return FolderStore(unquote(parts.path))
    if "://" in str(location) or not str(location):
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        raise ConfigurationError(f"cannot archive to {shown!r}; give s3://bucket/prefix or a folder's path")
    return FolderStore(location)


def _bucket(parts: SplitResult, access: Access, options: ObjectOptions) -> S3Store:
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "@" in parts.netloc or any(word in name.lower() for name in given for word in _SECRETS):
        raise ConfigurationError(
            "a location holds no credentials, for it is shown and logged: set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, name a profile (?profile=…), or use an S3 Archive block"
        )
    if not parts.netloc or parts.fragment:
        raise ConfigurationError("an S3 location has a bucket and no #: give s3://bucket/prefix")
    fields = {_OPTIONS[name].field: value for name, value in given.items() if _is_option(name, value)}
    checksum: Any = fields.pop("checksum", options.checksum)
    chosen: dict[str, Any] = dict(fields)
    return S3Store(
        parts.netloc, parts.path, access=replace(access, **chosen), options=replace(options, checksum=checksum)
    )


def _is_option(name: str, value: str) -> bool:
    if name not in _OPTIONS:
        raise ConfigurationError(
            f"an S3 location has no option {name!r}; it takes {', '.join(_OPTIONS)} (docs/archive.md)"
        )
    choices = _OPTIONS[name].choices
    if not value or (choices and value not in choices):
        wanted = " or ".join(choices) or "a value"
        raise ConfigurationError(f"the option {name} of an S3 location needs {wanted}, not {value!r}")
    return True
