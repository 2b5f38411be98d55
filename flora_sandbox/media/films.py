"""Recipes that make films, or read them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from random import Random
from typing import Literal

import av
from av.container import OutputContainer
from PIL import Image

from flora_sandbox.media.content import Inputs, Made, UnreadableInputError, data_of, text_of
from flora_sandbox.media.palette import words_of
from flora_sandbox.media.pictures import picture_made, picture_of
from flora_sandbox.media.scenery import Size, scene

FILM_SIDE = 768
"""The longest side of a film; with `RATE` and `SECONDS` it keeps a render near one second."""

RATE = 24
SECONDS = 2
ZOOM = 0.14
"""How much of the picture's sides a film has moved in by its end."""

MAX_FRAMES = 10 * RATE
"""What is read of a film at most: longer ones are cut."""

ENCODERS: tuple[Literal["libx264"], Literal["mpeg4"]] = ("libx264", "mpeg4")
"""By preference; a PyAV built without x264 still has the second."""

CRF = "18"
"""Fine enough for the colours of a patch of a few pixels to survive."""


@dataclass(frozen=True, slots=True)
class Film:
    """The pictures of a film, at least one and all of one size, and how many of them a second holds."""

    frames: tuple[Image.Image, ...]
    rate: Fraction

    @property
    def size(self) -> Size:
        """The size of its pictures."""
        return self.frames[0].size


def film_from_still(inputs: Inputs, _: Random) -> list[Made]:
    """Move slowly into a still: image (and text) → video. It begins with the whole still."""
    still = picture_of(inputs, "image", max_side=FILM_SIDE)
    return [film_made("film", dolly(still, text_of(inputs, "prompt")), Fraction(RATE))]


def film_from_prompt(inputs: Inputs, chance: Random) -> list[Made]:
    """Paint a prompt and move slowly into it: text → video."""
    prompt = text_of(inputs, "prompt")
    return [
        film_made("film", dolly(scene(prompt, (FILM_SIDE, FILM_SIDE * 9 // 16), chance), prompt), Fraction(RATE))
    ]


def boomerang(inputs: Inputs, _: Random) -> list[Made]:
    """Play a film forwards, then backwards: video → video."""
    film = film_of(inputs, "video")
    return [film_made("video", [*film.frames, *film.frames[-2:0:-1]], film.rate)]


def poster_frame(inputs: Inputs, _: Random) -> list[Made]:
    """Take the picture a third into a film: video → image."""
    frames = film_of(inputs, "video").frames
    return [picture_made("poster", frames[len(frames) // 3])]


def dolly(still: Image.Image, direction: str) -> Iterator[Image.Image]:
    """Yield the pictures of a slow move into the still; a word like "left" in `direction` says where to."""
    spoken = set(words_of(direction))
    aside = 0.5 + 0.5 * ("right" in spoken) - 0.5 * ("left" in spoken)
    along = 0.5 + 0.5 * ("down" in spoken) - 0.5 * ("up" in spoken)
    even = even_size(still.size)
    last = RATE * SECONDS - 1
    for number in range(last + 1):
        share = number / last
        gone = ZOOM * share * share * (3 - 2 * share)
        left, top = still.width * gone * aside, still.height * gone * along
        box = (left, top, left + still.width * (1 - gone), top + still.height * (1 - gone))
        yield still.resize(even, Image.Resampling.BILINEAR, box=box)


def even_size(size: Size) -> Size:
    """Return the nearest size yuv420p can hold: its colours are stored for blocks of two by two pixels."""
    return max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)


def film_of(inputs: Inputs, input_id: str) -> Film:
    """Return the film an input holds, without its sound, at most `MAX_FRAMES` of it and `FILM_SIDE` large."""
    return film_from(data_of(inputs, input_id), f"The input `{input_id}`")


def film_from(data: bytes, name: str) -> Film:
    """Return the film these bytes hold; `name` is what an error calls them."""
    try:
        with av.open(BytesIO(data), "r") as container:
            # FFmpeg reads a PNG as a film of one frame, in a format it calls `png_pipe`.
            if not container.streams.video or container.format.name.endswith("_pipe"):
                raise UnreadableInputError(f"{name} holds no pictures that move.")
            stream = container.streams.video[0]
            rate = Fraction(stream.average_rate or RATE).limit_denominator(1001)
            frames = tuple(_first_frames(container.decode(stream)))
    except (av.FFmpegError, EOFError) as error:
        raise UnreadableInputError(f"{name} is not a readable film: {error}") from error
    if not frames:
        raise UnreadableInputError(f"{name} is a film without pictures.")
    return Film(frames, rate)


def film_made(output_id: str, frames: Iterable[Image.Image], rate: Fraction) -> Made:
    """Return frames of one (even) size as an MP4 output."""
    return Made(output_id, "videoUrl", mp4(frames, rate), "video/mp4", "mp4")


def mp4(frames: Iterable[Image.Image], rate: Fraction) -> bytes:
    """Return frames of one (even) size as the bytes of an MP4."""
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream: av.VideoStream | None = None
        for picture in frames:
            stream = stream or _add_stream(container, picture.size, rate)
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV types all but this
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))
    return buffer.getvalue()


def common_size(films: Sequence[Film]) -> Size:
    """Return the size of the first film: what the others are fitted to."""
    return even_size(films[0].size)


def _first_frames(decoded: Iterable[av.VideoFrame]) -> Iterator[Image.Image]:
    for number, frame in enumerate(decoded):
        if number == MAX_FRAMES:
            return
        picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV types all but this
        picture.thumbnail((FILM_SIDE, FILM_SIDE), Image.Resampling.BILINEAR)
        even = even_size(picture.size)
        yield picture if picture.size == even else picture.resize(even, Image.Resampling.BILINEAR)


def _add_stream(container: OutputContainer, size: Size, rate: Fraction) -> av.VideoStream:
    encoder: Literal["libx264", "mpeg4"] = next(name for name in ENCODERS if name in av.codecs_available)
    stream: av.VideoStream = container.add_stream(encoder, rate=rate, options={"preset": "ultrafast", "crf": CRF})
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    # One thread: with more, the bytes would depend on the machine's number of cores.
    stream.thread_count = 1
    return stream
