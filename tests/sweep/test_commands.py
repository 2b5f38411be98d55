"""`florist sweep` and `florist archive …`, as a person or a script calls them."""

import asyncio
import json
import urllib.request
from pathlib import Path

import pytest

from florist.archive.archiver import Archiver
from florist.cli import main
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY
from tests.sweep.conftest import Workshop, connected


@pytest.fixture
def sandbox(open_sandbox, monkeypatch):
    found = open_sandbox()
    monkeypatch.setenv("FLORA_API_KEY", found.api_key)
    monkeypatch.setenv("FLORA_BASE_URL", found.base_url)
    return found


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def called(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*words])
    return ended.value.code or 0


def made_by_hand(sandbox, *, pictures: int = 1, headlines: int = 1) -> None:
    async def make() -> None:
        async with connected(sandbox) as client:
            workshop = Workshop(sandbox, client, None, None)
            await workshop.pictures(pictures)
            await workshop.headlines(headlines)

    asyncio.run(make())


@pytest.fixture
def swept(sandbox, archive, capsys) -> Path:
    """An archive of two runs."""
    made_by_hand(sandbox)
    assert called("sweep", "--archive", str(archive)) == 0
    capsys.readouterr()
    return archive


def picture(archive: Path) -> Path:
    [file] = archive.rglob("*.png")
    return file


def test_sweep_prints_tab_separated_lines_and_the_sum_beside_them(sandbox, archive, capsys):
    made_by_hand(sandbox)
    assert called("sweep", "--archive", str(archive)) == 0
    shown = capsys.readouterr()
    lines = [line.split("\t") for line in shown.out.splitlines()]
    assert [line[0] for line in lines[1:]] == ["kept", "kept"]
    assert {line[2] for line in lines[1:]} == {"key-visual", "headline-writer"}
    assert "paid but not kept: 0 runs, $0.00" in shown.err


def test_sweep_as_json_tells_each_run(sandbox, archive, capsys):
    made_by_hand(sandbox)
    called("sweep", "--archive", str(archive), "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["kept_now"], len(report["runs"]), report["not_kept_usd"]) == (2, 2, "0")


def test_sweep_that_could_not_keep_a_run_exits_with_1(sandbox, archive, capsys, monkeypatch):
    from florist.stores.errors import KeyTakenError

    async def refuse(*_, **__):
        raise KeyTakenError("other bytes are kept for this run", key="x")

    made_by_hand(sandbox, headlines=0)
    monkeypatch.setattr(Archiver, "keep", refuse)
    assert called("sweep", "--archive", str(archive)) == 1
    assert "paid but not kept: 1 run, $0.08" in capsys.readouterr().err


def test_ls_shows_outputs_and_manifests_and_not_our_books(swept, capsys):
    (swept / "assets").mkdir()
    (swept / "assets" / "a.json").write_text("{}")
    assert called("archive", "ls", "--archive", str(swept)) == 0
    keys = [line.split("\t")[2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert len(keys) == 4
    assert all(key.startswith("runs/") for key in keys)


def test_ls_of_a_folder_that_is_no_archive_says_where_it_looked(tmp_path, capsys):
    called("archive", "ls", "--archive", str(tmp_path / "typo"))
    assert f"0 objects, 0 bytes in file://{tmp_path}/typo" in capsys.readouterr().err


def test_ls_of_our_books_shows_them(swept, capsys):
    called("archive", "ls", "index/", "--archive", str(swept), "--json")
    assert len(json.loads(capsys.readouterr().out)) == 2


@pytest.mark.parametrize("fetch", [(), ("--fetch",)])
def test_verify_of_a_whole_archive_exits_with_0(swept, capsys, fetch):
    assert called("archive", "verify", "--archive", str(swept), *fetch) == 0
    shown = capsys.readouterr()
    assert (shown.out, "2 runs, 2 outputs" in shown.err) == ("", True)


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (lambda file: file.unlink(), "missing"),
        (lambda file: file.write_bytes(file.read_bytes()[:-1]), "damaged"),
        (lambda file: file.write_bytes(bytes(file.stat().st_size)), "damaged"),
    ],
    ids=["gone", "shorter", "other bytes"],
)
def test_verify_of_a_harmed_output_exits_with_1_and_names_it(swept, capsys, harm, fault):
    harm(picture(swept))
    assert called("archive", "verify", "--fetch", "--archive", str(swept), "--json") == 1
    [finding] = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["fault"], finding["key"]) == (fault, picture_key(swept))


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_bytes(b"other")])
def test_verify_with_mend_fetches_what_is_harmed_again(swept, capsys, harm):
    whole = picture(swept).read_bytes()
    harm(picture(swept))
    assert called("archive", "verify", "--mend", "--archive", str(swept)) == 0
    shown = capsys.readouterr()
    assert (shown.out.splitlines()[1].split("\t")[0], "0 missing or damaged, 1 mended" in shown.err) == (
        "mended",
        True,
    )
    assert picture(swept).read_bytes() == whole


