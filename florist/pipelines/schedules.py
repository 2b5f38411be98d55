"""When a pipeline runs by itself, and what the campaign of such a run is called.

::

    schedule:
      cron: "30 2 * * 1-5"
      timezone: Europe/Berlin
      active: false                 who has switched it in Prefect's UI is not overruled where this is left out
      campaign: nightly-{date}      {date} is the day, in that zone, for which the run is scheduled
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import ConfigDict

from florist.frozen import FrozenModel
from florist.wording import quoted

DATE = "{date}"


class Schedule(FrozenModel):
    """When a pipeline runs by itself.

    Attributes:
        active: None leaves it as it is; a new one begins switched off, since it spends.
        campaign: a template with the date in it, so that all runs of one date are one campaign, paid for once.
            Empty: the pipeline's name and the date.
    """

    model_config = ConfigDict(extra="forbid")

    cron: str = ""
    timezone: str = ""
    active: bool | None = None
    campaign: str = ""


def schedule_faults(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the fields of a schedule: the field, and in words."""
    if texts.get("cron"):
        try:
            CronSim(texts["cron"], datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            yield (
                "cron",
                f'{quoted(texts["cron"])} is no cron expression ({error}); write one such as "30 2 * * 1-5"',
            )
    if texts.get("timezone"):
        try:
            ZoneInfo(texts["timezone"])
        except (ZoneInfoNotFoundError, ValueError):
            yield "timezone", f"{quoted(texts['timezone'])} is no time zone; write one such as Europe/Berlin"
    if texts.get("campaign") and DATE not in texts["campaign"]:
        yield (
            "campaign",
            f"{quoted(texts['campaign'])} has no {DATE} in it: every night would be the same campaign",
        )
    for stray in re.findall(r"\{[^{}]*\}", texts.get("campaign", "").replace(DATE, "")):
        yield "campaign", f"{quoted(stray)} means nothing here; {DATE} alone does"


def dated_campaign(
    given: str, *, pipeline: str, schedule: Schedule | None, at: datetime, is_scheduled: bool
) -> str:
    """Return the name of a run's campaign: the template's, if a schedule made the run and nobody gave one.

    Args:
        at: when the run was to begin: a repeated hour, a retry or a late worker leaves its date as it was.
    """
    own = schedule.campaign if schedule else ""
    name = given or ((own or f"{pipeline}-{DATE}") if is_scheduled else "")
    zone = ZoneInfo(schedule.timezone) if schedule and schedule.timezone else UTC
    return name.replace(DATE, f"{at.astimezone(zone):%Y-%m-%d}")
