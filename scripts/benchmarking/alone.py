"""Measures one call and prints, as JSON, what that cost this process."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from pipeline import facts, tracks
from pipeline.measure import call
from pipeline.measure.cache import Cache
from pipeline.measure.roles import DEFAULT
from pipeline.settings import load_measure_settings
from scripts.benchmarking.timing import cpu_s


def peak_mb() -> float:
    """Largest resident size of this process so far, in megabytes (10**6 bytes).

    On Linux from the process's own memory map: `getrusage` also counts the parent that it was
    forked from.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def main() -> None:
    settings = load_measure_settings()
    models = call.load_models(settings, None, None)
    recording = call.Recording((Path(sys.argv[1]),), "call", DEFAULT)
    before_mb = peak_mb()
    given_mb = 0.0

    def once() -> None:
        nonlocal given_mb
        with call.opened(recording, settings.audio) as sound:
            found = call.measure(sound, recording, models, settings, Cache(None))
        written = len(facts.encode(found.facts)) + len(tracks.encode(found.tracks))
        given_mb = (written + _size(found.tracks)) / 1e6

    spent_s = cpu_s(once)
    memory = {"before_mb": before_mb, "peak_mb": peak_mb(), "given_mb": given_mb}
    print(json.dumps({**memory, "spent_s": spent_s}))


def _size(found: tracks.Tracks) -> int:
    """Bytes that the tracks take in memory."""
    arrays = (getattr(channel, name) for channel in found.channels for name in channel.__slots__)
    return sum(array.nbytes for array in arrays)


if __name__ == "__main__":
    main()