def picture_key(archive: Path) -> str:
    [manifest] = (archive / "runs").rglob("key-visual/*.json")
    return json.loads(manifest.read_text())["outputs"][0]["key"]


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_text("{}")])
def test_verify_of_a_harmed_manifest_exits_with_1(swept, harm):
    [manifest] = (swept / "runs").rglob("key-visual/*.json")
    harm(manifest)
    assert called("archive", "verify", "--archive", str(swept)) == 1


def test_verify_of_a_prefix_without_runs_calls_nothing_whole(swept, capsys):
    picture(swept).unlink()
    assert called("archive", "verify", "campaigns/", "--archive", str(swept)) == 1
    shown = capsys.readouterr().err
    assert ("no run is kept" in shown, "missing" in shown) == (True, False)


def test_verify_of_a_folder_that_is_no_archive_calls_nothing_whole(tmp_path, capsys):
    assert called("archive", "verify", "--archive", str(tmp_path / "outptus")) == 1
    assert "no run is kept" in capsys.readouterr().err


def test_presign_of_a_folder_says_that_it_has_no_urls(swept, capsys):
    assert called("archive", "presign", picture_key(swept), "--archive", str(swept)) == 1
    shown = capsys.readouterr()
    assert (shown.out, "has no URLs" in shown.err) == ("", True)


@pytest.fixture
def bucket(moto, monkeypatch, sandbox, capsys) -> str:
    """An archive of a run on S3, reached as boto3 finds it."""
    for name, value in {
        "AWS_ENDPOINT_URL": moto.endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    made_by_hand(sandbox, headlines=0)
    location = f"s3://{moto.bucket}/{moto.store().prefix}"
    status = called("sweep", "--archive", location)
    told = capsys.readouterr().err
    assert status == 0, told
    return location


def stored_picture(bucket: str, capsys) -> str:
    called("archive", "ls", "runs/", "--archive", bucket)
    keys = [line.split("\t")[2] for line in capsys.readouterr().out.splitlines()[1:]]
    return next(key for key in keys if key.endswith(".png"))


def test_presign_prints_a_url_that_opens_the_object(bucket, capsys):
    key = stored_picture(bucket, capsys)
    assert called("archive", "presign", key, "--expires", "30m", "--archive", bucket) == 0
    shown = capsys.readouterr()
    url = shown.out.strip()
    assert "X-Amz-Expires=1800" in url
    assert ("opens until" in shown.err, "credentials" in shown.err) == (True, False)
    assert urllib.request.urlopen(url).read().startswith(b"\x89PNG")


def test_presign_by_credentials_that_end_sooner_says_so(bucket, capsys, monkeypatch):
    key = stored_picture(bucket, capsys)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of a session whose end nobody knows")
    assert called("archive", "presign", key, "--expires", "6h", "--archive", bucket) == 0
    shown = capsys.readouterr()
    assert ("X-Amz-Expires=3600" in shown.out, "when the credentials" in shown.err) == (True, True)


def test_presign_of_a_bucket_whose_requesters_pay_calls_it_no_folder(bucket, capsys):
    key = stored_picture(bucket, capsys)
    assert called("archive", "presign", key, "--archive", f"{bucket}?request_payer=requester") == 1
    shown = capsys.readouterr()
    assert ("folder" in shown.err, "pays" in shown.err) == (False, True)


@pytest.mark.parametrize("command", [("sweep",), ("archive", "verify"), ("ledger", "list"), ("run",), ("doctor",)])
def test_help_of_every_archive_names_the_options_of_a_location(capsys, command):
    called(*command, "--help")
    assert "endpoint_url" in capsys.readouterr().out


@pytest.mark.parametrize(("key", "expires"), [("runs/nothing.png", "1h"), (None, "8d")])
def test_presign_of_nothing_or_for_too_long_exits_with_1(bucket, capsys, key, expires):
    key = key or stored_picture(bucket, capsys)
    assert called("archive", "presign", key, "--expires", expires, "--archive", bucket) == 1
    assert capsys.readouterr().out == ""


def test_verify_on_s3_sees_an_object_that_was_replaced(bucket, moto, capsys):
    key = stored_picture(bucket, capsys)
    prefix = bucket.removeprefix(f"s3://{moto.bucket}/")
    moto.client().put_object(Bucket=moto.bucket, Key=f"{prefix}/{key}", Body=b"\x89PNG")
    assert called("archive", "verify", "--archive", bucket) == 1
    assert capsys.readouterr().out.splitlines()[1].startswith(f"damaged\t{key}\t")
