"""`florist init`: a project of one's own, with all that it takes to plan, run and deploy it."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from florist.commands.terminal import remark, say
from florist.errors import ConfigurationError

TEMPLATE = files("florist.commands") / "project"
DOTTED = {"env.example": ".env.example", "gitignore": ".gitignore", "github": ".github"}
"""Names that begin with a dot in the project, and do not here, where they would act."""

NOWHERE = "git+https://git.example.com/florist.git"
PREFECT = "3.9.1"
"""What prefect.yaml was written for."""

_IN_PLACE = """\
# Without a pull step, a worker works in this folder, on this machine. From git, workers on other machines too:
# pull:
#   - prefect.deployments.steps.git_clone:
#       repository: https://git.example.com/you/@PROJECT@.git
#       branch: main
#       # access_token: "{{ prefect.blocks.secret.git-token }}"   # of a private one"""
_FROM_GIT = """\
# A worker clones the project for each flow run; pipelines/ and rows.csv are those of the clone.
pull:
  - prefect.deployments.steps.git_clone:
      repository: @REPOSITORY@
      branch: @BRANCH@
      # access_token: "{{ prefect.blocks.secret.git-token }}"   # of a private one"""
_RUNS_IN_PLACE = """\
A worker works in this folder; `pull:` in `prefect.yaml` has
it clone the project from git instead."""
_RUNS_FROM_GIT = """\
A worker clones the project from git for each run (`pull:`
in `prefect.yaml`): commit and push, then deploy."""


def init(folder: Path, /, *, repository: str = "", branch: str = "main", florist: str = NOWHERE) -> None:
    """Make a project of one's own: pipeline, rows, deployments, a CI job. Overwrites nothing.

    Args:
        folder: made if it is not there; its name is the project's.
        repository: where the project is to be kept in git, for workers to clone it from; without it they work in
            the folder.
        branch: of the repository.
        florist: where pip finds Florist: git+https://… or file:///… of a wheel.
    """
    made = project_files(folder.absolute().name, repository=repository, branch=branch, source=florist)
    there = [name for name in made if (folder / name).exists()]
    if there:
        raise ConfigurationError(
            f"{folder} has {', '.join(there)} already, and nothing is overwritten: name another folder"
        )
    for name, content in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
        say(str(path))
    remark(f"Next: cd {folder}, and what its README.md says.")


def project_files(name: str, *, repository: str, branch: str, source: str) -> Mapping[str, bytes]:
    """Return what a project is made of, by path."""
    project = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "project"
    words = {
        "@PULL@": _FROM_GIT if repository else _IN_PLACE,
        "@FROM@": _RUNS_FROM_GIT if repository else _RUNS_IN_PLACE,
        "@REPOSITORY@": repository,
        "@BRANCH@": branch,
        "@PROJECT@": project,
        "@FLORIST@": source,
        "@PREFECT@": PREFECT,
    }
    return {path: _filled(content, words) for path, content in sorted(_template(TEMPLATE))}


def _template(folder: Traversable, beginning: str = "") -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        path = beginning + DOTTED.get(each.name, each.name)
        if each.is_dir():
            yield from _template(each, f"{path}/")
        else:
            yield path, each.read_bytes()


def _filled(content: bytes, words: Mapping[str, str]) -> bytes:
    for word, meaning in words.items():
        content = content.replace(word.encode(), meaning.encode())
    return content
