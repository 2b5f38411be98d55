"""Connections that send no whole request are hung up on: without a token they would take every place."""

import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from florist.serving import connections
from florist.stores.folder import FolderStore
from tests.serving.world import Served, served


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    store = FolderStore(Path(tmp_path_factory.mktemp("hasty")))
    with pytest.MonkeyPatch.context() as patch, served(store) as server:
        patch.setattr(connections, "HEAD_WITHIN", 0.3)
        yield server


def connected(server: Served) -> socket.socket:
    host, _, port = server.base_url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=5)


def is_hung_up_on(connection: socket.socket) -> bool:
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize("beginning", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nhost: a\r\n"])
def test_connection_without_a_whole_head_is_hung_up_on(hasty, beginning):
    with connected(hasty) as connection:
        connection.sendall(beginning)
        assert is_hung_up_on(connection)


def test_rest_of_a_refused_body_that_trickles_in_is_not_waited_for(hasty):
    with connected(hasty) as connection:
        connection.sendall(b"POST /uploads HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n")
        assert b"421" in connection.recv(65536)
        connection.sendall(b"x")
        assert is_hung_up_on(connection)


def test_connection_is_kept_for_a_second_request(hasty):
    for _ in range(2):
        assert hasty.ada.get("/uploads").status_code == 200


def test_upload_that_somebody_breaks_off_is_no_fault_of_the_server_s(hasty, caplog):
    caplog.set_level(logging.INFO)
    with connected(hasty) as connection:
        token = hasty.ada.headers["authorization"]
        head = f"POST /uploads HTTP/1.1\r\nhost: {hasty.base_url[7:]}\r\nauthorization: {token}\r\n"
        connection.sendall(f"{head}x-florist-review: 1\r\ncontent-length: 99\r\n\r\nabc".encode())
    for _ in range(50):
        if any("POST /uploads 4" in record.getMessage() for record in caplog.records):
            break
        time.sleep(0.1)
    assert "POST /uploads 4" in caplog.text
    assert "Exception in ASGI" not in caplog.text
