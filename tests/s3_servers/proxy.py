"""An HTTP proxy in front of an S3 server: it changes bytes on their way, and answers some requests itself."""

import hashlib
import http.client
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.s3_servers.servers import S3Server, loopback_certificate

Headers = list[tuple[str, str]]

MARK, DAMAGED = b"bytes to be damaged", b"bytes to be dAmaged"


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str
    inside: str = ""

    @property
    def body(self) -> bytes:
        return f"<Error><Code>{self.code}</Code><Message>refused</Message>{self.inside}</Error>".encode()


OTHER_PAYLOAD = Refusal(400, "XAmzContentSHA256Mismatch")


@contextmanager
def proxied(
    target: S3Server,
    *,
    refused: Mapping[str, Refusal] | None = None,
    https_in: Path | None = None,
    verifies_payloads: bool = False,
) -> Iterator[S3Server]:
    """Run a proxy that changes one byte of every body with `MARK` in it.

    Args:
        refused: answered without asking the server, by method, or by `POST If-None-Match` with that header.
        https_in: speaks https by a certificate made in this folder; else http.
        verifies_payloads: refuses bodies that are not those which were signed.
    """
    handler = _handler(urlsplit(target.endpoint_url).netloc, refused or {}, verifies_payloads=verifies_payloads)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    certificate = None
    if https_in is not None:
        certificate, key = loopback_certificate(https_in)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        url = f"http{'s' * (https_in is not None)}://127.0.0.1:{server.server_port}"
        yield replace(target, endpoint_url=url, ca_bundle=str(certificate) if certificate else None)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(
    target: str, refused: Mapping[str, Refusal], *, verifies_payloads: bool
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # which answers "Expect: 100-continue"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).replace(MARK, DAMAGED)
            signed = self.headers.get("X-Amz-Content-SHA256", "")
            is_other = verifies_payloads and len(signed) == 64 and hashlib.sha256(body).hexdigest() != signed
            conditional = " If-None-Match" if "If-None-Match" in self.headers else ""
            refusal = refused.get(self.command) or refused.get(self.command + conditional)
            refusal = OTHER_PAYLOAD if is_other else refusal
            if refusal is not None:
                self.send(refusal.status, [("Content-Type", "application/xml")], refusal.body)
                return
            with closing(http.client.HTTPConnection(target, timeout=60)) as connection:
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in {"expect", "connection"}:
                        connection.putheader(name, value)
                connection.endheaders(body)
                with closing(connection.getresponse()) as answer:
                    content, length = answer.read(), answer.getheader("Content-Length")
            own = {"content-length", "transfer-encoding", "connection"}
            headers = [pair for pair in answer.getheaders() if pair[0].lower() not in own]
            self.send(answer.status, headers, content, length)

        def send(self, status: int, headers: Headers, body: bytes, length: str | None = None) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    return Handler
