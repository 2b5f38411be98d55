"""Campaigns made by hand: archives with real media in them, whose runs are imagined.

For tests, for the screenshots of the docs, and for what is measured.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flora_sandbox.media.content import InputContent
from flora_sandbox.media.recipes import render
from florist.archive.keys import Layout, RunPlace, index_key
from florist.archive.manifest import ArchivedOutput, Manifest, ManifestInput, ManifestPointer, Parent
from florist.campaigns.endings import CampaignResult, Made
from florist.campaigns.gaps import Gap
from florist.gallery.outcomes import Outcomes, PlannedCells, ToldColumn
from florist.ledger import Entry, How, InputIdentity, Ledger, RunFacts, State, Work
from florist.ledger.entries import Send
from florist.media_types import EXTENSIONS
from florist.stores.store import Store

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
PACKSHOT = Path(__file__).parents[2] / "pipelines/samples/packshot.png"
FLOWERS = ("tulip", "rose", "peony", "iris", "dahlia", "anemone", "ranunculus", "lily")
SCENES = ("marble studio", "golden hour", "botanical garden", "night city", "a terrace above the sea", "linen")


class Content(NamedTuple):
    """What a run made."""

    data: bytes
    media_type: str
    output_id: str = "image"
    kind: str = "imageUrl"
    size: tuple[int, int] | None = None


@cache
def drawn(recipe: str, *inputs: tuple[str, str | bytes], seed: int = 1) -> Content:
    """Have the sandbox draw, write or play something."""
    given = {
        name: InputContent(kind="text", text=value)
        if isinstance(value, str)
        else InputContent(kind="imageUrl", data=value)
        for name, value in inputs
    }
    made = render(recipe, given, seed=seed)[0]
    return Content(made.data, made.media_type.partition(";")[0], made.output_id, made.type)


def still(prompt: str, seed: int = 1) -> Content:
    return drawn("styled-still", ("product_image", PACKSHOT.read_bytes()), ("prompt", prompt), seed=seed)


def film(of: Content) -> Content:
    return drawn("film-from-still", ("image", of.data))


def written(text: str) -> Content:
    return Content(text.encode(), "text/plain", "caption", "text")


@dataclass
class Imagined:
    """A campaign whose runs are written into an archive, one by one."""

    store: Store
    campaign: str = "spring"
    now: datetime = NOON
    columns: dict[str, ToldColumn] = field(default_factory=dict)
    cells: dict[str, list[Made | Gap]] = field(default_factory=dict)
    kept: dict[tuple[str, str], Manifest] = field(default_factory=dict)

    async def keep(
        self,
        row: str,
        cell: str,
        *contents: Content,
        axes: Mapping[str, str] | None = None,
        inputs: Sequence[ManifestInput] = (),
        of: str = "",
        technique: str = "key-visual",
        usd: str = "0.08",
        again: int = 0,
    ) -> Manifest:
        """Have the archive keep a run.

        Args:
            again: how often the cell was made before.
            of: the cell of the row whose first output it was made of.
        """
        run_id = self._run_id(row, cell, again)
        self.now += timedelta(seconds=40)
        place = RunPlace(run_id, technique, self.now, self.campaign, row, cell)
        parent = self.kept.get((row, of))
        given = tuple(inputs)
        if parent is not None:
            given += (ManifestInput(id="image", type="imageUrl", run_id=parent.run_id, index=0),)
        manifest = Manifest(
            technique_id=f"tech_{technique}",
            technique=technique,
            campaign=self.campaign,
            row=row,
            step=cell,
            axes=axes or {},
            inputs=given,
            parents=() if parent is None else (_parent(parent),),
            run_id=run_id,
            charged_usd=Decimal(usd),
            created_at=self.now,
            completed_at=self.now + timedelta(seconds=30),
            archived_at=self.now + timedelta(seconds=35),
            outputs=tuple(_output(place, index, content) for index, content in enumerate(contents)),
        )
        for output, content in zip(manifest.outputs, contents, strict=True):
            await self.store.write(output.key, _once(content.data), media_type=output.media_type)
        key = Layout().manifest_key(place)
        await self.store.create(key, manifest.to_json())
        await self.store.create(index_key(run_id), ManifestPointer(run_id=run_id, manifest_key=key).to_json())
        await self.enter(row, cell, State.ARCHIVED, technique=technique, usd=usd, status="completed", again=again)
        self._told(row, cell, axes or {}, technique, usd)
        self.cells.setdefault(row, []).append(Made(row, cell, How.NEW, "new", "", run_id, Decimal(usd), ()))
        self.kept[row, cell] = manifest
        return manifest

    async def enter(
        self,
        row: str,
        cell: str,
        state: State,
        *,
        technique: str = "key-visual",
        usd: str = "0.08",
        status: str = "",
        error_code: str | None = None,
        again: int = 0,
    ) -> None:
        """Have the ledger say where a cell stands."""
        work = Work(
            technique_id=f"tech_{technique}",
            inputs=(InputIdentity.of_text("prompt", f"{row} {cell}"),),
            campaign=self.campaign,
            row=row,
            step=cell,
        )
        has_run = state in (State.STARTED, State.FINISHED, State.ARCHIVED)
        sent = Send(sent_at=self.now, settles_at=self.now, fingerprint="0", owner="test")
        charged = Decimal(0) if status == "failed" else Decimal(usd)
        ended = RunFacts(
            status=status, charged_usd=charged, error_code=error_code, outputs=1, completed_at=self.now
        )
        entry = Entry(
            key=work.key,
            work=work,
            state=state,
            recorded_at=self.now,
            owner="test",
            sends=(sent,),
            price_usd=Decimal(usd),
            run_id=self._run_id(row, cell, again) if has_run else None,
            started_by="new" if has_run else None,
            ended=ended if status else None,
        )
        await Ledger(self.store).append(entry)
        self._told(row, cell, {}, technique, usd)

    def lack(self, gap: Gap, technique: str = "key-visual", usd: str = "0.08") -> None:
        """Have the run's end tell a gap."""
        self._told(gap.row, gap.step, {}, technique, usd)
        self.cells.setdefault(gap.row, []).append(gap)

    async def end(self, pipeline: str = "product-launch") -> CampaignResult:
        """Have a run end with what there is."""
        self.now += timedelta(minutes=1)
        planned = sum((column.price_usd or Decimal(0) for column in self.columns.values()), Decimal(0))
        result = CampaignResult(
            pipeline, {row: tuple(cells) for row, cells in self.cells.items()}, planned * len(self.cells)
        )
        columns = PlannedCells(tuple(self.columns.values()), is_selection=False)
        await Outcomes(self.store, self.campaign).keep(columns, result, now=self.now)
        return result

    def _told(self, row: str, cell: str, axes: Mapping[str, str], technique: str, usd: str) -> None:
        column = ToldColumn(
            cell=cell, step=cell.partition("@")[0], axes=axes, technique=technique, price_usd=Decimal(usd)
        )
        self.columns.setdefault(cell, column)

    def _run_id(self, row: str, cell: str, again: int = 0) -> str:
        return f"run_{hashlib.sha256(f'{self.campaign} {row} {cell} {again}'.encode()).hexdigest()[:20]}"


