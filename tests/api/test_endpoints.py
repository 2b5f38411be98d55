"""The client calls what the sandbox serves, no more and no less, and docs/api.md lists just that."""

import inspect
import re
from pathlib import Path

import httpx

from florist.api.catalogue import ActionInput
from florist.api.models import InputValue
from florist.api.paging import AsyncPager
from florist.api.resources.resource import Resource
from tests.api.scripted import ManualTime, client_on

PAGE = Path(__file__).parents[2] / "docs/api.md"
INPUTS = [InputValue(id="prompt", type="text", value="a vase")]
GENERATION = {"type": "image", "prompt": "a vase", "project_id": "prj_1"}

CALLS = {
    "techniques.list": lambda client: client.techniques.list(),
    "techniques.retrieve": lambda client: client.techniques.retrieve("ID"),
    "techniques.runs.create": lambda client: client.techniques.runs.create("ID", inputs=INPUTS),
    "techniques.runs.retrieve": lambda client: client.techniques.runs.retrieve("ID", technique="ID"),
    "techniques.runs.list": lambda client: client.techniques.runs.list(),
    "runs.start_technique": lambda client: client.runs.start_technique(technique_id="tech_1", inputs={}),
    "runs.start_generation": lambda client: client.runs.start_generation(**GENERATION),
    "runs.retrieve": lambda client: client.runs.retrieve("ID"),
    "runs.retrieve_at": lambda client: client.runs.retrieve_at(f"{client.base_url}/runs/ID"),
    "generations.create": lambda client: client.generations.create(**GENERATION),
    "generations.retrieve": lambda client: client.generations.retrieve("ID"),
    "generations.list": lambda client: client.generations.list(),
    "models.list": lambda client: client.models.list(),
    "workspaces.list": lambda client: client.workspaces.list(),
    "projects.list": lambda client: client.projects.list(),
    "actions.list": lambda client: client.actions.list(),
    "actions.retrieve": lambda client: client.actions.retrieve("ID"),
    "actions.run": lambda client: client.actions.run(
        "ID", inputs=[ActionInput(type="text", text="a")], project_id="prj_1"
    ),
    "assets.create": lambda client: client.assets.create(),
    "assets.retrieve": lambda client: client.assets.retrieve("ID"),
    "assets.complete": lambda client: client.assets.complete("ID"),
    "assets.retry": lambda client: client.assets.retry("ID"),
    "assets.list": lambda client: client.assets.list(),
}
COMPOSED = {
    "techniques.runs.create_with_answer",
    "generations.create_with_answer",
    "assets.upload",
    "workspaces.home",
}
"""Made of other methods: no route of their own."""

LISTS = "techniques technique_runs generations models workspaces projects actions assets inputs outputs"
NAMES = "run_id technique_id action_id asset_id name"
ANSWER = {
    **{name: [] for name in LISTS.split()},
    **dict.fromkeys(NAMES.split(), "x"),
    "status": "failed",
}
"""Whatever is asked, it can be read from this."""


async def endpoint_of(call) -> str:
    """Return the one request a call makes, as `METHOD /path/{}`."""
    lines = []

    def flora(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        lines.append(f"{request.method} {re.sub('ID(?=/|$)', '{}', path)}")
        return httpx.Response(200, json=ANSWER)

    made = call(client_on(ManualTime(), flora))
    await (made.page() if isinstance(made, AsyncPager) else made)
    (line,) = lines
    return line


async def endpoints() -> dict[str, str]:
    return {name: await endpoint_of(call) for name, call in CALLS.items()}


def methods(resource: Resource, prefix: str) -> set[str]:
    found = {f"{prefix}.{name}" for name, _ in inspect.getmembers(resource, inspect.ismethod) if name[0] != "_"}
    inner = {name: part for name, part in vars(resource).items() if isinstance(part, Resource) and name[0] != "_"}
    return found.union(*(methods(part, f"{prefix}.{name}") for name, part in inner.items()))


def test_every_method_of_the_client_is_known_here():
    client = client_on(ManualTime(), None)
    resources = {
        name: part for name, part in vars(client).items() if isinstance(part, Resource) and name[0] != "_"
    }
    assert set().union(*(methods(part, name) for name, part in resources.items())) == CALLS.keys() | COMPOSED


async def test_client_calls_what_the_sandbox_serves(sandbox):
    paths = httpx.get(f"{sandbox.url}/openapi.json").json()["paths"]
    served = {
        f"{method.upper()} {re.sub('{[^}]*}', '{}', path.removeprefix('/api/v1'))}"
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/api/v1")
    }
    assert set((await endpoints()).values()) == served


async def test_docs_list_each_method_beside_its_route():
    rows = re.findall(r"^\| `api\.([\w.]+)[^`]*`(?: \$)? \| `([A-Z]+ [^`]+)`", PAGE.read_text(), re.M)
    listed = {name: re.sub("{[^}]*}", "{}", line) for name, line in rows}
    assert listed == await endpoints()


def documented_route(name: str) -> str:
    method = client_on(ManualTime(), None)
    for part in name.split("."):
        method = getattr(method, part)
    return re.sub("{[^}]*}", "{}", inspect.getdoc(method))


async def test_docstring_of_each_method_names_its_route():
    routes = await endpoints()
    del routes["runs.retrieve_at"]  # goes where FLORA says
    assert [name for name, line in routes.items() if f"Source: {line}" not in documented_route(name)] == []
