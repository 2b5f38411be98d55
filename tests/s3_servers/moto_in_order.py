"""moto's S3 server, one request at a time: `python moto_in_order.py PORT`.

moto looks whether a key is free and writes later, in threads: of two creates at once, both win now and then. A
store probe that finds this out is right, and its test fails by chance. Bodies are read before, so that a slow
sender holds up nobody.
"""

import io
import sys
from collections.abc import Iterable
from threading import Lock
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple


class InOrder:
    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if length := environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
        with self._lock:
            return self._app(environ, start_response)


if __name__ == "__main__":
    app = InOrder(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=True, request_handler=MotoRequestHandler)
