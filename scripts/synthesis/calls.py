"""Makes the sample calls: scripts in, recordings and their truth out.

    python -m scripts.synthesis.calls [--out FOLDER] [--jobs N] [NAME ...]

The same script gives the same samples: chance comes from the script's seed, and each call is spoken
in a process of its own, because espeak-ng's oscillators run on from one text to the next.
"""

import argparse
import hashlib
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile

from pipeline import timeline
from pipeline.facts import AGENT, CUSTOMER, Hold, Tone, rounded
from pipeline.timeline import Span
from scripts.synthesis import sounds, truth
from scripts.synthesis.dialogue import (
    CallScript,
    LineScript,
    Step,
    VoiceScript,
    read_script,
    script_paths,
)
from scripts.synthesis.line import (
    RATE_HZ,
    Line,
    Signal,
    active_speech_level,
    at_level,
    telephone_band,
    transmit,
)
from scripts.synthesis.placing import Course, Event, Placed, place

CALLS = Path(__file__).resolve().parents[2] / "tests" / "calls"
CHANNELS = (AGENT, CUSTOMER)

_MARGIN_S = 0.3  # around an utterance: the band filter's ringing, and the level meter's hangover
_MUSIC_DBOV = -24.0
_TONE_AMPLITUDE = 0.08
_OPUS_BIT_S = 32_000


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished call: 16-bit samples (2, n) at 8 kHz and what is true of them."""

    samples: npt.NDArray[np.int16]
    truth: truth.CallTruth


def make(script: CallScript) -> Recording:
    """Speak, place, mix and transmit one call. Use a fresh process for each (see above)."""
    words_chance, line_chance = (
        np.random.default_rng(seed) for seed in np.random.SeedSequence(script.seed).spawn(2)
    )
    course = place(script, words_chance)
    parties = _voices_on_lines(script, course)
    played, holds, tones = _played(course, line_chance)
    lines = tuple(_line(script, name) for name in CHANNELS)
    samples = transmit(parties + played, (lines[0], lines[1]), line_chance)
    return Recording(samples, _truth(script, course, parties, holds, tones, samples))


def _line(script: CallScript, party: str) -> Line:
    written = script.lines.get(party, LineScript())
    return Line(written.noise_dbov, written.noise_slope, written.leak_db, written.leak_delay_s)


def _voices_on_lines(script: CallScript, course: Course) -> Signal:
    """(2, n): every utterance in band, at its speaker's level and its own gain, at its time."""
    parties = np.zeros((2, round(course.duration_s * RATE_HZ)))
    margin = round(_MARGIN_S * RATE_HZ)
    for item in course.placed:
        usual = script.voices[item.step.voice or item.speaker]
        padded = np.pad(item.utterance.samples, margin)
        heard = at_level(telephone_band(padded), _level(usual, item.step))
        _add(parties[CHANNELS.index(item.speaker)], heard, round(item.at * RATE_HZ) - margin)
    return parties


def _level(usual: VoiceScript, step: Step) -> float:
    return usual.level_dbov + step.gain_db + step.effort_db


def _add(channel: Signal, sound: Signal, at: int) -> None:
    """Mix a sound into a channel; what lies outside the call is dropped."""
    first, last = max(0, at), min(len(channel), at + len(sound))
    channel[first:last] += sound[first - at : last - at]


def _played(
    course: Course, chance: np.random.Generator
) -> tuple[Signal, tuple[Hold, ...], tuple[Tone, ...]]:
    """What switchboards play into the channels, and the facts that it makes."""
    played = np.zeros((2, round(course.duration_s * RATE_HZ)))
    holds: list[Hold] = []
    tones: list[Tone] = []
    for event in course.events:
        channel = CHANNELS.index(event.step.channel)
        sound, spans = _sound(event, chance)
        _add(played[channel], sound, round(event.span.start * RATE_HZ))
        for span in spans:
            at = span.shifted(event.span.start).rounded()
            kind = event.step.tone or "ringback"
            tones.append(Tone(span=at, channel=channel, kind=kind))
        if event.step.hold:
            where = None if event.step.hold == "silence" else channel
            span = _waiting(course, event).rounded()
            holds.append(Hold(span=span, kind=event.step.hold, channel=where))
    return played, tuple(holds), tuple(tones)


def _sound(event: Event, chance: np.random.Generator) -> tuple[Signal, tuple[Span, ...]]:
    seconds = event.span.duration
    if event.step.hold == "music":
        return sounds.hold_music(seconds, _MUSIC_DBOV, chance), ()
    if event.step.hold == "silence":
        return np.zeros(0), ()
    makers = {"beep": sounds.beep, "busy": sounds.busy, None: sounds.ringback}
    sound, spans = makers[event.step.tone](seconds)
    return sound * _TONE_AMPLITUDE, spans


def _waiting(course: Course, event: Event) -> Span:
    """Music and ringing last while they sound; silence from the last word to the next."""
    if event.step.hold != "silence":
        return event.span
    before = [p.span.end for p in course.placed if p.span.end <= event.span.start]
    after = [p.span.start for p in course.placed if p.span.start >= event.span.end]
    return Span(max(before), min(after))


