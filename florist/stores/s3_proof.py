"""Tests whether an S3 store notices damaged bytes: by their checksum, by the signed payload, or not at all."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from florist.stores.errors import IntegrityError, StoreError
from florist.stores.s3_answers import code_of
from florist.stores.s3_client import S3Calls
from florist.stores.s3_upload import Checksum, Digest

Integrity = Literal["checksum", "signature", "none"]
"""What guards bytes on their way to a store: a checksum it verifies, the signature over them, or nothing."""

_SENT = b"these bytes"
_DAMAGED = b"other bytes"


async def integrity_of(
    calls: S3Calls, write: Mapping[str, Any], checksum: Checksum, *, keys: tuple[str, str]
) -> Integrity:
    """Send damaged bytes, and tell by what the store noticed.

    Not every store does: some repeat any checksum in their answer without having looked at the bytes.

    Args:
        write: arguments of a PutObject: the bucket and the usual options.
        keys: two that nobody has. An object may be written under each; the caller removes it.
    """
    first, second = ({**write, "Key": key, "IfNoneMatch": "*"} for key in keys)
    if checksum != "none" and await _verifies_checksums(calls, first, Digest(checksum)):
        return "checksum"
    return "signature" if await _verifies_payloads(calls, second) else "none"


async def _verifies_checksums(calls: S3Calls, write: Mapping[str, Any], digest: Digest) -> bool:
    request = {**write, **digest.add(_SENT), "Metadata": {"sha256": digest.sha256}}
    try:
        await calls.call(lambda s3: s3.put_object(**request, Body=_DAMAGED))
    except IntegrityError:
        return await _is_kept_as_sent(calls, request, digest)
    except StoreError:
        pass
    return False


async def _is_kept_as_sent(calls: S3Calls, request: Mapping[str, Any], digest: Digest) -> bool:
    where = {"Bucket": request["Bucket"], "Key": request["Key"]}
    answer = await calls.call(lambda s3: s3.put_object(**request, Body=_SENT))
    told = await calls.call(lambda s3: s3.head_object(**where, ChecksumMode="ENABLED"))
    is_kept = told["Metadata"] == request["Metadata"] and told["ContentLength"] == len(_SENT)
    return is_kept and digest.is_confirmed_by(answer) and digest.is_confirmed_by(told)


async def _verifies_payloads(calls: S3Calls, write: Mapping[str, Any]) -> bool:
    """Damage a body after it was signed."""
    request = {name: value for name, value in write.items() if name != "ChecksumAlgorithm"}

    def put(s3: Any) -> dict[str, Any]:
        with _damaged_on_the_way(s3.meta.events, request["Key"]):
            return {**s3.put_object(**request, Body=_SENT)}

    try:
        await calls.call(put)
    except IntegrityError:
        return True
    except StoreError as error:
        return isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "SignatureDoesNotMatch"
    return False


@contextmanager
def _damaged_on_the_way(events: Any, key: str) -> Iterator[None]:
    def damage(request: Any, **_: Any) -> None:
        if unquote(urlsplit(request.url).path).endswith(key):
            request.body = _DAMAGED

    events.register("before-send.s3.PutObject", damage)
    try:
        yield
    finally:
        events.unregister("before-send.s3.PutObject", damage)
