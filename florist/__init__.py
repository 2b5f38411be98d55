"""Florist: production pipelines for FLORA techniques.

The public face. Whatever is used of Florist in a program of one's own is imported from here, and loaded when it is
first asked for. Examples: docs/client.md, and the programs in examples/.
"""

from importlib import import_module

TYPE_CHECKING = False  # what type checkers know by this name; `typing` takes longer to import than all else here
if TYPE_CHECKING:
    from florist.api.errors import (
        AmbiguousRequestError,
        APIError,
        InsufficientCreditsError,
        NotFoundError,
        RunFailedError,
        RunTimeoutError,
    )
    from florist.api.models import InputValue, Output, Run, RunStatus, Technique
    from florist.archive.manifest import Manifest
    from florist.client.client import FloraClient
    from florist.client.completed import CompletedRun
    from florist.client.errors import InvalidInputsError
    from florist.client.saving import SavedOutput
    from florist.errors import ConfigurationError, FloristError
    from florist.ledger.errors import LedgerError
    from florist.ledger.ledger import Ledger
    from florist.pipelines.loading import load_pipeline
    from florist.secrets import SignedUrl
    from florist.stores.errors import StoreError
    from florist.stores.folder import FolderStore
    from florist.stores.locations import store_at
    from florist.stores.s3 import S3Store
    from florist.stores.store import Store
    from florist.studio.steps import StepResult
    from florist.studio.studio import Studio

    __version__: str

__all__ = [
    "APIError",
    "AmbiguousRequestError",
    "CompletedRun",
    "ConfigurationError",
    "FloraClient",
    "FloristError",
    "FolderStore",
    "InputValue",
    "InsufficientCreditsError",
    "InvalidInputsError",
    "Ledger",
    "LedgerError",
    "Manifest",
    "NotFoundError",
    "Output",
    "Run",
    "RunFailedError",
    "RunStatus",
    "RunTimeoutError",
    "S3Store",
    "SavedOutput",
    "SignedUrl",
    "StepResult",
    "Store",
    "StoreError",
    "Studio",
    "Technique",
    "load_pipeline",
    "store_at",
]

_MODULES = {
    "florist.api.errors": (
        "APIError",
        "AmbiguousRequestError",
        "InsufficientCreditsError",
        "NotFoundError",
        "RunFailedError",
        "RunTimeoutError",
    ),
    "florist.api.models": ("InputValue", "Output", "Run", "RunStatus", "Technique"),
    "florist.archive.manifest": ("Manifest",),
    "florist.client.client": ("FloraClient",),
    "florist.client.completed": ("CompletedRun",),
    "florist.client.errors": ("InvalidInputsError",),
    "florist.client.saving": ("SavedOutput",),
    "florist.errors": ("ConfigurationError", "FloristError"),
    "florist.ledger.errors": ("LedgerError",),
    "florist.ledger.ledger": ("Ledger",),
    "florist.pipelines.loading": ("load_pipeline",),
    "florist.secrets": ("SignedUrl",),
    "florist.stores.errors": ("StoreError",),
    "florist.stores.folder": ("FolderStore",),
    "florist.stores.locations": ("store_at",),
    "florist.stores.s3": ("S3Store",),
    "florist.stores.store": ("Store",),
    "florist.studio.steps": ("StepResult",),
    "florist.studio.studio": ("Studio",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # or type checkers would take any name for one of ours

    def __getattr__(name: str) -> object:
        """Load a public name when it is first asked for (PEP 562): the package itself imports next to nothing."""
        if name == "__version__":
            value: object = _version()
        elif name in _MODULE_OF:
            value = getattr(import_module(_MODULE_OF[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

    try:
        return version("florist")
    except PackageNotFoundError:  # a checkout on sys.path that was never installed
        return "0+unknown"
