"""Makes a picture and its caption, each paid for once: start it again, or kill it midway and start it again.

What was paid for is found in the archive's ledger, and what was kept in the archive; without Prefect.
"""

import asyncio
import sys
from pathlib import Path

from florist import FloraClient, Studio, store_at


async def main(packshot: Path, archive: str) -> None:
    """Keep a picture and its caption in the archive: a folder, or s3://bucket/prefix."""
    async with FloraClient() as flora, Studio(flora, store_at(archive)) as studio:
        still, caption = await asyncio.gather(
            studio.run(
                "styled-product-still",
                {"product_image": packshot, "prompt": "On a marble counter"},
                campaign="spring",
                step="still",
            ),
            studio.run("caption-writer", {"image": packshot}, campaign="spring", step="caption"),
        )
    for made in (still, caption):
        print(f"{made.step}: {made.outputs[0].key} (${made.run.charged_usd}, {made.reason})")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
