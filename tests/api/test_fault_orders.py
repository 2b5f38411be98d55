"""Any order of faults: reads end inside their deadline, and nothing is ever paid for twice."""

import asyncio
import pickle
from dataclasses import dataclass

import httpx
from hypothesis import given
from hypothesis import strategies as st

from florist.api.errors import AmbiguousRequestError, APIError
from florist.api.models import InputValue, Run
from tests.api.scripted import RUN, ManualTime, client_on

ERRORS = [
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.WriteError,
    httpx.RemoteProtocolError,
    httpx.DecodingError,
]
NEVER_SENT = ERRORS[:3]
PATIENCE = 30.0
STATUSES = [200, 201, 204, 302, 400, 401, 402, 403, 404, 408, 409, 422, 429, 500, 501, 502, 503, 599]
BODIES = [
    b"",
    b"<html>",
    b'{"error": {"code": "idempotency_duplicate"}}',
    b'{"error": {}}',
    b'{"run_id": "run_1"}',
]


@dataclass(frozen=True)
class Fault:
    kind: type[Exception] | int
    body: bytes
    retry_after: str | None
    seconds: float

    @property
    def may_have_worked(self) -> bool:
        if not isinstance(self.kind, int):
            return self.kind not in NEVER_SENT
        return self.seconds > PATIENCE or not 400 <= self.kind < 500 or self.kind == 408


faults = st.builds(
    Fault,
    kind=st.sampled_from([*ERRORS, *STATUSES]),
    body=st.sampled_from(BODIES),
    retry_after=st.sampled_from([None, "0", "1", "40", "86400", "-1", "later", "Sun, 22 Nov 2026 00:00:30 GMT"]),
    seconds=st.floats(0, 1000),
)


class FaultyFlora:
    """Has one fault after the other, then works."""

    def __init__(self, time: ManualTime, faults: list[Fault]) -> None:
        self.time = time
        self.faults = faults
        self.met: list[Fault] = []
        self.keys: set[str | None] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.keys.add(request.headers.get("idempotency-key"))
        if len(self.met) >= len(self.faults):
            return httpx.Response(200, json=RUN)
        fault = self.faults[len(self.met)]
        self.met.append(fault)
        patience = min(PATIENCE, request.extensions["timeout"]["read"])
        self.time.elapsed += min(fault.seconds, patience)
        if not isinstance(fault.kind, int):
            raise fault.kind("no")
        if fault.seconds > patience:
            raise httpx.ReadTimeout("no")
        headers = {} if fault.retry_after is None else {"retry-after": fault.retry_after}
        return httpx.Response(fault.kind, content=fault.body, headers=headers)


def outcome_of(call) -> object:
    async def made() -> object:
        try:
            return await call
        except APIError as error:
            return error

    return asyncio.run(made())


@given(faults=st.lists(faults, max_size=30), total=st.floats(0.1, 300))
def test_read_in_any_order_of_faults_ends_inside_its_deadline(faults, total):
    time = ManualTime()
    client = client_on(time, FaultyFlora(time, faults), total_timeout=total)
    outcome = outcome_of(client.runs.retrieve("run_1"))
    assert isinstance(outcome, Run | APIError)
    assert time.elapsed <= total + 1e-6


@given(faults=st.lists(faults, max_size=30))
def test_write_in_any_order_of_faults_is_never_sent_again_once_it_may_have_worked(faults):
    time = ManualTime()
    flora = FaultyFlora(time, faults)
    inputs = [InputValue(id="prompt", type="text", value="a vase")]
    outcome = outcome_of(client_on(time, flora).techniques.runs.create("cctv-cam", inputs=inputs))
    assert not any(fault.may_have_worked for fault in flora.met[:-1])
    assert len(flora.keys) == 1
    if isinstance(outcome, AmbiguousRequestError):
        assert {outcome.idempotency_key} == flora.keys


@given(faults=st.lists(faults, min_size=1, max_size=10))
def test_error_from_any_order_of_faults_survives_a_pickle(faults):
    time = ManualTime()
    client = client_on(time, FaultyFlora(time, faults * 100), total_timeout=60)
    outcome = outcome_of(client.runs.start_technique(technique_id="tech_1", inputs={"prompt": "a vase"}))
    back = pickle.loads(pickle.dumps(outcome))
    assert (type(back), str(back), vars(back)) == (type(outcome), str(outcome), vars(outcome))
