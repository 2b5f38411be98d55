"""Row files by their location: on this machine, on the web, in a bucket."""

import hashlib
import os
from pathlib import Path

import pytest

from florist.archive.errors import TransferError
from florist.errors import ConfigurationError, FloristError
from florist.pipelines import PlanError, parse_pipeline
from florist.pipelines.errors import PipelineFileError, RowsChangedError
from florist.pipelines.findings import Findings
from florist.pipelines.row_files import RowReading, row_file
from florist.studio import row_locations, s3_files
from florist.studio.row_locations import absolute_location, rows_of, shown_location
from florist.studio.s3_files import with_s3_files
from tests.archive.media_server import media_server, status, whole_file
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY

CSV = b"sku,packshot\nv1,images/a b.png\n"
PIPELINE = parse_pipeline(
    "name: x\nparams: {packshot: {type: imageUrl}}\nsteps: {a: {technique: t}}\n", file=Path("x.yaml")
)


@pytest.fixture
async def server():
    async with media_server() as server:
        yield server


def read(file):
    found = Findings()
    rows = {row.key: row.params["packshot"] for row in RowReading(file, PIPELINE, {}).rows(found)}
    found.raise_any()
    return rows


async def test_rows_in_a_file_of_this_machine_start_paths_at_its_folder(tmp_path, monkeypatch):
    (tmp_path / "products.csv").write_bytes(CSV)
    monkeypatch.chdir(tmp_path)
    for location in ("products.csv", f"file://{tmp_path}/products.csv", absolute_location("products.csv")):
        async with rows_of(location) as file:
            assert read(file) == {"v1": f"{tmp_path}/images/a b.png"}
            assert file.sha256 == hashlib.sha256(CSV).hexdigest()


async def test_rows_given_as_they_are_stay_as_they_are():
    async with rows_of({"a": {"tone": "luxury"}}, sha256="any") as rows, rows_of("") as none:
        assert (rows, none) == ({"a": {"tone": "luxury"}}, {})


async def test_rows_that_changed_since_they_were_priced_are_refused(tmp_path):
    (tmp_path / "products.csv").write_bytes(CSV)
    with pytest.raises(RowsChangedError, match=r"products\.csv has changed since it was priced"):
        async with rows_of(str(tmp_path / "products.csv"), sha256="0" * 64):
            pass


def test_rows_that_change_while_they_are_read_are_refused(tmp_path):
    path = tmp_path / "products.csv"
    path.write_bytes(CSV)
    file = row_file(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(RowsChangedError, match="was changed while it was read"):
        read(file)


def test_rows_that_change_after_some_were_read_are_refused(tmp_path):
    path = tmp_path / "products.csv"
    path.write_bytes(CSV)
    rows = RowReading(row_file(path), PIPELINE, {}).rows(Findings())
    next(rows)
    path.write_bytes(CSV + b"v2,b.png\n")
    with pytest.raises(RowsChangedError):
        list(rows)


async def test_rows_that_vanish_are_refused(tmp_path):
    path = tmp_path / "products.csv"
    path.write_bytes(CSV)
    file = row_file(path)
    path.unlink()
    with pytest.raises(RowsChangedError):
        read(file)


async def test_rows_that_are_not_there_name_the_nearest_file(tmp_path):
    (tmp_path / "products.csv").write_bytes(CSV)
    with pytest.raises(PipelineFileError, match=r'no such file; did you mean "products\.csv"'):
        async with rows_of(str(tmp_path / "product.csv")):
            pass


async def test_rows_on_the_web_start_paths_at_their_own_url(server):
    url = server.serve("/spring/products.csv", whole_file(CSV)).reveal()
    async with rows_of(url) as file:
        assert read(file) == {"v1": f"http://127.0.0.1:{server.port}/spring/images/a%20b.png"}
        assert file.name == "http://127.0.0.1/…/products.csv"
        path = file.path
    assert not path.exists()


@pytest.mark.parametrize(
    "value", ["/etc/hostname", "../../etc/hostname", "file:///etc/hostname", "//x/etc/hostname"]
)
async def test_rows_on_the_web_never_name_files_of_this_machine(server, value):
    content = f"sku,packshot\nv1,{value}\n".encode()
    async with rows_of(server.serve("/products.csv", whole_file(content)).reveal()) as file:
        assert "://" in read(file)["v1"]


async def test_rows_on_the_web_without_an_ending_are_what_the_server_calls_them(server):
    answer = whole_file(b"sku;packshot\nv1;a.png\n", "Content-Type: text/csv; charset=utf-8")
    async with rows_of(server.serve("/export", answer).reveal()) as file:
        assert list(read(file)) == ["v1"]


async def test_rows_on_the_web_that_are_a_page_ask_for_the_link(server):
    answer = whole_file(b"<html>Sign in", "Content-Type: text/html")
    async with rows_of(server.serve("/products.csv", answer).reveal()) as file:
        with pytest.raises(PlanError, match="is a web page, no table") as raised:
            read(file)
    assert "do-not-show" not in str(raised.value)


async def test_rows_on_the_web_that_are_too_large_are_refused(server, monkeypatch):
    monkeypatch.setattr(row_locations, "_LIMITS", row_locations.DownloadLimits(size_bytes_at_most=10))
    with pytest.raises(TransferError, match="at most 10"):
        async with rows_of(server.serve("/products.csv", whole_file(CSV)).reveal()):
            pass


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://10.0.0.1/p.csv", "is not https"),
        ("https://10.0.0.1/p.csv", "an address that is not public"),
        ("https://169.254.169.254/p.csv", "an address that is not public"),
        ("ftp://x/p.csv", "rows cannot be read from ftp"),
        ("https://x:y/", "no path and no URL"),
        ("https://[x", "no path and no URL"),
    ],
)
async def test_rows_from_where_nothing_is_fetched_are_refused(location, reason):
    with pytest.raises(FloristError, match=reason):
        async with rows_of(location):
            pass