def prompt(text: str) -> ManifestInput:
    return ManifestInput(id="prompt", type="text", text=text)


def _parent(manifest: Manifest) -> Parent:
    first = manifest.outputs[0]
    return Parent(run_id=manifest.run_id, index=0, key=first.key, sha256=first.sha256)


def _output(place: RunPlace, index: int, content: Content) -> ArchivedOutput:
    extension = EXTENSIONS[content.media_type]
    return ArchivedOutput(
        index=index,
        output_id=content.output_id,
        type=content.kind,
        key=Layout().output_key(place, index, extension),
        sha256=hashlib.sha256(content.data).hexdigest(),
        size_bytes=len(content.data),
        media_type=content.media_type,
        width=content.size[0] if content.size else None,
        height=content.size[1] if content.size else None,
        text=content.data.decode() if content.kind == "text" else None,
    )


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def product_campaign(
    store: Store,
    rows: int = 8,
    *,
    campaign: str = "spring",
    failing: bool = False,
    shift: int = 0,
    distinct: int = 12,
) -> Imagined:
    """A campaign of stills in two variations, captions, films and pages.

    Args:
        distinct: how many rows look different; the others look like these, which saves drawing them.
    """
    imagined = Imagined(store, campaign)
    for number in range(rows):
        flower = FLOWERS[number % len(FLOWERS)]
        row = f"{flower}-{number + 1:03d}"
        look = number % distinct
        scene = SCENES[(look + shift) % len(SCENES)]
        words = f"The {flower} bottle on {scene}, soft light from the left, room for a headline above"
        picture = still(scene, seed=look + shift)
        await imagined.keep(
            row,
            "still",
            picture,
            axes={"variation": "1"},
            inputs=[prompt(words)],
            technique="styled-still",
            usd="0.12",
        )
        if failing and number % 3 == 1:
            await imagined.enter(
                row,
                "still@v2",
                State.FINISHED,
                technique="styled-still",
                status="failed",
                error_code="safety_blocked",
            )
            message = f"Run of {row} failed: safety_blocked: The prompt was refused by the content filter."
            advice = "change its inputs, or pay for it anew by `florist rerun CAMPAIGN --only failed`"
            imagined.lack(Gap(row, "still@v2", "safety_blocked", True, message, advice))
        else:
            second = still(SCENES[(look + 2 + shift) % len(SCENES)], seed=look + 20 + shift)
            await imagined.keep(
                row,
                "still@v2",
                second,
                axes={"variation": "2"},
                inputs=[prompt(words)],
                technique="styled-still",
                usd="0.12",
            )
        caption = drawn("caption", ("image", picture.data), ("tone", ("playful", "luxury", "minimal")[number % 3]))
        await imagined.keep(
            row,
            "caption",
            caption,
            of="still",
            inputs=[prompt("One sentence, no exclamation marks.")],
            technique="caption-writer",
            usd="0.02",
        )
        await _film_and_page(imagined, row, number, picture, failing=failing)
    await imagined.end()
    return imagined


