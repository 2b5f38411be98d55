"""Runs a technique for each row of a CSV file, and writes a CSV file of what was made.

    key,product_image,prompt
    tulip,tulip.png,On a marble counter
    rose,rose.png,In a garden at dawn

The column `key` names the rows; every other column is an input of the technique, and an empty cell leaves it out.
Paths start where the program is started. A row that fails leaves the others be. Start it again for what is
missing: nothing is paid for twice.
"""

import asyncio
import csv
import sys
from decimal import Decimal
from pathlib import Path

from florist import FloraClient, FloristError, Studio, store_at

TECHNIQUE = "styled-product-still"
Row = dict[str, str]


async def main(sheet: Path, archive: str, campaign: str) -> None:
    """Make every row, and write `<sheet>.made.csv` beside the sheet."""
    rows = list(csv.DictReader(sheet.read_text(encoding="utf-8-sig").splitlines()))
    async with FloraClient() as flora, Studio(flora, store_at(archive)) as studio:
        price = (await flora.techniques.retrieve(TECHNIQUE)).run_cost_usd or Decimal(0)
        print(f"{len(rows)} runs for at most ${price * len(rows)}")
        made = await asyncio.gather(*(made_of(row, studio, campaign) for row in rows))
    with sheet.with_suffix(".made.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["key", "output", "charged_usd", "problem"])
        table.writeheader()
        table.writerows(made)


async def made_of(row: Row, studio: Studio, campaign: str) -> Row:
    """Return what came of one row: where its output is kept, or what went wrong."""
    inputs = {name: value for name, value in row.items() if name != "key" and value}
    try:
        result = await studio.run(TECHNIQUE, inputs, campaign=campaign, row=row["key"])
    except FloristError as error:
        return {"key": row["key"], "problem": str(error)}
    return {"key": row["key"], "output": result.outputs[0].key, "charged_usd": str(result.run.charged_usd)}


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