async def test_rows_that_redirect_to_another_port_of_this_machine_are_refused(server):
    url = server.serve("/p.csv", status(302, "Location: http://127.0.0.1:1/secret")).reveal()
    with pytest.raises(TransferError):
        async with rows_of(url):
            pass


@pytest.fixture
def bucket(moto, monkeypatch):
    """Return the location of a file in a bucket, and what writes to it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    options = f"endpoint_url={moto.endpoint_url}&addressing=path&region=us-east-1"

    def put(key: str, content: bytes) -> str:
        moto.client().put_object(Bucket=moto.bucket, Key=key, Body=content)
        return f"s3://{moto.bucket}/{key}?{options}"

    return put


async def test_rows_in_a_bucket_are_read_by_an_archives_options(bucket, moto):
    async with rows_of(bucket("spring/rows.csv", b"sku,packshot\nv1,https://x.example/a.png\n")) as file:
        assert read(file) == {"v1": "https://x.example/a.png"}
        assert file.name == f"s3://{moto.bucket}/spring/rows.csv"


async def test_rows_in_a_bucket_start_paths_in_it(bucket, moto):
    async with rows_of(bucket("spring/rows.csv", CSV)) as file:
        assert read(file) == {"v1": f"s3://{moto.bucket}/spring/images/a%20b.png"}


async def test_rows_that_are_not_in_the_bucket_are_missed_by_their_name(bucket):
    location = bucket("spring/rows.csv", CSV).replace("rows.csv", "nope.csv")
    with pytest.raises(FloristError, match=r"there is nothing at s3://.*/spring/nope\.csv$"):
        async with rows_of(location):
            pass


async def test_rows_in_a_bucket_that_are_too_large_are_refused(bucket, monkeypatch):
    monkeypatch.setattr(s3_files, "BYTES_AT_MOST", 10)
    with pytest.raises(ConfigurationError, match="at most 10 are read"):
        async with rows_of(bucket("rows.csv", CSV)):
            pass


async def test_picture_in_a_bucket_is_a_file_of_its_kind_for_as_long_as_it_is_needed(bucket):
    location = bucket("spring/a b.png", b"picture")
    async with with_s3_files(PIPELINE, {"packshot": location, "title": "s3://is/text"}) as params:
        path = Path(params["packshot"])
        assert (path.read_bytes(), path.suffix, params["title"]) == (b"picture", ".png", "s3://is/text")
    assert not path.exists()


def test_location_shown_hides_what_may_open_a_private_file():
    assert shown_location("https://x.example/a/p.csv?token=t") == "https://x.example/…/p.csv"
    assert shown_location("s3://b/p.csv?region=x") == "s3://b/p.csv?region=x"
    assert shown_location("p.csv") == "p.csv"