async def _film_and_page(imagined: Imagined, row: str, number: int, picture: Content, *, failing: bool) -> None:
    if failing and number % 3 == 2:
        imagined.lack(
            Gap(
                row,
                "film",
                "budget",
                False,
                "it does not fit into the budget",
                "raise the budget and run the campaign again",
            ),
            usd="0.60",
        )
    elif failing and number % 5 == 3:
        await imagined.enter(row, "film", State.STARTED, technique="film-from-still", usd="0.60")
        message, advice = (
            "Run is unfinished at its deadline",
            "run the campaign again: it collects the run and pays nothing for it",
        )
        imagined.lack(Gap(row, "film", "run_timeout", True, message, advice))
    elif failing and number % 5 == 4:
        await imagined.enter(row, "film", State.NEEDS_REVIEW, technique="film-from-still", usd="0.60")
        message, advice = (
            "two runs may be its own",
            "decide what became of its request: `florist ledger list` shows it",
        )
        imagined.lack(Gap(row, "film", "needs_review", True, message, advice))
    else:
        await imagined.keep(row, "film", film(picture), of="still", technique="film-from-still", usd="0.60")
    if failing and number % 3 == 2:
        imagined.lack(
            Gap(row, "page", "needs", False, "it needs film", "mend what it needs", needs=("film",)), usd="0.05"
        )
    else:
        page = drawn("look-book-page", ("image", picture.data), ("title", f"Spring, {row}"))
        await imagined.keep(row, "page", page, of="still", technique="look-book-page", usd="0.05")
