"""The bill in words, cells and CSV: the same on a terminal, in a file and in Prefect."""

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal

from florist.amounts import shown_usd
from florist.campaigns.bill.bill import Bill, Sums
from florist.campaigns.bill.charges import Charge
from florist.campaigns.bill.reading import Charges, zone_named
from florist.campaigns.csv_text import Cell, csv_text

_HEADINGS = ("Runs", "Quoted", "Charged", "Wasted", "In flight", "In doubt")
_PICK_HEADINGS = ("Picked", "Per pick")

CORRECTIONS_NAMED = 5

_COLUMNS = (
    "campaign",
    "flow_run",
    "row",
    "step",
    "cell",
    "technique",
    "technique_id",
    "attempt",
    "reason",
    "error",
    "run",
    "came",
    "quoted_usd",
    "charged_usd",
    "was_usd",
    "most_usd",
    "at",
    "ledger_key",
    "picks",
    "reviewer",
)


def headings(bill: Bill) -> tuple[str, ...]:
    """Return the headings of `cells`; before them comes the one of what is grouped by."""
    return (*_HEADINGS, *_PICK_HEADINGS) if bill.total.picked else _HEADINGS


def cells(sums: Sums, bill: Bill) -> tuple[str, ...]:
    """Return one line of the table, below `headings`; what there is nothing of stays empty."""
    picked = (f"{sums.picked:,}", shown_usd(_cents(sums.per_pick_usd))) if sums.picked else ("", "")
    return (
        f"{sums.runs:,}",
        shown_usd(sums.quoted_usd),
        shown_usd(sums.charged_usd),
        _counted(sums.wasted, shown_usd(sums.wasted_usd)),
        _counted(sums.in_flight, shown_usd(sums.in_flight_usd)),
        _counted(sums.in_doubt, f"up to {shown_usd(sums.in_doubt_usd)}"),
        *(picked if bill.total.picked else ()),
    )


def bill_lines(bill: Bill) -> tuple[str, ...]:
    """Return the bill in words, a line for each thing that matters."""
    total = bill.total
    of = "all campaigns" if bill.campaign is None else bill.campaign
    lines = [f"{of}: {_runs(total.runs)}, {shown_usd(total.charged_usd)} charged{_against(total)}"]
    if total.in_flight:
        lines.append(f"in flight: {_runs(total.in_flight)}, {shown_usd(total.in_flight_usd)} as quoted")
    if total.in_doubt:
        lines.append(
            f"in doubt: {total.in_doubt:,}, from $0.00 to {shown_usd(total.in_doubt_usd)}; "
            "`florist bill --by reason` tells why, `florist ledger list --state needs-review` which"
        )
    if total.in_flight or total.in_doubt:
        lines.append(f"altogether from {shown_usd(total.charged_usd)} to {shown_usd(total.most_usd)}")
    if total.unpriced:
        lines.append(f"without a price, and in no sum: {total.unpriced:,}")
    if total.wasted:
        lines.append(f"wasted: {_runs(total.wasted)}, {shown_usd(total.wasted_usd)} of what was charged")
    if total.picked:
        each = shown_usd(_cents(total.per_pick_usd))
        lines.append(f"picked: {total.picked:,}, at {each} each, what was not picked included")
    return (*lines, *_corrected(bill), *_unreadable(bill))


def charges_csv(found: Charges, *, timezone: str = "UTC") -> str:
    """Return every charge as a line of CSV."""
    zone = zone_named(timezone)
    return csv_text(_COLUMNS, (_csv_row(charge, found, zone) for charge in found.charges))


def _csv_row(charge: Charge, found: Charges, zone: tzinfo) -> Sequence[Cell]:
    return (
        charge.campaign,
        charge.flow_run_id,
        charge.row,
        charge.step,
        charge.cell,
        found.techniques.get(charge.technique_id, ""),
        charge.technique_id,
        charge.attempt,
        charge.reason,
        charge.error_code,
        charge.run_id,
        charge.came,
        charge.quoted_usd,
        charge.charged_usd,
        charge.was_usd,
        charge.most_usd,
        charge.at.astimezone(zone).isoformat(timespec="seconds"),
        charge.key,
        " ".join(charge.picks),
        charge.reviewer,
    )


def _against(total: Sums) -> str:
    difference = total.charged_usd - total.quoted_usd
    if not difference:
        return ", as quoted"
    return f", {_signed(difference)} against the {shown_usd(total.quoted_usd)} quoted"


def _corrected(bill: Bill) -> list[str]:
    if not bill.corrections:
        return []
    named = [
        f"{one.run_id} {shown_usd(one.was_usd)} → {shown_usd(one.charged_usd)}"
        for one in bill.corrections[:CORRECTIONS_NAMED]
    ]
    more = len(bill.corrections) - len(named)
    listed = ", ".join(named) + (f" and {more:,} more" if more else "")
    return [f"corrected by FLORA later: {_signed(bill.total.corrected_usd)} ({listed})"]


def _unreadable(bill: Bill) -> list[str]:
    count = len(bill.unreadable)
    if not count:
        return []
    return [f"not on this bill: {count:,} ledger entries that cannot be read, such as {bill.unreadable[0]}"]


def _signed(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else '+'}{shown_usd(abs(amount))}"


def _cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(Decimal("0.01"))


def _counted(count: int, amount: str) -> str:
    return f"{count:,}, {amount}" if count else ""


def _runs(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"
