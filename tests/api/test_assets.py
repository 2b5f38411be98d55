import io
import os
import tracemalloc

import httpx
import pytest
from PIL import Image

from flora_sandbox.faults import Fault
from florist.api import FloraAPI
from florist.api.assets import AssetStatus
from florist.api.errors import APIConnectionError, APIError, AssetError, UntrustedUrlError
from florist.secrets import SignedUrl
from tests.api.scripted import ScriptedFlora, client_on, ok, refusal

MB = 1024 * 1024


def png(size_bytes: int = 0) -> bytes:
    """A picture, with so many bytes behind it that decoders ignore."""
    file = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(file, "PNG")
    return file.getvalue() + os.urandom(max(0, size_bytes - file.tell()))


class Through(httpx.AsyncBaseTransport):
    """The network, with somebody watching what passes."""

    def __init__(self, watch) -> None:
        self._network = httpx.AsyncHTTPTransport()
        self._watch = watch
        self.lines: list[str] = []

    async def handle_async_request(self, request):
        self.lines.append(f"{request.method} {request.url.path.rsplit('asset_', 1)[0]}")
        self._watch(request)
        return await self._network.handle_async_request(request)

    async def aclose(self):
        await self._network.aclose()


def client_through(sandbox, watch=lambda request: None):
    network = Through(watch)
    return network, FloraAPI(
        api_key=sandbox.api_key,
        base_url=sandbox.base_url,
        workspace_id=sandbox.workspace_id,
        transport=network,
    )


async def test_upload_of_a_small_file_is_one_request(sandbox, tmp_path):
    path = tmp_path / "vase.png"
    path.write_bytes(png())
    network, client = client_through(sandbox)
    async with client:
        asset = await client.assets.upload(path)
    assert (asset.status, asset.name, asset.content_type, asset.width) == ("ready", "vase.png", "image/png", 8)
    assert network.lines == ["POST /api/v1/assets", "GET /api/v1/assets/"]


async def test_upload_of_bytes_knows_their_type(client):
    asset = await client.assets.upload(png())
    assert (asset.uploaded_via, asset.content_type) == ("direct", "image/png")


@pytest.mark.parametrize(("size_bytes", "way"), [(4 * MB, "direct"), (4 * MB + 1, "signed_url")])
async def test_upload_takes_the_way_its_size_asks_for(client, size_bytes, way):
    asset = await client.assets.upload(png(size_bytes))
    assert (asset.uploaded_via, asset.size_bytes) == (way, size_bytes)


