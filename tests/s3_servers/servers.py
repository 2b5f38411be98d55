"""Real S3 servers on the loopback for tests: moto, and SeaweedFS over http and https."""

import datetime
import ipaddress
import json
import random
import shutil
import socket
import ssl
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import boto3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from florist.stores.s3 import S3Store
from florist.stores.s3_access import Access

ACCESS_KEY = "florist-tests"
SECRET_KEY = "secret-of-the-tests-3f9c"
READY_WITHIN = 60.0


@dataclass(frozen=True)
class S3Server:
    """A running server and what it takes to call it."""

    endpoint_url: str
    ca_bundle: str | None = None
    bucket: str = "florist-tests"

    @property
    def access(self) -> Access:
        return Access(
            endpoint_url=self.endpoint_url,
            access_key_id=ACCESS_KEY,
            secret_access_key=SecretStr(SECRET_KEY),
            addressing_style="path",
            ca_bundle=self.ca_bundle,
            attempts=2,
        )

    def client(self):
        """A client of boto3's own, to look at the server past our code."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            verify=self.ca_bundle,
            config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
        )

    def store(self, **options) -> S3Store:
        """A store of its own below the one bucket: SeaweedFS has volumes for some ten buckets only."""
        return S3Store(self.bucket, f"deep/{uuid4().hex}", access=self.access, **options)


Start = tuple[list[str], S3Server]
"""The command that starts a server, and where it is to be found then."""


def weed_program() -> Path | None:
    """SeaweedFS, if its wheel is installed beside this Python or it is on the path."""
    beside = Path(sysconfig.get_path("scripts")) / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    return Path(found) if found else None


@contextmanager
def moto_server(directory: Path) -> Iterator[S3Server]:
    def start() -> Start:
        [port] = _free_ports(1)
        command = [sys.executable, str(Path(__file__).with_name("moto_in_order.py")), str(port)]
        return command, S3Server(f"http://127.0.0.1:{port}")

    with _running(start, directory / "moto.log") as server:
        yield server


@contextmanager
def seaweedfs_server(program: Path, directory: Path, *, https: bool) -> Iterator[S3Server]:
    directory.mkdir(parents=True, exist_ok=True)
    identities = directory / "s3.json"
    identities.write_text(json.dumps(_identities()))
    certificate, key = loopback_certificate(directory) if https else (None, None)

    def start() -> Start:
        base, port, data = *_free_ports(4)[::3], directory / f"data-{uuid4().hex}"
        data.mkdir()
        command = [
            *(str(program), "-logtostderr", "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *(f"-master.port={base}", f"-volume.port={base + 1}", f"-filer.port={base + 2}"),
            *("-master.volumeSizeLimitMB=1024", "-volume.max=100", "-master.volumePreallocate=false", "-filer"),
            *("-s3", f"-s3.port={port}", f"-s3.config={identities}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *("-s3.iam=false", "-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false"),
            *([f"-s3.cert.file={certificate}", f"-s3.key.file={key}"] if https else []),
        ]
        return command, S3Server(f"http{'s' * https}://127.0.0.1:{port}", str(certificate) if https else None)

    with _running(start, directory / "weed.log") as server:
        yield server


def loopback_certificate(directory: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 and its key; it is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = directory / "certificate.pem", directory / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_path, key_path


def _identities() -> dict[str, object]:
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    return {
        "identities": [
            {
                "name": "admin",
                "credentials": credentials,
                "actions": ["Admin", "Read", "List", "Tagging", "Write"],
            }
        ]
    }


@contextmanager
def _running(start: Callable[[], Start], log: Path) -> Iterator[S3Server]:
    """Run a server; begin again on other ports where someone else was quicker to take one of them."""
    for is_last in (False, False, True):
        command, server = start()
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent)
        try:
            if _is_ready(server, process):
                with closing(server.client()) as s3:
                    s3.create_bucket(Bucket=server.bucket)
                yield server
                return
            if is_last:
                said = log.read_text(errors="replace")[-2000:]
                raise TimeoutError(f"the S3 server at {server.endpoint_url} did not start:\n{said}")
        finally:
            # Its data go with it: nothing is worth the 20 s that SeaweedFS takes to say goodbye.
            process.kill()
            process.wait()


def _is_ready(server: S3Server, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server answers; False if it never does."""
    context = ssl.create_default_context(cafile=server.ca_bundle) if server.ca_bundle else None
    give_up_at = time.monotonic() + READY_WITHIN
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            urllib.request.urlopen(server.endpoint_url, timeout=5, context=context).close()
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 403:
                return True
        except OSError:
            pass
        else:
            return True
        time.sleep(0.1)
    return False


def _free_ports(count: int) -> list[int]:
    """Find ports in a row that are free, each with the one 10,000 above it, which SeaweedFS takes for gRPC."""
    for _ in range(1000):
        first = random.randrange(20000, 32000)
        wanted = [first + offset for offset in range(count)]
        if all(_is_free(port) and _is_free(port + 10000) for port in wanted):
            return wanted
    raise OSError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
