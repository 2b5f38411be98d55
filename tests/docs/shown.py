"""What pages show to be typed, and which of it is typed by whom.

Every command of every page is typed by `test_pages.py`, by another test that is named here, or stands here with
the reason why nobody types it. `tests/guards/test_shown_blocks.py` holds this against the pages.
"""

from pathlib import Path

from tests.flows.told import Block, blocks_of, commands_in

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
}

STANDING = {
    ".": "the tests' own environment is active",
    "export": "the environment of a test says so",
    "unset": "the environment of a test says so",
}
"""First words of lines whose effect is there where a test types what follows."""

TYPED_ELSEWHERE = {
    ("README.md", "make demo"): "tests/drills/test_fresh_clone.py",
    ("docs/tutorial.md", "make demo"): "tests/drills/test_fresh_clone.py",
    ("README.md", "florist plan pipelines/product-launch.yaml --rows"): "tests/flows/test_spreadsheet_night.py",
    ("README.md", "florist run pipelines/product-launch.yaml --rows"): "tests/flows/test_spreadsheet_night.py",
    ("README.md", "florist bill spring"): "tests/flows/test_spreadsheet_night.py",
    ("README.md", "florist rerun spring"): "tests/flows/test_spreadsheet_night.py",
    ("README.md", "florist deliver spring"): "tests/flows/test_spreadsheet_night.py",
    ("README.md", "prefect "): "tests/drills/test_deployments_page.py",
    ("README.md", "make bootstrap"): "tests/drills/test_deployments_page.py",
    ("README.md", "florist deploy"): "tests/drills/test_deployments_page.py",
    ("docs/deployments.md", ""): "tests/drills/test_deployments_page.py",
    ("docs/tutorial/spreadsheet.md", ""): "tests/flows/test_spreadsheet_tutorial.py",
    ("docs/sandbox.md", "curl "): "tests/flora_sandbox/test_docs.py",
    ("docs/serve.md", "curl "): "tests/serving/test_docs.py",
    ("docs/serve.md", "florist upload"): "tests/serving/test_docs.py",
    ("docs/init.md", "florist plan"): "tests/commands/test_init.py",
    ("docs/archive.md", "florist archive presign"): "tests/sweep/test_commands.py",
}
"""Tests that type commands of a page that begin so."""

NOT_TYPED = {
    ("README.md", "florist sandbox$"): "a sandbox is served on a free port",
    ("docs/tutorial.md", "florist sandbox$"): "a sandbox is served on a free port",
    ("docs/sandbox.md", "florist sandbox$"): "a sandbox is served on a free port",
    (
        "docs/serve.md",
        "florist serve",
    ): "it goes on until stopped; tests/commands/test_serving.py starts one",
    ("README.md", "make test"): "it is what runs this",
    (
        "docs/sandbox.md",
        "pip install 'florist[sandbox]'",
    ): "tests/drills/test_wheel.py installs the extra of a wheel",
}
"""Commands that no test types as they stand, and why."""

RUN_BY = {
    ("README.md", "python"): ("tests/guards/test_shown_python.py", "tests/flows/test_readme.py"),
    ("docs/api.md", "python"): ("tests/guards/test_shown_python.py",),
    ("docs/archive.md", "python"): ("tests/guards/test_shown_python.py",),
    ("docs/client.md", "python"): ("tests/client/test_docs.py",),
    ("docs/gallery.md", "python"): ("tests/gallery/test_docs.py",),
    ("docs/sandbox.md", "python"): ("tests/flora_sandbox/test_docs.py",),
    ("docs/sandbox.md", "js"): ("tests/drills/test_official_sdk.py",),
    ("docs/funnel.md", "json"): ("tests/docs/test_pages.py",),
    ("docs/serve.md", "json"): ("tests/serving/test_docs.py",),
    ("docs/funnel.md", "yaml"): ("tests/guards/test_docs.py",),
    ("docs/rows.md", "csv"): ("tests/docs/test_pages.py",),
    ("docs/rows.md", "yaml"): ("tests/docs/test_pages.py",),
    ("docs/campaigns.md", "yaml"): ("tests/docs/test_pages.py",),
    ("docs/tutorial.md", "yaml"): ("tests/docs/test_pages.py",),
    ("docs/tutorial.md", "csv"): ("tests/docs/test_pages.py",),
    ("docs/tutorial/spreadsheet.md", "yaml"): ("tests/flows/test_spreadsheet_tutorial.py",),
    ("docs/tutorial/spreadsheet.md", "csv"): ("tests/flows/test_spreadsheet_tutorial.py",),
    ("README.md", "yaml"): ("tests/guards/test_docs.py",),
    ("docs/pipelines.md", "yaml"): ("tests/guards/test_docs.py", "tests/pipelines/test_shipped.py"),
    ("docs/deployments.md", "yaml"): ("tests/guards/test_docs.py",),
}
"""Tests that run the blocks of a language on a page, or read them as Florist does."""

TALKED_ABOUT = frozenset({"", "text", "mermaid"})
"""Languages of blocks that are answers and drawings."""


def blocks(page: str) -> list[Block]:
    return list(blocks_of(PAGES[page]))


def commands(page: str) -> list[str]:
    """Return every command that a page shows."""
    return [line for block in blocks(page) if block.language == "console" for line in commands_in(block)]


def first_of(table: dict[tuple[str, str], str], page: str, command: str) -> str | None:
    """Return what a table says of a command of a page: words that end in `$` are all of it."""
    fits = (
        told
        for (of, words), told in table.items()
        if of == page and (command == words[:-1] if words.endswith("$") else command.startswith(words))
    )
    return next(fits, None)


def stands(command: str) -> bool:
    """Whether what a line brings about is there already."""
    return command.split(maxsplit=1)[0] in STANDING


def to_type(page: str) -> list[str]:
    """Return the commands of a page that `test_pages.py` types."""
    return [
        command
        for command in commands(page)
        if not stands(command)
        and first_of(TYPED_ELSEWHERE, page, command) is None
        and first_of(NOT_TYPED, page, command) is None
    ]
