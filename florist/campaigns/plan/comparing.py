"""Holds a plan that a person has agreed to against the same plan made again: what would be something else now.

What has become cheaper meanwhile is none of it: a cell that was new then may be paid for now.
"""

from collections.abc import Iterator

from florist.amounts import shown_usd
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.decisions import Cell
from florist.campaigns.plan.paid_work import differing_inputs

DIFFERENCES_SHOWN = 20


def differences_from(agreed: CampaignPlan, now: CampaignPlan) -> tuple[str, ...]:
    """Return what has moved since a plan was agreed to, a sentence each; nothing if that is what would run."""
    return (
        *_of_places(agreed, now),
        *_of_techniques(agreed, now),
        *_of_files(agreed, now),
        *_of_cells(agreed, now),
    )


def shown_differences(found: tuple[str, ...]) -> str:
    """Return differences as lines, at most so many."""
    left = len(found) - DIFFERENCES_SHOWN
    lines = [*found[:DIFFERENCES_SHOWN], *([f"and {left} more"] if left > 0 else [])]
    return "\n".join(f"  {line}" for line in lines)


def _of_places(agreed: CampaignPlan, now: CampaignPlan) -> Iterator[str]:
    if agreed.archive != now.archive:
        yield f"it was made for the archive {agreed.archive}, not {now.archive}"
    if agreed.is_sandbox != now.is_sandbox:
        yield f"it was made for {_called(agreed)}, and this is {_called(now)}"


def _called(plan: CampaignPlan) -> str:
    return "a sandbox" if plan.is_sandbox else "FLORA itself"


def _of_techniques(agreed: CampaignPlan, now: CampaignPlan) -> Iterator[str]:
    before, after = agreed.materials.techniques, now.materials.techniques
    for name in sorted(before.keys() & after.keys()):
        then, today = before[name], after[name]
        if then.price_usd != today.price_usd:
            yield f"{name} cost {shown_usd(then.price_usd)}, and costs {shown_usd(today.price_usd)}"
        if (then.technique_id, then.sha256) != (today.technique_id, today.sha256):
            yield f"{name} takes or makes something else than it did"


def _of_files(agreed: CampaignPlan, now: CampaignPlan) -> Iterator[str]:
    for path in sorted(agreed.files.keys() & now.files.keys()):
        if agreed.files[path] != now.files[path]:
            yield f"the file {path} has changed"


def _of_cells(agreed: CampaignPlan, now: CampaignPlan) -> Iterator[str]:
    before = {cell.label: cell for cell in agreed.cells}
    after = {cell.label: cell for cell in now.cells}
    for label in before.keys() - after.keys():
        yield f"{label} is not in it any more"
    for label, cell in after.items():
        if label not in before:
            yield f"{label} was not in it"
        elif moved := _moved(before[label], cell):
            yield f"{label}: {moved}"


def _moved(then: Cell, now: Cell) -> str:
    if then.technique_id != now.technique_id:
        return "it is another technique"
    changed = differing_inputs(then.inputs, now.inputs) if then.inputs and now.inputs else ()
    if changed:
        return f"its {' and '.join(changed)} changed"
    if now.is_paid_now and not then.is_paid_now:
        return f"it was to be {then.decision}, and is {now.decision}: {now.sentence}"
    return ""
