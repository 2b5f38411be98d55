"""Assets: bring your own file, and the place where reserved uploads go."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from flora_sandbox.calls import Call, TheCall
from flora_sandbox.files import DIRECT_LIMIT_BYTES, FETCH_LIMIT_BYTES, TYPES, UPLOAD_LIMIT_BYTES, media_type_of
from flora_sandbox.flora import Flora
from flora_sandbox.idempotency import Answer, fingerprint
from flora_sandbox.multipart import Part, parts_of
from flora_sandbox.pages import page_size, sliced
from flora_sandbox.problems import Problem, invalid, notes_from
from flora_sandbox.rendering import InputUnreachableError, fetched
from flora_sandbox.routes.parts import (
    READ_ERRORS,
    WRITE_ERRORS,
    Cursor,
    Limit,
    TheFlora,
    answered,
    as_answer,
    as_response,
    paged,
)
from flora_sandbox.shapes import AssetItem, AssetPage, AssetReceipt, AssetRequest, AssetShape, Meta
from flora_sandbox.techniques import checked_project, workspace_checked
from flora_sandbox.urls import media_url_fault

router = APIRouter()
uploads = APIRouter(include_in_schema=False)

_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["file", "workspace_id"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        **{name: {"type": "string"} for name in ("workspace_id", "content_type", "file_name", "project_id")},
    },
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": AssetRequest.model_json_schema()},
            "multipart/form-data": {"schema": _FORM_SCHEMA},
        },
    }
}


class FormFields(BaseModel):
    """The texts beside the file of a direct upload."""

    workspace_id: str
    content_type: str | None = None
    file_name: str | None = None
    project_id: str | None = None


@router.post("/assets", response_model=AssetReceipt, responses=WRITE_ERRORS, openapi_extra=_BODY)
async def create_asset(flora: TheFlora, call: TheCall, request: Request) -> Response:
    """Bring a file: its bytes as a form, a URL to fetch, or a reservation to upload it."""
    content_type = request.headers.get("content-type", "")
    body = await request.body()
    if content_type.lower().startswith("multipart/form-data"):
        return as_response(await _direct(flora, call, parts_of(body, content_type)))
    wanted = _json_request(body)
    if wanted.source == "signed-url":
        return as_response(await _reserved(flora, call, wanted))
    return as_response(await _fetched(flora, call, wanted))


@router.get("/assets", response_model=AssetPage, responses=READ_ERRORS)
async def list_assets(
    *,
    flora: TheFlora,
    workspace_id: str | None = None,
    project_id: str | None = None,
    query: str | None = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List assets, newest first."""
    rows = flora.assets.listed(workspace_id=workspace_id, project_id=project_id, query=query)
    page, next_cursor = sliced(rows, cursor, page_size(limit, flora.settings))
    items = [
        AssetItem.model_validate(
            {**flora.assets.shape(row).model_dump(), "created_at": flora.views.moment(row["created_at"])}
        )
        for row in page
    ]
    return paged(flora, "assets", list(items), Meta(next_cursor=next_cursor), briefly=False)


@router.get("/assets/{asset_id}", response_model=AssetShape, responses=READ_ERRORS)
async def retrieve_asset(flora: TheFlora, asset_id: str) -> Response:
    """Return an asset."""
    return answered(flora.assets.shape(flora.assets.retrieve(asset_id)))


@router.post("/assets/{asset_id}/complete", response_model=AssetReceipt, responses=WRITE_ERRORS)
async def complete_asset(flora: TheFlora, call: TheCall, asset_id: str) -> Response:
    """Say that a reserved upload is done."""
    flora.assets.retrieve(asset_id)
    answer = await flora.keys.once(
        call,
        fingerprint([call.line]),
        lambda: as_answer(flora.assets.receipt(flora.assets.complete(asset_id))),
    )
    return as_response(answer)


@router.post("/assets/{asset_id}/retry", response_model=AssetReceipt, responses=WRITE_ERRORS)
async def retry_asset(flora: TheFlora, call: TheCall, asset_id: str) -> Response:
    """Reserve anew for a failed or expired upload."""
    flora.assets.retrieve(asset_id)
    answer = await flora.keys.once(
        call, fingerprint([call.line]), lambda: as_answer(flora.assets.receipt(flora.assets.retry(asset_id)))
    )
    return as_response(answer)


