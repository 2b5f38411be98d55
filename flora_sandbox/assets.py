"""Assets: files a caller brings, directly, from a URL, or by a reserved upload that expires."""

import secrets
import sqlite3
from datetime import UTC, datetime

from flora_sandbox.calls import Call
from flora_sandbox.clock import Clock
from flora_sandbox.database import Database
from flora_sandbox.files import media_type_of, size_of
from flora_sandbox.problems import Problem, conflict, not_found
from flora_sandbox.settings import Settings
from flora_sandbox.shapes import AssetReceipt, AssetShape, AssetStatus, UploadTarget
from flora_sandbox.shelf import Shelf

UPLOAD_PATH = "/uploads/"
UNSUPPORTED = "Unsupported file type"


class Assets:
    """All assets of a sandbox."""

    def __init__(self, database: Database, settings: Settings, clock: Clock, shelf: Shelf) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._shelf = shelf

    def store(
        self, call: Call, workspace_id: str, data: bytes, *, via: str, name: str | None, claimed: str | None,
        project_id: str | None,
    ) -> sqlite3.Row:  # fmt: skip
        """Store a file whose type has been checked; it is ready at once."""
        asset_id = self._new(call, workspace_id, via=via, name=name, claimed=claimed, project_id=project_id)
        self._shelf.put(asset_id, data)
        self._accept(asset_id, data, self._clock.now())
        return self.retrieve(asset_id)

    def reserve(
        self, call: Call, workspace_id: str, *, name: str | None, claimed: str | None, project_id: str | None
    ) -> sqlite3.Row:
        """Reserve an upload."""
        asset_id = self._new(
            call, workspace_id, via="signed_url", name=name, claimed=claimed, project_id=project_id
        )
        self._reserve(asset_id)
        return self.retrieve(asset_id)

    def retrieve(self, asset_id: str) -> sqlite3.Row:
        """Return an asset.

        Raises:
            Problem: 404.
        """
        row = self._database.row("SELECT * FROM assets WHERE asset_id = ?", asset_id)
        if row is None:
            raise not_found()
        return row

    def upload(self, asset_id: str, token: str, data: bytes) -> None:
        """Take the bytes of a reserved upload.

        Raises:
            Problem: 403, the reservation is another one or has expired; 409, the asset is complete.
        """
        row = self.retrieve(asset_id)
        if row["ready_at"] is not None:
            raise conflict("The asset is complete.")
        if not row["upload_token"] or not secrets.compare_digest(row["upload_token"].encode(), token.encode()):
            raise Problem(403, "forbidden", "The upload is not authorised.")
        if row["upload_expires_at"] <= self._clock.now():
            raise Problem(403, "forbidden", "The upload reservation has expired.")
        self._shelf.put(asset_id, data)
        self._database.write(
            "UPDATE assets SET file = ?, size_bytes = ? WHERE asset_id = ?", asset_id, len(data), asset_id
        )

    def complete(self, asset_id: str) -> sqlite3.Row:
        """Check what was uploaded. Completing a complete asset changes nothing.

        Raises:
            Problem: 409, nothing was uploaded.
        """
        row = self.retrieve(asset_id)
        if row["ready_at"] is not None or row["failure_message"]:
            return row
        data = self._shelf.read(asset_id) if row["file"] else None
        if data is None:
            raise conflict("Nothing has been uploaded.")
        if media_type_of(data) is None:
            self._database.write("UPDATE assets SET failure_message = ? WHERE asset_id = ?", UNSUPPORTED, asset_id)
        else:
            self._accept(asset_id, data, self._clock.now() + self._settings.asset_seconds)
        return self.retrieve(asset_id)

    def retry(self, asset_id: str) -> sqlite3.Row:
        """Reserve anew for a failed or expired upload.

        Raises:
            Problem: 409, it is neither.
        """
        if self.status(self.retrieve(asset_id)) != "failed":
            raise conflict("The asset has neither failed nor expired.")
        self._database.write(
            "UPDATE assets SET file = NULL, size_bytes = NULL, failure_message = NULL WHERE asset_id = ?", asset_id
        )
        self._reserve(asset_id)
        return self.retrieve(asset_id)

    def listed(self, *, workspace_id: str | None, project_id: str | None, query: str | None) -> list[sqlite3.Row]:
        """Return the assets that fit, newest first."""
        rows = self._database.rows("SELECT * FROM assets ORDER BY seq DESC")
        return [
            row
            for row in rows
            if workspace_id in (None, row["workspace_id"])
            and project_id in (None, row["project_id"])
            and (query or "").lower() in (row["name"] or "").lower()
        ]

    def status(self, row: sqlite3.Row) -> AssetStatus:
        """Return where an asset stands by the clock."""
        now = self._clock.now()
        if row["ready_at"] is not None:
            return "ready" if row["ready_at"] <= now else "pending_upload"
        is_lost = row["file"] is None and row["upload_expires_at"] is not None and row["upload_expires_at"] <= now
        return "failed" if row["failure_message"] or is_lost else "pending_upload"

    def receipt(self, row: sqlite3.Row) -> AssetReceipt:
        """Return what creating, completing and retrying answer."""
        status = self.status(row)
        receipt = AssetReceipt(
            asset_id=row["asset_id"],
            status=status,
            url=self._shelf.plain_url(row["asset_id"]),
            workspace_id=row["workspace_id"],
            uploaded_via=row["uploaded_via"],
            failure_message=self._failure(row, status),
        )
        if status == "pending_upload" and row["ready_at"] is None:
            receipt.expires_at = _iso(row["upload_expires_at"])
            receipt.upload = UploadTarget(
                url=f"{self._shelf.address}{UPLOAD_PATH}{row['asset_id']}",
                form_fields={"key": row["asset_id"], "token": row["upload_token"]},
            )
        return receipt

    def shape(self, row: sqlite3.Row) -> AssetShape:
        """Return an asset as its own route tells it."""
        status = self.status(row)
        return AssetShape(
            asset_id=row["asset_id"],
            status=status,
            url=self._shelf.plain_url(row["asset_id"]) if status == "ready" else None,
            content_type=row["content_type"] or row["upload_content_type"] or "application/octet-stream",
            upload_content_type=row["upload_content_type"],
            uploaded_via=row["uploaded_via"],
            name=row["name"],
            description=None,
            size_bytes=row["size_bytes"],
            width=row["width"],
            height=row["height"],
            workspace_id=row["workspace_id"],
            project_id=row["project_id"],
            created_at=_iso(row["created_at"]),
            failure_message=self._failure(row, status),
        )

    def _failure(self, row: sqlite3.Row, status: AssetStatus) -> str | None:
        return (row["failure_message"] or "The upload reservation has expired.") if status == "failed" else None

    def _new(
        self,
        call: Call,
        workspace_id: str,
        *,
        via: str,
        name: str | None,
        claimed: str | None,
        project_id: str | None,
    ) -> str:
        asset_id = f"asset_{secrets.token_hex(10)}"
        self._database.insert(
            "assets",
            asset_id=asset_id,
            owner=call.owner,
            workspace_id=workspace_id,
            project_id=project_id,
            name=name,
            uploaded_via=via,
            upload_content_type=claimed,
            created_at=self._clock.now(),
        )
        return asset_id

    def _accept(self, asset_id: str, data: bytes, ready_at: float) -> None:
        media_type = media_type_of(data) or "application/octet-stream"
        width, height = size_of(data, media_type)
        self._database.write(
            "UPDATE assets SET file = ?, content_type = ?, size_bytes = ?, width = ?, height = ?, ready_at = ?"
            " WHERE asset_id = ?",
            asset_id,
            media_type,
            len(data),
            width,
            height,
            ready_at,
            asset_id,
        )

    def _reserve(self, asset_id: str) -> None:
        self._database.write(
            "UPDATE assets SET upload_token = ?, upload_expires_at = ? WHERE asset_id = ?",
            secrets.token_hex(16),
            self._clock.now() + self._settings.upload_lifetime,
            asset_id,
        )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