async def test_upload_of_12_mb_bears_no_key_to_the_storage(sandbox, tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(png(12 * MB))
    bearers = []
    _, client = client_through(
        sandbox, lambda request: bearers.append((request.url.path[:5], "authorization" in request.headers))
    )
    async with client:
        asset = await client.assets.upload(str(path))
    assert asset.size_bytes == 12 * MB
    assert set(bearers) == {("/api/", True), ("/uplo", False)}


class Swallowing(httpx.AsyncBaseTransport):
    """FLORA and a storage that reads what comes and keeps nothing."""

    def __init__(self) -> None:
        self.largest = self.total = 0

    async def handle_async_request(self, request):
        if request.url.host != "storage.example":
            status = "ready" if request.method == "GET" else "pending_upload"
            return ok({**RESERVED, "status": status})
        async for chunk in request.stream:
            self.largest = max(self.largest, len(chunk))
            self.total += len(chunk)
        return httpx.Response(204)


async def test_upload_of_a_large_file_is_streamed_from_disk(time, tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(png(64 * MB))
    swallowing = Swallowing()
    client = client_on(time, None, transport=swallowing)
    tracemalloc.start()
    await client.assets.upload(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert swallowing.total > 64 * MB
    assert swallowing.largest <= 64 * 1024
    assert peak < 4 * MB


async def test_upload_whose_reservation_expires_is_given_a_fresh_one(sandbox):
    def let_it_expire(request):
        if request.url.path.startswith("/uploads/") and network.lines.count("POST /uploads/") == 1:
            sandbox.clock.advance(3600)

    network, client = client_through(sandbox, let_it_expire)
    async with client:
        asset = await client.assets.upload(png(5 * MB))
    assert asset.status is AssetStatus.READY
    assert network.lines.count("POST /uploads/") == 2


async def test_upload_whose_storage_stumbles_is_sent_again(sandbox):
    def stumble(request):
        if network.lines.count("POST /uploads/") == 1 and request.url.path.startswith("/uploads/"):
            raise httpx.WriteError("no")

    network, client = client_through(sandbox, stumble)
    async with client:
        asset = await client.assets.upload(png(5 * MB))
    assert asset.status is AssetStatus.READY
    assert network.lines.count("POST /uploads/") == 2


@pytest.mark.parametrize("fault", ["answer_lost", "server_error", "server_error_after", "connection_reset"])
async def test_upload_whose_request_goes_wrong_is_repeated_since_it_costs_nothing(client, sandbox, fault):
    sandbox.set_faults(Fault(name=fault, route="POST /assets", times=1))
    asset = await client.assets.upload(png())
    assert asset.status is AssetStatus.READY


async def test_upload_by_url_is_fetched_by_flora(client):
    first = await client.assets.upload(png())
    asset = await client.assets.upload(first.url.reveal(), file_name="copy.png")
    assert (asset.uploaded_via, asset.name, asset.size_bytes) == ("url", "copy.png", first.size_bytes)


async def test_upload_that_flora_cannot_fetch_names_no_secret(client):
    with pytest.raises(APIError) as caught:
        await client.assets.upload(SignedUrl("http://127.0.0.1:9/a/b.png?token=marker"))
    assert "marker" not in f"{caught.value!r}"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "empty"),
        (b"<html><body>no</body></html>", "text/html"),
        (b"just text", "text/plain"),
        (b"\x00\x01\x02", "no known media type"),
        ("/no/such/file.png", "cannot be read"),
        ("http://example.com/a.png", "https alone"),
    ],
)
async def test_upload_that_flora_would_refuse_sends_nothing(time, source, message):
    flora = ScriptedFlora(ok({}))
    client = client_on(time, flora, base_url="https://flora.example/api/v1")
    with pytest.raises(AssetError, match=message):
        await client.assets.upload(source)
    assert flora.requests == []


RESERVED = {
    "asset_id": "asset_1",
    "status": "pending_upload",
    "url": "https://media.flora.ai/a",
    "upload": {"url": "https://storage.example/b?sig=marker", "form_fields": {"k": "v"}, "file_field": "file"},
}


async def test_upload_refused_by_every_reservation_is_given_up(time):
    def flora(request):
        return httpx.Response(403) if request.url.host == "storage.example" else ok(RESERVED)

    with pytest.raises(AssetError, match="3 reservations"):
        await client_on(time, flora).assets.upload(png(5 * MB))


async def test_upload_to_a_failing_storage_ends(time):
    def flora(request):
        return httpx.Response(503) if request.url.host == "storage.example" else ok(RESERVED)

    with pytest.raises(APIConnectionError, match="could not be uploaded") as caught:
        await client_on(time, flora).assets.upload(png(5 * MB))
    assert "marker" not in str(caught.value)


async def test_upload_to_an_address_without_tls_is_refused(time):
    target = {"url": "http://storage.example/b", "form_fields": {}}
    flora = ScriptedFlora(ok({**RESERVED, "upload": target}))
    with pytest.raises(UntrustedUrlError):
        await client_on(time, flora).assets.upload(png(5 * MB))
    assert len(flora.requests) == 1


async def test_upload_that_never_gets_ready_ends(time):
    with pytest.raises(AssetError, match="not ready"):
        await client_on(time, ScriptedFlora(ok(RESERVED))).assets.upload(png(), ready_timeout=30)
    assert time.elapsed == 30


async def test_upload_that_flora_cannot_use_says_why(time):
    failed = {"asset_id": "asset_1", "status": "failed", "failure_message": "too many pixels"}
    with pytest.raises(AssetError, match="too many pixels"):
        await client_on(time, ScriptedFlora(ok(failed))).assets.upload(png())


async def test_upload_under_a_key_already_processed_begins_again_with_another(time):
    ready = {"asset_id": "asset_1", "status": "ready"}
    flora = ScriptedFlora(httpx.ReadError("lost"), refusal(409, "idempotency_duplicate"), ok(ready))
    await client_on(time, flora).assets.upload(png())
    first, again, anew, _ = flora.keys
    assert first == again != anew
