"""A copy of a recording in which what identifies people cannot be heard."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.errors import InputError
from pipeline.facts import CallFacts
from pipeline.measure.audio import Audio
from pipeline.measure.channel import FloatArray
from pipeline.report.identifying import identifying
from pipeline.timeline import Span, Timeline, padded, union

How = Literal["silence", "beep"]
MARGIN_S: Final = 0.15
"""Recognised words start late and end early by about that."""
_BEEP_HZ: Final = 1000.0
_BEEP_LEVEL: Final = 0.1
_FADE_S: Final = 0.01
_BLOCK_S: Final = 10.0


def hidden_spans(facts: CallFacts) -> Mapping[int, Timeline]:
    """Channel -> when something is said there that identifies someone, with a margin.

    A recording of one channel holds both parties in channel 0.
    """
    channels = {party.speaker: party.channel for party in facts.speakers}
    whole = Span(0.0, facts.audio.duration_s)
    found: dict[int, list[Span]] = {}
    for spoken in identifying(facts):
        found.setdefault(channels.get(spoken.speaker, 0), []).extend(spoken.spans)
    return {
        channel: padded(union(spans), MARGIN_S, MARGIN_S, whole) for channel, spans in found.items()
    }


def write_redacted(audio: Audio, hidden: Mapping[int, Timeline], path: Path, how: How) -> float:
    """Write the copy as 16-bit WAV, and return how many seconds were taken out.

    The same number of channels and samples, so that every time stays what it was; block by block,
    so that the length does not matter.

    Raises:
        InputError: the copy cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".qinhe-", suffix=".part")
        os.close(handle)
        try:
            _write(audio, hidden, Path(name), how)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise InputError(
            path,
            expected="a file that can be written",
            found=getattr(error, "strerror", None) or str(error),
            remedy="choose another with --out",
        ) from None
    return sum(span.duration for spans in hidden.values() for span in spans)


def _write(audio: Audio, hidden: Mapping[int, Timeline], path: Path, how: How) -> None:
    rate = audio.rate_hz
    with soundfile.SoundFile(
        path, "w", rate, len(audio.channels), subtype="PCM_16", format="WAV"
    ) as file:
        at = 0.0
        while at < audio.duration_s:
            end = min(at + _BLOCK_S, audio.duration_s)
            block = [channel.read(at, end) for channel in audio.channels]
            length = min(len(part) for part in block)
            first = round(at * rate)
            for number, part in enumerate(block):
                block[number] = hushed(part[:length], first, rate, hidden.get(number, ()), how)
            file.write(np.stack(block, axis=1))
            at = end


def hushed(
    sound: FloatArray, first: int, rate_hz: int, spans: Iterable[Span], how: How
) -> FloatArray:
    """A stretch of sound with the spans silenced or beeped.

    Args:
        sound: 1-D float32.
        first: the number of its first sample in the recording.
        rate_hz: sampling rate.
        spans: of the recording, in seconds.
        how: "silence", or "beep" (a sine, faded in and out).
    """
    result = np.array(sound, np.float32)
    for span in spans:
        # Outwards to whole samples: nothing of a word may be left at the edge.
        start = max(0, int(np.floor(span.start * rate_hz)) - first)
        end = min(len(result), int(np.ceil(span.end * rate_hz)) - first)
        if start >= end:
            continue
        result[start:end] = 0.0
        if how == "beep":
            times = (np.arange(start, end) + first) / rate_hz
            result[start:end] = _beep(times, span)
    return result


def _beep(times: npt.NDArray[np.float64], span: Span) -> FloatArray:
    edge = np.minimum(times - span.start, span.end - times) / _FADE_S
    shape = np.clip(edge, 0.0, 1.0)
    beep: FloatArray = (_BEEP_LEVEL * shape * np.sin(2 * np.pi * _BEEP_HZ * times)).astype(
        np.float32
    )
    return beep