@uploads.post("/uploads/{asset_id}")
async def upload(flora: TheFlora, asset_id: str, request: Request) -> Response:
    """Take the bytes of a reserved upload: a form with the reserved fields, then the file."""
    parts = parts_of(await request.body(), request.headers.get("content-type", ""))
    file, token = parts.get("file"), parts.get("token")
    if file is None or token is None:
        raise invalid(("file" if file is None else "token", "Required"))
    if len(file.data) > UPLOAD_LIMIT_BYTES:
        raise invalid(("file", "File is too large"))
    flora.assets.upload(asset_id, token.data.decode("utf-8", "replace"), file.data)
    return Response(status_code=204)


async def _direct(flora: Flora, call: Call, parts: dict[str, Part]) -> Answer:
    texts = {name: part.data.decode("utf-8", "replace") for name, part in parts.items() if name != "file"}
    fields = _checked(FormFields, texts)
    file = parts.get("file")
    if file is None:
        raise invalid(("file", "Required"))
    if len(file.data) > DIRECT_LIMIT_BYTES:
        raise invalid(("file", "File is larger than 4 MB; use a signed upload"))
    _check_type(file.data, fields.content_type, "file")
    _check_project(fields.workspace_id, fields.project_id)

    def store() -> Answer:
        row = flora.assets.store(
            call,
            fields.workspace_id,
            file.data,
            via="direct",
            name=fields.file_name or file.file_name,
            claimed=fields.content_type or file.content_type,
            project_id=fields.project_id,
        )
        return as_answer(flora.assets.receipt(row))

    about = fingerprint([call.line, texts, fingerprint(file.data.hex())])
    return await flora.keys.once(call, about, store)


async def _reserved(flora: Flora, call: Call, wanted: AssetRequest) -> Answer:
    _check_claim(wanted.content_type)

    def reserve() -> Answer:
        row = flora.assets.reserve(
            call,
            wanted.workspace_id,
            name=wanted.file_name,
            claimed=wanted.content_type,
            project_id=wanted.project_id,
        )
        return as_answer(flora.assets.receipt(row))

    return await flora.keys.once(call, fingerprint([call.line, wanted.model_dump()]), reserve)


async def _fetched(flora: Flora, call: Call, wanted: AssetRequest) -> Answer:
    fault = media_url_fault(wanted.source, restrict_hosts=False)
    if fault is not None:
        raise invalid(("source", fault))
    _check_claim(wanted.content_type)
    data = flora.shelf.own_file(wanted.source) or await _bytes_behind(wanted.source, flora.settings.input_timeout)
    _check_type(data, wanted.content_type, "source")

    def store() -> Answer:
        row = flora.assets.store(
            call,
            wanted.workspace_id,
            data,
            via="url",
            name=wanted.file_name,
            claimed=wanted.content_type,
            project_id=wanted.project_id,
        )
        return as_answer(flora.assets.receipt(row))

    return await flora.keys.once(call, fingerprint([call.line, wanted.model_dump()]), store)


async def _bytes_behind(url: str, timeout: float) -> bytes:
    try:
        data, _ = await fetched(url, timeout=timeout, largest_bytes=FETCH_LIMIT_BYTES)
    except InputUnreachableError as error:
        raise invalid(("source", str(error))) from error
    return data


def _json_request(body: bytes) -> AssetRequest:
    try:
        request = AssetRequest.model_validate_json(body)
    except ValidationError as error:
        if any(problem["type"] == "json_invalid" for problem in error.errors()):
            raise Problem(400, "invalid_json", "The body is not JSON.") from error
        raise invalid(*notes_from(error.errors())) from error
    _check_project(request.workspace_id, request.project_id)
    return request


def _checked(model: type[FormFields], values: dict[str, str]) -> FormFields:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(*notes_from(error.errors())) from error


def _check_project(workspace_id: str, project_id: str | None) -> None:
    if project_id is None:
        workspace_checked(workspace_id)
    else:
        checked_project(workspace_id, project_id)


def _check_claim(content_type: str | None) -> None:
    if content_type is not None and content_type not in TYPES:
        raise invalid(("content_type", "Unsupported file type"))


def _check_type(data: bytes, claimed: str | None, field: str) -> None:
    _check_claim(claimed)
    if media_type_of(data) is None:
        raise invalid((field, "Unsupported file type"))
