"""What a sandbox can be set to: every behaviour in which FLORA's pages contradict each other, or say nothing."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from flora_sandbox.clock import YEAR_10000
from flora_sandbox.faults import Fault

TWO_HOURS = 2 * 60 * 60.0
ONE_DAY = 24 * 60 * 60.0
LARGEST_PAGE = 50
DEFAULT_DATA = Path(".flora-sandbox")

MEDIA_HOSTS = ("flora.ai", "storage.googleapis.com", "amazonaws.com", "imagekit.io")
"""Hosts FLORA takes media inputs from, their subdomains included. Source: the contract, "Starting a run"."""


class Settings(BaseModel):
    """The behaviour of one sandbox. Durations are seconds of the sandbox's clock unless said otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    port: int = Field(default=0, ge=0, le=65535, description="0: any free one")
    key_prefix: str = "sk_test_"
    seed: int = 0
    balance_usd: Decimal = Field(default=Decimal(1000), description="of each workspace of a new data directory")
    prices: Mapping[str, Decimal] = Field(
        default={}, description="USD of a run by a technique's slug, else its own"
    )
    frozen_at: float | None = Field(
        default=None, ge=0, lt=YEAR_10000, description="unix seconds: time stands still, save when moved"
    )

    idempotency: Literal["duplicate", "replay", "none"] = Field(
        default="duplicate", description="none: a key that comes again makes, and charges, another run"
    )
    idempotency_window: float | None = Field(default=None, description="None: two hours, or a day for replay")
    compare_bodies: bool | None = Field(default=None, description="None: replay compares, duplicate does not")

    post_latency: float = Field(default=0.0, ge=0, description="real seconds that a POST takes")
    post_latency_jitter: float = Field(default=0.2, ge=0, le=1)
    slow_posts: float = Field(default=0.0, ge=0, le=1, description="share of POSTs that take longer")
    slow_post_latency: float = Field(default=10.0, ge=0, description="real seconds that those take")

    history_with_outputs: bool = False
    history_per_key: bool = True
    page_size: int = Field(default=20, ge=1, le=LARGEST_PAGE)
    paging: Literal["keyset", "offset"] = "keyset"
    last_cursor: Literal["null", "missing", "empty"] = "null"
    camel_case: bool = False
    times: Literal["milliseconds", "seconds"] = "milliseconds"
    stream: Literal["json", "events"] = Field(default="json", description='what answers `mode: "stream"`')

    output_lifetime: float = Field(default=ONE_DAY, gt=0)
    final_lifetimes: bool = Field(default=False, description="reading the run again brings no fresh URL")
    duration_scale: float = Field(default=1.0, ge=0, description="times each technique's nominal duration")
    duration_jitter: float = Field(default=0.2, ge=0, le=1)
    charge_failed_runs: bool = False
    restrict_input_hosts: bool = Field(default=False, description="refuse media from other hosts than FLORA's")
    input_timeout: float = Field(default=10.0, gt=0, description="real seconds for fetching one input")

    upload_lifetime: float = Field(default=900.0, gt=0)
    asset_seconds: float = Field(default=0.0, ge=0, description="until an uploaded asset is ready")

    webhook_time_scale: float = Field(default=1.0, ge=0, description="times 10 s, 1 min, 5 min")
    webhook_secrets: tuple[str, ...] = Field(default=("whsec_sandbox",), description="each signs: key rotation")

    faults: tuple[Fault, ...] = ()

    @property
    def key_window(self) -> float:
        """How long an idempotency key is remembered."""
        if self.idempotency_window is not None:
            return self.idempotency_window
        return ONE_DAY if self.idempotency == "replay" else TWO_HOURS

    @property
    def compares_bodies(self) -> bool:
        """Whether a key that comes again with another body is a conflict."""
        return self.idempotency == "replay" if self.compare_bodies is None else self.compare_bodies
