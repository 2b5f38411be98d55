"""Finds out whether an S3 store's answer to a write can be believed, so that nobody need look again."""

from collections.abc import Mapping
from typing import Any

from florist.stores.errors import IntegrityError, StoreError
from florist.stores.s3_client import S3Calls
from florist.stores.s3_upload import Checksum, Digest

_SENT = b"these bytes"
_DAMAGED = b"other bytes"


async def is_believable(calls: S3Calls, write: Mapping[str, Any], checksum: Checksum) -> bool:
    """Whether the store refuses bytes other than their checksum says, and keeps what it takes as it was sent.

    Not every store does: some repeat any checksum in their answer without having looked at the bytes.

    Args:
        write: arguments of a PutObject, without its body: bucket, a key of nobody's, and the usual options.
            An object is written there; the caller removes it.
    """
    if checksum == "none":
        return False
    digest = Digest(checksum)
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
