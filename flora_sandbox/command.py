"""The sandbox's command line.

Reads its arguments before it imports what draws: without Pillow or PyAV it says what to install.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from flora_sandbox.settings import DEFAULT_DATA, Settings

MISSING = "The sandbox needs {name} to make media: pip install 'florist[sandbox]'"
GREETING = """\
FLORA sandbox at {base_url}

  curl          curl {base_url}/techniques -H 'Authorization: Bearer {key}'
  official SDK  new FLORA({{ apiKey: '{key}', baseURL: '{base_url}' }})
                or FLORA_API_KEY={key} FLORA_BASE_URL={base_url}
  Florist       export FLORA_API_KEY={key} FLORA_BASE_URL={base_url}

  data {data}; books {root}/_sandbox/books; OpenAPI {root}/openapi.json
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    wanted = _parser().parse_args(arguments)
    try:
        settings = Settings.model_validate(_settings_from(wanted))
    except (ValidationError, ValueError) as error:
        return _refuse(f"These settings do not fit: {_reason(error)}")
    return serve(wanted.data, settings)


def serve(data_dir: Path, settings: Settings) -> int:
    """Serve a sandbox in the foreground; return the exit code."""
    try:
        from flora_sandbox.flora import Flora  # noqa: PLC0415 - needs Pillow and PyAV
        from flora_sandbox.server import API_KEY, bound_socket, server_for  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in ("PIL", "av"):
            raise
        return _refuse(MISSING.format(name="Pillow" if error.name == "PIL" else "PyAV"))
    try:
        listener = bound_socket(settings.port)
    except OSError as error:
        return _refuse(f"Port {settings.port} cannot be used ({error.strerror}); choose another with --port.")
    flora = Flora(data_dir, settings)
    server = server_for(flora, listener)
    # uvicorn hands a signal on once it has stopped; it must not end the process with an error then, nor may one
    # get lost that comes before uvicorn listens for it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    root = flora.address
    greeting = GREETING.format(base_url=f"{root}/api/v1", key=API_KEY, data=data_dir, root=root)
    sys.stdout.write(greeting)
    sys.stdout.flush()
    asyncio.run(server.serve(sockets=[listener]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flora_sandbox", description="FLORA on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help=f"data directory (default {DEFAULT_DATA})")
    parser.add_argument("--seed", type=int, help="for durations and faults")
    parser.add_argument("--balance", metavar="USD", help="of each workspace, in a new data directory")
    parser.add_argument("--duration-scale", type=float, help="times each technique's nominal duration")
    parser.add_argument("--idempotency", choices=("duplicate", "replay", "none"))
    parser.add_argument("--scenario", help="faults in force from the start, by the scenario's name")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other setting; the value as JSON or plain text",
    )
    return parser


def _settings_from(wanted: argparse.Namespace) -> dict[str, object]:
    named = {
        "port": wanted.port,
        "seed": wanted.seed,
        "balance_usd": wanted.balance,
        "duration_scale": wanted.duration_scale,
        "idempotency": wanted.idempotency,
    }
    values: dict[str, object] = {name: value for name, value in named.items() if value is not None}
    if wanted.scenario is not None:
        values["faults"] = _scenario(wanted.scenario)
    for pair in wanted.set:
        name, _, text = pair.partition("=")
        values[name] = _value(text)
    return values


def _scenario(name: str) -> object:
    from flora_sandbox.faults import SCENARIOS  # noqa: PLC0415 - beside its only use

    if name not in SCENARIOS:
        raise ValueError(f"scenario {name} is unknown; there are: {', '.join(SCENARIOS)}")
    return SCENARIOS[name]


def _value(text: str) -> object:
    if text == "null":  # a value of `last_cursor`; a setting that may be None is so by default
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors()[0]
        return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
    return str(error)


def _refuse(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 1
