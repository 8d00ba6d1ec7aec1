"""Any recording -> channels of sound.

`open_audio` reads one file of one or two channels, or one file for each party, whatever its coding
and whatever its name ends in. It decodes once, in blocks, onto disk (`spool`); the stages read from
there through `Channel`, so memory does not grow with the length of the call.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pipeline.facts import Layout
from pipeline.measure.channel import Channel, FloatArray, from_samples, resampled
from pipeline.measure.dualmono import ChannelCopy, channel_copy
from pipeline.measure.reading import Source, decode, open_regular, probe
from pipeline.measure.spool import Spool
from pipeline.settings import AudioSettings

__all__ = ["Audio", "Channel", "FloatArray", "Source", "from_samples", "open_audio", "resampled"]


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording, open for reading; a context manager.

    Attributes:
        channels: two where each holds a party (left or agent first), else one. All have the same
            rate and length.
        layout: ``mono``, ``stereo``, ``two-files``, or ``dual-mono``: two channels with the same
            sound, of which the louder is kept.
        copy: how the two channels of a ``dual-mono`` recording differ.
        sources: the file, or the agent's and the customer's.
    """

    channels: tuple[Channel, ...]
    layout: Layout
    sources: tuple[Source, ...]
    copy: ChannelCopy | None
    _spools: tuple[Spool, ...]

    @property
    def rate_hz(self) -> int:
        """Sampling rate of every channel."""
        return self.channels[0].rate_hz

    @property
    def duration_s(self) -> float:
        """Length in seconds; of the longer file where there are two."""
        return self.channels[0].duration_s

    @property
    def sha256(self) -> str:
        """Names the recording: the hash of the file's bytes, or of both files' hashes in order."""
        if len(self.sources) == 1:
            return self.sources[0].sha256
        return hashlib.sha256("\n".join(s.sha256 for s in self.sources).encode()).hexdigest()

    @property
    def format(self) -> str:
        """Container and coding, for people."""
        return " + ".join(dict.fromkeys(f"{s.container}, {s.coding}" for s in self.sources))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the files without making them unusable."""
        return tuple(note for source in self.sources for note in source.notes)

    def close(self) -> None:
        """Gives the disk space back; the channels cannot be read after this."""
        for spool in self._spools:
            spool.close()

    def __enter__(self) -> Audio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_audio(paths: Sequence[Path], settings: AudioSettings) -> Audio:
    """Reads a recording.

    Args:
        paths: one file of one or two channels, or two files of one channel each, the agent's
            first. Two files are padded with silence to the longer and brought to the higher rate.
        settings: limits of rate and length, and what counts as a copy.

    Raises:
        AudioError: a file cannot be read, or not as a call.
        QinheError: the temporary folder has no room for the decoded sound.
    """
    if len(paths) not in (1, 2):
        raise ValueError(f"a recording is one file or two, not {len(paths)}")
    with ExitStack() as files, ExitStack() as unless_done:
        probes = []
        for path in paths:
            file = files.enter_context(open_regular(path))
            probes.append(probe(file, path, settings, alone=len(paths) == 1))
        rate_hz = max(min(p.reader.rate_hz, settings.highest_rate_hz) for p in probes)
        spools = [Spool(rate_hz) for p in probes for _ in range(p.reader.n_channels)]
        for spool in spools:
            unless_done.callback(spool.close)
        own = spools if len(probes) == 1 else None
        sources = tuple(
            decode(p, own or spools[number : number + 1], settings)
            for number, p in enumerate(probes)
        )
        audio = _assembled(spools, sources, settings)
        unless_done.pop_all()
    return audio


def _assembled(
    spools: Sequence[Spool], sources: tuple[Source, ...], settings: AudioSettings
) -> Audio:
    length = max(spool.n_samples for spool in spools)
    channels = tuple(spool.channel(length) for spool in spools)
    if len(channels) == 1:
        return Audio(channels, "mono", sources, None, tuple(spools))
    copy = channel_copy(channels[0], channels[1], settings.dual_mono)
    if copy is None:
        layout: Layout = "stereo" if len(sources) == 1 else "two-files"
        return Audio(channels, layout, sources, None, tuple(spools))
    # Never the mean: with a delay between the copies it would cut notches into the spectrum.
    kept = 1 if copy.gain_db > 0 else 0
    spools[1 - kept].close()
    return Audio((channels[kept],), "dual-mono", sources, copy, (spools[kept],))
