"""How much of a campaign is paid for already, before anybody agrees to its price.

Nothing is started or fetched: each planned step is held against the runs that the ledger has of it. What *this*
archive's ledger does not hold cannot be seen here: FLORA's history knows no campaigns.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from florist.amounts import shown_usd
from florist.frozen import FrozenModel
from florist.ledger import Entry, InputIdentity, Ledger, content_of_file
from florist.pipelines.fitting import PlannedInput
from florist.pipelines.planning import Plan, PlannedStep
from florist.pipelines.references import OutputReference, Template
from florist.pipelines.rows import RowPlans, step_label
from florist.pipelines.sources import FileSource, TextSource, UrlSource

STEPS_NAMED = 10
"""Steps with other inputs that are told one by one."""


class ChangedStep(FrozenModel):
    """A step that has a paid run, though not with these inputs."""

    label: str
    inputs: tuple[str, ...]

    def __str__(self) -> str:
        what = f"{self.label} has a paid run with other inputs, and is paid for anew"
        return f"{what}: {', '.join(self.inputs)} changed."


class CampaignProgress(FrozenModel):
    """What of a campaign's plan is paid for in one archive.

    Attributes:
        is_known: a campaign of this name was begun in this archive.
        unpaid_usd: of the steps without a paid run, as far as FLORA tells their prices.
    """

    campaign: str
    location: str
    is_known: bool
    runs: int
    paid: int
    unpaid_usd: Decimal
    changed: tuple[ChangedStep, ...] = ()

    def lines(self) -> list[str]:
        """Return it in words, to be read beside the price."""
        what = f"{self.paid} of {self.runs} paid runs of campaign {self.campaign} are in {self.location}"
        if not self.is_known:
            return [
                f"{what}, which knows no campaign of this name: all of it is to be paid for. Runs that another "
                "archive holds are not seen from here; to go on with those, name it with --archive."
            ]
        unpaid = self.runs - self.paid
        left = f"{unpaid} for {shown_usd(self.unpaid_usd)}" if unpaid else "nothing"
        lines = [f"{what} and used again; still to be paid for: {left}."]
        lines += map(str, self.changed[:STEPS_NAMED])
        if len(self.changed) > STEPS_NAMED:
            lines.append(f"So have {len(self.changed) - STEPS_NAMED} more.")
        return lines


async def campaign_progress(plans: RowPlans, campaign: str, ledger: Ledger, *, is_known: bool) -> CampaignProgress:
    """Return how much of the plans is paid for in this campaign.

    Reads the ledger's entries of the planned techniques, if the campaign is known here; hashes the local files of
    steps that have a paid run.

    Args:
        is_known: see `Campaigns.knows`.
    """
    compared = await _compared(plans, campaign, ledger, is_known=is_known)
    unpaid = [step.price_usd for _, step in compared.unpaid if step.price_usd is not None]
    return CampaignProgress(
        campaign=campaign,
        location=ledger.store.location,
        is_known=is_known,
        runs=plans.runs,
        paid=plans.runs - len(compared.unpaid),
        unpaid_usd=sum(unpaid, Decimal(0)),
        changed=tuple(compared.changed),
    )


async def unpaid_steps(
    plans: RowPlans, campaign: str, ledger: Ledger, *, is_known: bool
) -> dict[str, tuple[PlannedStep, ...]]:
    """Return the steps of each row that have no paid run; see `campaign_progress`."""
    compared = await _compared(plans, campaign, ledger, is_known=is_known)
    unpaid: dict[str, tuple[PlannedStep, ...]] = dict.fromkeys(plans.rows, ())
    for key, step in compared.unpaid:
        unpaid[key] += (step,)
    return unpaid


async def _compared(plans: RowPlans, campaign: str, ledger: Ledger, *, is_known: bool) -> "_Comparison":
    steps = [step for planned in plans.rows.values() for step in planned.steps]
    entries: list[Entry] = []
    for technique_id in sorted({step.technique_id for step in steps}) if is_known else ():
        entries += await ledger.entries(technique_id)
    compared = _Comparison(ledger, campaign, entries)
    for key, planned in plans.rows.items():
        await compared.row(key, planned)
    return compared


class _Comparison:
    """Holds planned steps against what the ledger has of the campaign."""

    def __init__(self, ledger: Ledger, campaign: str, entries: Iterable[Entry]) -> None:
        self._ledger = ledger
        self._campaign = campaign
        self._hashes: dict[Path, str] = {}
        self._entries: dict[tuple[str, str, str], list[Entry]] = {}
        self.unpaid: list[tuple[str, PlannedStep]] = []
        self.changed: list[ChangedStep] = []
        for entry in entries:
            if (
                (entry.work.campaign or entry.work.flow_run_id) == campaign
                and entry.has_run
                and not (entry.ended and entry.ended.is_failed)
            ):
                place = (entry.work.row, entry.work.step, entry.work.technique_id)
                self._entries.setdefault(place, []).append(entry)

    async def row(self, key: str, planned: Plan) -> None:
        runs: dict[str, str] = {}
        for step in planned.steps:
            paid = self._entries.get((key, step.name, step.technique_id), [])
            differing = [(await self._changed_inputs(step, entry, runs), entry) for entry in paid]
            changed, entry = min(differing, key=lambda pair: len(pair[0]), default=((), None))
            if entry is not None and not changed:
                runs[step.name] = entry.run_id or ""
                continue
            self.unpaid.append((key, step))
            if entry is not None and all(need in runs for need in step.needs):
                self.changed.append(ChangedStep(label=step_label(key, step.name), inputs=changed))

    async def _changed_inputs(self, step: PlannedStep, entry: Entry, runs: Mapping[str, str]) -> tuple[str, ...]:
        recorded = {identity.id: identity for identity in entry.work.inputs}
        given = {planned.id: planned for planned in step.inputs}
        same = [
            name
            for name in recorded.keys() & given.keys()
            if await self._is_same(given[name], recorded[name], runs)
        ]
        return tuple(sorted((recorded.keys() | given.keys()) - set(same)))

    async def _is_same(self, given: PlannedInput, recorded: InputIdentity, runs: Mapping[str, str]) -> bool:
        match given.value:
            case TextSource(text=text):
                return recorded.text == text
            case FileSource(path=path):
                return recorded.sha256 == await self._hash(path)
            case UrlSource(url=url):
                return recorded.sha256 == await self._content_of(url)
            case Template(parts=(OutputReference(step=step),)):
                return recorded.run_id is not None and recorded.run_id == runs.get(step)
            case Template() as template:
                steps = {output.step for output in template.outputs}
                return steps <= runs.keys() and _pattern(template).fullmatch(recorded.text or "") is not None

    async def _content_of(self, url: str) -> str:
        """Return what the campaign remembers that a URL led to; nothing is fetched."""
        try:
            return await self._ledger.content_of_url(url, campaign=self._campaign, digest=_not_fetched)
        except LookupError:
            return ""

    async def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            self._hashes[path] = await content_of_file(path)
        return self._hashes[path]


async def _not_fetched(url: str) -> str:
    raise LookupError


def _pattern(template: Template) -> re.Pattern[str]:
    """Return what a text looks like that was made of this template, whatever the outputs in it were."""
    parts = (re.escape(part) if isinstance(part, str) else ".*" for part in template.parts)
    return re.compile("".join(parts), re.DOTALL)
