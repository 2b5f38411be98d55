"""Objects of the archive as files of this machine, for as long as they are uploaded from."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from florist.stores.errors import IntegrityError
from florist.stores.store import Store
from florist.stores.threads import in_thread


@asynccontextmanager
async def as_file(store: Store, key: str, sha256: str) -> AsyncIterator[Path]:
    """Have an object as a file under its own name, its bytes compared with the hash that it must have.

    Raises:
        ObjectMissingError: there is none under the key.
        IntegrityError: it holds other bytes.
    """
    with TemporaryDirectory(prefix="florist-") as folder:
        path = Path(folder) / key.rpartition("/")[2]
        digest = hashlib.sha256()
        file = await in_thread(path.open, "wb")
        try:
            async for chunk in store.stream(key):
                digest.update(chunk)
                await in_thread(file.write, chunk)
        finally:
            file.close()
        if digest.hexdigest() != sha256:
            raise IntegrityError(f"{key} in {store.location} is not what was kept; look at it")
        yield path
