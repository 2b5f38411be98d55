"""`florist sandbox`: FLORA on this machine, and its books."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Protocol

from cyclopts import App, Parameter
from pydantic import BaseModel

from florist.commands.terminal import print_table, say
from florist.errors import ConfigurationError

sandbox_app = App(name="sandbox", help="FLORA on this machine: its API, real media, no key, no bill.")


class Books(Protocol):
    """The sandbox's books. Lines are models of the same numbers each."""

    @property
    def total(self) -> BaseModel: ...  # noqa: D102
    @property
    def by_technique(self) -> Mapping[str, BaseModel]: ...  # noqa: D102
    @property
    def by_key(self) -> Mapping[str, BaseModel]: ...  # noqa: D102
    @property
    def balances_usd(self) -> Mapping[str, Decimal]: ...  # noqa: D102
    @property
    def faults_struck(self) -> Mapping[str, int]: ...  # noqa: D102
    def model_dump_json(self, *, indent: int) -> str: ...  # noqa: D102


@sandbox_app.default
def serve_sandbox(
    *,
    run_sandbox: Annotated[Callable[[Sequence[str]], int], Parameter(parse=False)],
    port: int = 8787,
    data: Path | None = None,
    seed: int | None = None,
    balance: Decimal | None = None,
    duration_scale: float | None = None,
    idempotency: Literal["duplicate", "replay", "none"] | None = None,
    scenario: str | None = None,
    setting: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = (),
) -> int:
    """Serve it until it is stopped.

    Args:
        port: where it listens, on 127.0.0.1; 0 takes a free one.
        data: its state, .flora-sandbox if left out; a later start goes on where this one ended.
        seed: for durations and faults.
        balance: USD of each workspace, in a new data directory.
        duration_scale: times each technique's nominal duration.
        idempotency: what a key that comes again is answered with.
        scenario: faults in force from the start, by the scenario's name.
        setting: any other setting as NAME=VALUE; may be given several times.
    """
    options = {
        "--port": port,
        "--data": data,
        "--seed": seed,
        "--balance": balance,
        "--duration-scale": duration_scale,
        "--idempotency": idempotency,
        "--scenario": scenario,
    }
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    return run_sandbox([*given, *(f"--set={pair}" for pair in setting)])


@sandbox_app.command(name="report")
def report_sandbox(
    *,
    sandbox_books: Annotated[Callable[[Path | None], Books], Parameter(parse=False)],
    data: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON.")] = False,
) -> None:
    """Print its books: runs made, charged and fetched, by technique and by idempotency key.

    Args:
        data: its state, .flora-sandbox if left out; it need not be running.
    """
    try:
        books = sandbox_books(data)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{error}: name its data directory with --data") from error
    if as_json:
        say(books.model_dump_json(indent=2))
        return
    counts = [name.replace("_", " ").capitalize() for name in type(books.total).model_fields]
    for heading, lines in (("Technique", books.by_technique), ("Idempotency key", books.by_key)):
        rows = [(name or "(none)", *map(str, line.model_dump().values())) for name, line in lines.items()]
        total = ("total", *map(str, books.total.model_dump().values()))
        print_table((heading, *counts), [*rows, total], right=counts)
    print_table(("Workspace", "USD left"), [(name, str(usd)) for name, usd in books.balances_usd.items()])
    print_table(("Fault", "Struck"), [(name, str(count)) for name, count in books.faults_struck.items()])
