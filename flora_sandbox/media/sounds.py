"""Recipes that make sound."""

import math
import wave
from array import array
from io import BytesIO
from random import Random

import av

from flora_sandbox.media.content import Inputs, Made, UnreadableInputError, data_of, text_of

RATE = 22_050
LOUDEST = 32_767

SCALE = (0, 2, 4, 7, 9, 12, 14, 16, 19, 21)
"""Semitones of the notes letters become: a major pentatonic, in which no two clash."""

ROOT_HZ = 220.0
NOTE_SECONDS = 0.2
RING_SECONDS = 0.9
MAX_NOTES = 12

CLEANED_SECONDS = 30
"""What is read of a recording at most."""


def sonic_logo(inputs: Inputs, chance: Random) -> list[Made]:
    """Play the letters of a text as bells: text → audio."""
    return [tune(text_of(inputs, "text"), chance)]


def tune_from_prompt(inputs: Inputs, chance: Random) -> list[Made]:
    """Play the letters of a prompt as bells: text → audio."""
    return [tune(text_of(inputs, "prompt"), chance)]


def tune(text: str, chance: Random) -> Made:
    """Return the letters of a text as bells, the last of them a chord."""
    notes = [SCALE[ord(letter) % len(SCALE)] for letter in text.lower() if letter.isalnum()][:MAX_NOTES] or [0]
    turn = chance.choice((0, 3, 5))
    last = NOTE_SECONDS * (len(notes) - 1)
    samples = [0.0] * round(RATE * (last + RING_SECONDS))
    for place, note in enumerate(notes):
        _strike(samples, place * NOTE_SECONDS, note + turn)
    for note in (0, 7, 12):
        _strike(samples, last, note + turn)
    return sound_made("audio", samples)


def cleaned_voice(inputs: Inputs, _: Random) -> list[Made]:
    """Bring a recording to one channel and full loudness: audio → audio."""
    samples = _samples_of(data_of(inputs, "voice"))
    middle = sum(samples) / len(samples)
    return [sound_made("audio", [sample - middle for sample in samples])]


def sound_made(output_id: str, samples: list[float]) -> Made:
    """Return samples of any scale as a WAV output, its loudest at nine tenths."""
    peak = max((abs(sample) for sample in samples), default=0.0) or 1.0
    frames = array("h", (round(sample / peak * LOUDEST * 0.9) for sample in samples))
    buffer = BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(frames.tobytes())
    return Made(output_id, "audioUrl", buffer.getvalue(), "audio/wav", "wav")


def _strike(samples: list[float], moment: float, semitone: int) -> None:
    """Add a bell: a tone and its octave, loud at once, then dying away."""
    step = math.tau * ROOT_HZ * 2 ** (semitone / 12) / RATE
    start = round(moment * RATE)
    for place in range(min(round(RING_SECONDS * RATE), len(samples) - start)):
        loudness = min(1.0, place / 90) * math.exp(-5.0 * place / RATE)
        samples[start + place] += loudness * (math.sin(step * place) + 0.35 * math.sin(2 * step * place))


def _samples_of(data: bytes) -> list[float]:
    samples = array("h")
    try:
        with av.open(BytesIO(data), "r") as container:
            if not container.streams.audio:
                raise UnreadableInputError("The input `voice` holds no sound.")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in container.decode(container.streams.audio[0]):
                for part in resampler.resample(frame):
                    samples.frombytes(bytes(part.planes[0])[: part.samples * samples.itemsize])
                if len(samples) > CLEANED_SECONDS * RATE:
                    break
    except (av.FFmpegError, EOFError) as error:
        raise UnreadableInputError(f"The input `voice` is not a readable recording: {error}") from error
    if not samples:
        raise UnreadableInputError("The input `voice` is a recording without sound.")
    return [float(sample) for sample in samples]
