"""The wheel in an empty environment: the command, the sandbox with and without its extra, the blocks."""

import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"florist", "blocks", "flows", "sandbox"}


def called(
    *command: str | Path, cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def done(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    ended = called(*command, cwd=cwd, environment=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Far from the checkout, so that nothing of it is imported by accident."""
    return tmp_path_factory.mktemp("wheel")


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    began = time.monotonic()
    done(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    [built] = folder.glob("*.whl")
    print(f"\n{built.name}: {built.stat().st_size:,} bytes, built in {time.monotonic() - began:.0f} s")  # noqa: T201
    return built


@pytest.fixture(scope="module")
def installed(folder: Path, wheel: Path) -> Path:
    """The folder of the programs of an environment that holds the wheel and what it asks for."""
    began = time.monotonic()
    done(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    programs = folder / "venv/bin"
    install = (programs / "python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt")
    done(*install, wheel, cwd=folder)
    print(f"\ninstalled in {time.monotonic() - began:.0f} s")  # noqa: T201
    return programs


@pytest.fixture(scope="module")
def installed_with_extra(folder: Path, wheel: Path, installed: Path) -> Path:
    install = (installed / "python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt")
    done(*install, f"{wheel}[sandbox]", cwd=folder)
    return installed


@pytest.mark.drill
def test_wheel_holds_the_four_rooms_and_their_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == ROOMS
    data = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.*")
        if path.is_file()
    }
    assert {name for name in data if "__pycache__" not in name} <= set(names)


@pytest.mark.drill
def test_command_in_an_empty_environment_tells_its_commands(installed: Path, folder: Path) -> None:
    said = done(installed / "florist", "--help", cwd=folder)
    assert all(command in said for command in ("run", "sandbox", "techniques"))


@pytest.mark.drill
def test_sandbox_without_its_extra_says_what_to_install(installed: Path, folder: Path) -> None:
    ended = called(installed / "florist", "sandbox", "--port", "0", cwd=folder)
    assert ended.returncode == 1
    assert "pip install 'florist[sandbox]'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.drill
def test_blocks_are_registered_by_module_name_and_found_by_entry_point(installed: Path, folder: Path) -> None:
    home = {"PREFECT_HOME": str(folder / "prefect"), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}
    said = done(installed / "prefect", "block", "register", "--module", "blocks", cwd=folder, environment=home)
    code = "from prefect.plugins import load_prefect_collections as load; print(load()['florist'].__name__)"
    assert done(installed / "python", "-c", code, cwd=folder, environment=home).strip() == "blocks"
    assert all(name in said for name in ("FLORA Workspace", "S3 Archive", "Local Archive"))


@pytest.fixture
def sandbox_process(installed_with_extra: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [str(installed_with_extra / "florist"), "sandbox", "--port", "0", "--data", str(folder / "flora")]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()


@pytest.mark.drill
def test_sandbox_with_its_extra_starts(sandbox_process: subprocess.Popen[str]) -> None:
    assert sandbox_process.stdout is not None
    found = re.search(r"http://\S+", sandbox_process.stdout.readline())
    assert found
    answer = httpx.get(f"{found[0]}/techniques", headers={"Authorization": "Bearer sk_test_wheel"}, timeout=10)
    assert len(answer.json()["techniques"]) >= 10
