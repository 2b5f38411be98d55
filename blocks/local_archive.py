"""The block that keeps outputs in a folder of this machine."""

from pathlib import Path

from prefect.blocks.core import Block
from pydantic import Field

from blocks.appearance import DOCUMENTATION_URL, FOLDER_LOGO_URL
from florist.stores.folder import FolderStore
from florist.stores.store import Store


class LocalArchive(Block):
    """A folder that completed outputs are kept in. For one machine; use an S3 archive for more.

    Example:
        List what is kept:

        ```python
        from blocks import LocalArchive

        archive = LocalArchive.load("BLOCK_NAME")
        async for item in archive.get_store().list(""):
            print(item.key, item.size_bytes)
        ```
    """

    _block_type_name = "Local Archive"
    _block_type_slug = "local-archive"
    _logo_url = FOLDER_LOGO_URL
    _documentation_url = DOCUMENTATION_URL
    _description = "A local folder that keeps the outputs of FLORA runs, with their manifests and the ledger."

    path: Path = Field(description="The folder; it is made when it does not exist.")

    def get_store(self) -> Store:
        """Return the store that keeps objects in this folder."""
        return FolderStore(self.path)
