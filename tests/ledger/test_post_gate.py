"""For how long a page of the journal waits for more requests, in virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from florist.ledger.journal import OpenRequest
from florist.ledger.post_gate import ENOUGH, Announcer, PostGate
from tests.ledger.virtual_time import VirtualTime

PAUSE = 3.0


@dataclass
class Counter:
    """A gate with the pages that it has written: when, and what each names."""

    time: VirtualTime = field(default_factory=VirtualTime)
    gate: PostGate = field(default_factory=lambda: PostGate(limit=ENOUGH))
    pages: list[tuple[float, list[str]]] = field(default_factory=list)

    async def write(self, requests: Sequence[OpenRequest]) -> str:
        self.pages.append((round(self.time.seconds, 3), [request.key for request in requests]))
        return f"page-{len(self.pages)}"

    async def want(self, key: str, *, is_urgent: bool = False) -> None:
        announcer = Announcer(self.write, self.time.now, self.time.monotonic, asyncio.sleep)
        request = OpenRequest(key=key, number=0)
        self.gate.spent(await self.gate.ticket(request, announcer, is_urgent=is_urgent))

    async def come(self, keys: str, *, every: float, last_is_urgent: bool = False) -> None:
        """Want requests one after the other, each without waiting for the one before."""
        wanted = []
        for number, key in enumerate(keys):
            is_urgent = last_is_urgent and number == len(keys) - 1
            wanted.append(asyncio.ensure_future(self.want(key, is_urgent=is_urgent)))
            await asyncio.sleep(every)
        await asyncio.gather(*wanted)

    def after_many(
        self, keys: str, *, every: float, last_is_urgent: bool = False
    ) -> list[tuple[float, list[str]]]:
        """Return the pages of these requests, once the gate knows the pace and a pause has gone by."""

        async def act() -> None:
            await self.come("x" * 60, every=every)
            await asyncio.sleep(PAUSE)
            self.pages.clear()
            began = self.time.seconds
            await self.come(keys, every=every, last_is_urgent=last_is_urgent)
            self.pages = [(round(at - began, 3), named) for at, named in self.pages]

        self.time.run(act())
        return self.pages


@pytest.mark.parametrize(("every", "at"), [(0.01, 0.06), (0.001, 0.022)])
def test_page_is_written_soon_after_requests_have_ceased_to_come(every, at):
    assert Counter().after_many("abc", every=every) == [(at, ["a", "b", "c"])]


def test_page_is_written_as_soon_as_it_has_enough():
    [first, *others] = Counter().after_many("abcdefghij", every=0.01)
    assert first == (0.07, list("abcdefgh"))
    assert [named for _, named in others] == [["i", "j"]]


def test_page_waits_no_longer_than_half_a_second_for_requests_that_keep_coming():
    [first, *_] = Counter().after_many("abcdefgh", every=0.15)
    assert first == (0.5, list("abcd"))


def test_page_waits_for_no_others_once_it_is_urgent():
    assert Counter().after_many("abc", every=0.01, last_is_urgent=True) == [(0.02, ["c", "a", "b"])]


def test_page_of_requests_that_come_far_apart_waits_for_none():
    assert Counter().after_many("ab", every=0.4) == [(0.0, ["a"]), (0.4, ["b"])]
