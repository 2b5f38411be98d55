"""The wheel in an empty environment, beside somebody's own `flows` and `blocks`.

The library, the command and the sandbox work; Prefect's part is not in it, so `florist run` goes without.
"""

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
PACKAGES = {"florist", "flora_sandbox"}
HEADLINES = "name: headlines\nsteps:\n  lines: {technique: headline-writer, inputs: {brief: Spring}}\n"
OWN = 'raise RuntimeError("somebody\'s own package was imported")\n'


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
def own(folder: Path) -> Path:
    """A Prefect user's folder, with packages of the names that ours have in the checkout."""
    for package in ("blocks", "flows"):
        (folder / "own" / package).mkdir(parents=True)
        for module in ("__init__.py", "run_pipeline.py"):
            (folder / "own" / package / module).write_text(OWN)
    return folder / "own"


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
def test_wheel_holds_two_packages_and_their_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == PACKAGES
    data = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert data <= set(names)


@pytest.mark.drill
def test_library_beside_somebody_s_own_flows_imports_every_public_name(installed: Path, own: Path) -> None:
    code = "import florist; [getattr(florist, name) for name in getattr(florist, '__all__', ['__version__'])]"
    done(installed / "python", "-c", code, cwd=own, environment={"PYTHONPATH": str(own)})


@pytest.mark.drill
def test_command_beside_somebody_s_own_flows_tells_its_commands(installed: Path, own: Path) -> None:
    said = done(installed / "florist", "--help", cwd=own, environment={"PYTHONPATH": str(own)})
    assert all(command in said for command in ("run", "sandbox", "techniques"))


@pytest.mark.drill
def test_sandbox_without_its_extra_says_what_to_install(installed: Path, folder: Path) -> None:
    ended = called(installed / "florist", "sandbox", "--port", "0", cwd=folder)
    assert ended.returncode == 1
    assert "pip install 'florist[sandbox]'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def sandbox_process(installed_with_extra: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [str(installed_with_extra / "florist"), "sandbox", "--port", "0", "--data", str(folder / "flora")]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()


@pytest.fixture
def address(sandbox_process: subprocess.Popen[str]) -> str:
    """Where the sandbox of the wheel answers."""
    assert sandbox_process.stdout is not None
    found = re.search(r"http://\S+", sandbox_process.stdout.readline())
    assert found
    return found[0]


@pytest.mark.drill
def test_sandbox_with_its_extra_starts(address: str) -> None:
    answer = httpx.get(f"{address}/techniques", headers={"Authorization": "Bearer sk_test_wheel"}, timeout=10)
    assert len(answer.json()["techniques"]) >= 10


@pytest.mark.drill
@pytest.mark.parametrize(
    "server", [{}, {"PREFECT_API_URL": "http://127.0.0.1:1/api"}], ids=["no server", "a server"]
)
def test_run_beside_somebody_s_own_flows_makes_outputs_without_prefect(
    installed_with_extra: Path, own: Path, address: str, server: dict[str, str]
) -> None:
    (own / "headlines.yaml").write_text(HEADLINES)
    archive = own / f"archive-{len(server)}"
    ended = called(
        installed_with_extra / "florist",
        *("run", "headlines.yaml", "--archive", archive),
        cwd=own,
        environment={
            "PREFECT_HOME": str(own / "prefect"),
            **server,
            "PYTHONPATH": str(own),
            "FLORA_API_KEY": "sk_test_wheel",
            "FLORA_BASE_URL": address,
        },
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "in a checkout of Florist, which has the flows" in ended.stderr
    assert len(list((archive / "campaigns").rglob("*.txt"))) == 1


@pytest.mark.drill
def test_project_made_by_the_wheel_is_planned_without_a_checkout(
    installed_with_extra: Path, folder: Path, address: str
) -> None:
    done(installed_with_extra / "florist", "init", "shop", cwd=folder)
    flora = {"FLORA_API_KEY": "sk_test_wheel", "FLORA_BASE_URL": address, "PREFECT_HOME": str(folder / "prefect")}
    plan = ("plan", "pipelines/launch.yaml", "--rows", "rows.csv", "--check", "--budget", "5")
    said = done(installed_with_extra / "florist", *plan, cwd=folder / "shop", environment=flora)
    assert "To pay now: 4 runs for $0.28" in said