def _truth(
    script: CallScript,
    course: Course,
    parties: Signal,
    holds: tuple[Hold, ...],
    tones: tuple[Tone, ...],
    samples: npt.NDArray[np.int16],
) -> truth.CallTruth:
    turns = truth.turns(course, parties)
    return rounded(
        truth.CallTruth(
            call_id=script.id,
            title=script.title,
            seed=script.seed,
            audio=f"{script.id}.{script.coding}",
            pcm_sha256=hashlib.sha256(samples.T.astype("<i2").tobytes()).hexdigest(),
            rate_hz=RATE_HZ,
            duration_s=samples.shape[1] / RATE_HZ,
            voices=_voices(script),
            parties=tuple(_party(script, course, parties, name) for name in CHANNELS),
            utterances=tuple(_utterance(script, item) for item in course.placed),
            words=truth.words(course.placed),
            turns=turns,
            overlaps=course.overlaps,
            transfers=truth.transfers(turns, holds),
            holds=holds,
            tones=tones,
            shares=truth.shares(course, holds),
            bursts=truth.bursts(course),
            drawls=truth.drawls(course),
            fillers=truth.fillers(course),
            expected=truth.ExpectedTruth(
                met=script.expected.met, missed=dict(script.expected.missed)
            ),
        )
    )


def _voices(script: CallScript) -> tuple[truth.VoiceTruth, ...]:
    return tuple(
        truth.VoiceTruth(
            name=name,
            speaker=CUSTOMER if name == CUSTOMER else AGENT,
            variant=voice.variant,
            rate_wpm=voice.rate_wpm,
            pitch=voice.pitch,
            pitch_range=voice.pitch_range,
            level_dbov=voice.level_dbov,
            held_out=voice.held_out,
        )
        for name, voice in script.voices.items()
    )


def _party(script: CallScript, course: Course, parties: Signal, name: str) -> truth.PartyTruth:
    channel = CHANNELS.index(name)
    placed = [item for item in course.placed if item.speaker == name]
    line, spoken, count = _line(script, name), truth.speech(placed), truth.syllables(placed)
    voice = truth.pitch(placed)
    assert voice is not None, f"{script.id}: the {name} has no voice"
    level, _ = active_speech_level(parties[channel])
    return truth.PartyTruth(
        speaker=name,
        channel=channel,
        level_dbov=round(level, 2),
        noise_dbov=line.noise_dbov,
        leak_db=line.leak_db,
        leak_delay_s=None if line.leak_db is None else line.leak_delay_s,
        talk_s=timeline.total(spoken),
        syllables=count,
        articulation_rate_syl_s=count / timeline.total(spoken),
        f0_median_hz=voice.median_hz,
        f0_spread_st=voice.spread_st,
        f0_range_st=voice.range_st,
        speech=tuple(span.rounded() for span in spoken),
    )


def _utterance(script: CallScript, item: Placed) -> truth.UtteranceTruth:
    said, step, voice = item.utterance.said, item.step, item.utterance.voice
    return truth.UtteranceTruth(
        speaker=item.speaker,
        voice=step.voice or item.speaker,
        span=item.span.rounded(),
        text=said.spoken[: said.said],
        written=said.written,
        syllables=truth.syllables([item]),
        takes_floor=step.takes_floor,
        overlap=step.overlap,
        cut_off=said.cut,
        rate_wpm=voice.rate_wpm,
        pitch=voice.pitch,
        pitch_range=voice.pitch_range,
        level_dbov=_level(script.voices[step.voice or item.speaker], step),
        gain_db=step.gain_db,
        effort_db=step.effort_db,
    )


def make_file(path: Path) -> Recording:
    """One script file, made; top-level, so that a process pool can call it."""
    return make(read_script(path))


def make_all(paths: Sequence[Path], jobs: int) -> Iterator[Recording]:
    """Every script, each in a fresh process, in the order given."""
    fresh = multiprocessing.get_context("forkserver")
    fresh.set_forkserver_preload(["scripts.synthesis.truth"])  # imported once for all of them
    with ProcessPoolExecutor(jobs, mp_context=fresh, max_tasks_per_child=1) as pool:
        yield from pool.map(make_file, paths)


def write(recording: Recording, folder: Path) -> Path:
    """`<call id>.flac` or `.opus`, and `<call id>.truth.json`; gives the recording's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / recording.truth.audio
    (_write_opus if path.suffix == ".opus" else _write_flac)(path, recording.samples)
    truth_path = folder / f"{recording.truth.call_id}.truth.json"
    truth_path.write_bytes(truth.encode_truth(recording.truth))
    return path


def _write_flac(path: Path, samples: npt.NDArray[np.int16]) -> None:
    soundfile.write(path, samples.T, RATE_HZ, "PCM_16", format="FLAC", compression_level=1.0)


def _write_opus(path: Path, samples: npt.NDArray[np.int16]) -> None:
    """Opus at 32 kbit/s, which keeps the channels apart (24 leak at -25 dB), always the same bytes.

    libsndfile gives every Ogg stream a random serial number, so FFmpeg writes it.
    """
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=RATE_HZ, layout="stereo", format="s16")
        stream.bit_rate = _OPUS_BIT_S
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        interleaved = np.ascontiguousarray(samples.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = RATE_HZ, 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="make_demo_calls", description="Make the sample calls.")
    parser.add_argument("names", nargs="*", help="calls to make; all unless given")
    parser.add_argument("--out", type=Path, default=CALLS, help="folder to write to")
    parser.add_argument("--jobs", type=int, default=1, help="calls made at the same time")
    options = parser.parse_args(arguments)
    known = {path.stem: path for path in script_paths()}
    if unknown := sorted(set(options.names) - set(known)):
        parser.error(f"no script for {', '.join(unknown)}; there are {', '.join(known)}")
    paths = [known[name] for name in options.names or known]
    for recording in make_all(paths, options.jobs):
        path = write(recording, options.out)
        print(f"{path}  {recording.truth.duration_s:.1f} s  {recording.truth.title}")


if __name__ == "__main__":
    main()
