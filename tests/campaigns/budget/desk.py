"""Blocks and permits in virtual time, at a FLORA in memory: for what happens between two lines."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from florist.api.models import RunStatus
from florist.campaigns.budget import rules
from florist.campaigns.budget.blocks import Block, slots_of
from florist.campaigns.budget.books import Books
from florist.campaigns.budget.permits import CellPermit
from florist.campaigns.budget.records import Record
from florist.ledger import Entry, Ledger, Work
from tests.ledger.fake_flora import Fault
from tests.ledger.world import Process, World, completed, work

PRICE = 120_000
"""Of the run that `completed` makes."""
LEFTOVERS = Block(None, ("1",))
"""What is walked without money of its own: only what is held may be sent again."""


@dataclass
class Desk:
    """One campaign of single cells, each for `PRICE`; and a person who may close blocks."""

    cap: int = PRICE
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.process = self.world.process()
        self.books = self.books_of(self.process)
        self.world.run(self.books.chain.append(None, rules.first_record(self.cap, ())))

    def books_of(self, process: Process) -> Books:
        return Books(
            Ledger(process.store),  # type: ignore[arg-type]
            "spring",
            now=process.now,
            monotonic=self.world.time.monotonic,
            sleep=asyncio.sleep,
        )

    def block(self, *rows: str, price: int = PRICE) -> Block:
        wanted = [rules.WantedRow(row, {"still": price}, frozenset({"tech_still"})) for row in rows or ("1",)]
        link = self.world.run(
            self.books.changed(
                lambda record, number: rules.with_block(
                    record, rules.fitting(record, wanted, limit=9), number=number
                )
            )
        )
        opened = link.record.open[link.number]
        assert opened.rows, "it does not fit"
        return Block(link.number, tuple(opened.rows), slots_of({row: {"still": price} for row in opened.rows}))

    def permit(self, block: Block, row: str = "1", *, price: int = PRICE, process: Process | None = None) -> Any:
        books = self.books if process is None else self.books_of(process)
        return CellPermit(books, block, row, "still", price)

    def start(self, block: Block, wanted: Work | None = None, *, price: int = PRICE, **options: Any) -> Any:
        """Start a cell under a block, by a process of its own if `process` is named."""
        process = options.pop("process", self.process)
        wanted = wanted or work()
        permit = self.permit(block, wanted.row, price=price, process=process)
        return self.world.run(process.start(wanted, permit=permit))

    def lose(self, block: Block, *, is_processed: bool = False) -> None:
        """Have the answer to a cell's first request be lost, and its sender die."""
        process = self.world.process()
        self.world.flora.faults.append(Fault(is_processed=is_processed, is_answered=False))
        permit = self.permit(block, process=process)

        async def until_lost() -> None:
            task = asyncio.ensure_future(process.start(work(), permit=permit))
            while not self.world.flora.took:
                await asyncio.sleep(0.5)
            process.kill()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self.world.run(until_lost())
        assert self.world.entry().is_unresolved

    def end(self, entry: Entry, *, charged: str = "0.12", fails: bool = False) -> Entry:
        run = completed(entry.run_id, charged_usd=charged)
        if fails:
            run = run.model_copy(update={"status": RunStatus.FAILED, "error_code": "provider_error"})
        return self.world.run(self.process.spender.finished(entry, run))

    def close(self, block: Block) -> None:
        self.world.run(self.books.chain.close(block.id))

    def settle(self, block: Block) -> Record:
        self.world.run(self.books.settle_by_scanning(block.id, ("tech_still",)))
        return self.record()

    def record(self) -> Record:
        link = self.world.run(self.books.chain.newest())
        return self.world.run(self.books.folded(link))


__all__ = ["LEFTOVERS", "PRICE", "Desk", "work"]
