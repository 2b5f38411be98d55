"""What is different from the campaign's last plan, in words."""

from collections.abc import Iterator, Mapping

from florist.amounts import shown_usd
from florist.campaigns.plan.campaign_plan import Materials, TechniqueFacts, Totals
from florist.campaigns.plan.records import PlanRecord


def changes_since(last: PlanRecord, materials: Materials, totals: Totals) -> tuple[str, ...]:
    """Return what has changed since the last plan of the campaign; one sentence that nothing has, if so."""
    when = f"the {last.purpose} of {last.made_at:%Y-%m-%d %H:%M}"
    before = last.materials
    found = [
        *_of_files(before, materials),
        *_of_params(before.params, materials.params),
        *_of_techniques(before.techniques, materials.techniques),
    ]
    if last.totals.gross_usd != totals.gross_usd:
        found.append(
            f"all cells cost {shown_usd(last.totals.gross_usd)} then, and {shown_usd(totals.gross_usd)} now"
        )
    if not found:
        return (f"Since {when} nothing it is made of has changed.",)
    return tuple(f"Since {when}: {change}." for change in found)


def _of_files(before: Materials, now: Materials) -> Iterator[str]:
    if before.pipeline.sha256 != now.pipeline.sha256:
        yield "the pipeline's file has changed"
    if before.row_count != now.row_count:
        yield f"there were {before.row_count} rows, and are {now.row_count}"
    elif (before.rows and before.rows.sha256) != (now.rows and now.rows.sha256):
        yield "the file of rows has changed"


def _of_params(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if changed:
        yield f"the param{'s' * (len(changed) > 1)} {', '.join(changed)} changed"


def _of_techniques(before: Mapping[str, TechniqueFacts], now: Mapping[str, TechniqueFacts]) -> Iterator[str]:
    for name in sorted(before.keys() & now.keys()):
        then, today = before[name], now[name]
        if then.price_usd != today.price_usd:
            yield f"the price of {name} moved from {shown_usd(then.price_usd)} to {shown_usd(today.price_usd)}"
        if (then.technique_id, then.sha256) != (today.technique_id, today.sha256):
            yield f"{name} takes or makes something else than it did"
