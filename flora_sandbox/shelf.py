"""The files of outputs and assets: where they are stored, and the signed URLs that serve them."""

import hashlib
import hmac
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from flora_sandbox.clock import Clock
from flora_sandbox.database import Database
from flora_sandbox.settings import Settings
from flora_sandbox.urls import is_loopback

MEDIA_PATH = "/media/"


class Shelf:
    """The files of outputs and assets.

    A file is written whole before the database names it; what a kill leaves behind is an unnamed file at most.
    """

    def __init__(self, directory: Path, database: Database, settings: Settings, clock: Clock) -> None:
        self._directory = directory / "media"
        self._settings = settings
        self._clock = clock
        self._secret = database.secret("media_signature")
        self.address = ""

    def put(self, name: str, data: bytes) -> None:
        """Store a file under a name such as `run_x/0.png`. Safe from any thread."""
        file = self._directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.partial")
        partial.write_bytes(data)
        partial.replace(file)

    def read(self, name: str) -> bytes | None:
        """Return a stored file, if it is there."""
        file = self.path(name)
        return file.read_bytes() if file.is_file() else None

    def path(self, name: str) -> Path:
        """Return where a stored file lies."""
        return self._directory / name

    def signed_url(self, name: str, completed_at: float) -> str:
        """Return an address of an output that works for the configured lifetime."""
        since = completed_at if self._settings.final_lifetimes else self._clock.now()
        expires = int(since + self._settings.output_lifetime)
        return f"{self.plain_url(name)}?expires={expires}&signature={self._signature(name, str(expires))}"

    def plain_url(self, name: str) -> str:
        """Return an address without an end, as assets have it."""
        return f"{self.address}{MEDIA_PATH}{quote(name)}"

    def admits(self, name: str, query: str) -> bool:
        """Whether a request with this query may have the file now."""
        if name.startswith("asset_"):
            return True
        values = {key: value[0] for key, value in parse_qs(query).items()}
        expires, signature = values.get("expires", ""), values.get("signature", "")
        if not hmac.compare_digest(signature.encode(), self._signature(name, expires).encode()):
            return False
        return self._clock.now() < int(expires)

    def own_file(self, url: str) -> bytes | None:
        """Return the file an address of this sandbox means, also of before a restart on another port."""
        parts = urlsplit(url)
        if not is_loopback(parts.hostname) or not parts.path.startswith(MEDIA_PATH):
            return None
        name = unquote(parts.path).removeprefix(MEDIA_PATH)
        return self.read(name) if self._is_inside(name) and self.admits(name, parts.query) else None

    def _is_inside(self, name: str) -> bool:
        return (self._directory / name).resolve().is_relative_to(self._directory.resolve())

    def _signature(self, name: str, expires: str) -> str:
        return hmac.new(self._secret, f"{name}:{expires}".encode(), hashlib.sha256).hexdigest()[:40]
