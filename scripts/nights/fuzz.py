"""Damaged and invented inputs for every reader: anything but a result or a clear error is found.

Inputs are drawn from a seed, so a finding can be made again: sound examples with bytes flipped,
cut, repeated and spliced, with numbers made huge and headers that claim terabytes, with other
values under the right keys; inputs sound in form and odd in content; and random bytes.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Final

from pipeline.errors import QinheError
from scripts.nights.damage import mutated
from scripts.nights.readers import Reader, readers

_MEMORY: Final = 3 << 30
_SLOW_S: Final = 20.0
_MOST_SHOWN: Final = 10
_INVENTED: Final = 0.4
"""Of a reader's inputs, where it has a way to make them."""


def run(count: int, seed: int, only: str | None) -> int:
    """Feed the inputs, print what was found, return how many findings there were."""
    every = readers()
    chosen = [reader for reader in every if only in (None, reader.name)]
    whole = sum(reader.share for reader in chosen)
    others = tuple(seed for reader in every for seed in reader.seeds)
    found = 0
    with tempfile.TemporaryDirectory(prefix="qinhe-fuzz-") as folder:
        for reader in chosen:
            share = round(count * reader.share / whole)
            found += _feed(reader, share, seed, others, Path(folder))
    print(f"{found} findings")
    return found


def _feed(reader: Reader, count: int, seed: int, others: tuple[bytes, ...], folder: Path) -> int:
    start = time.monotonic()
    read = refused = found = 0
    slowest = (0.0, 0)
    for number in range(count):
        draw = random.Random(f"{seed} {reader.name} {number}")
        data = _input(reader, draw, others)
        at = time.monotonic()
        try:
            reader.read(data, folder)
            read += 1
        except QinheError as error:
            refused += 1
            if "\n" in str(error):
                found += _tell(reader, number, "an error of several lines", found)
        except Exception:
            found += _tell(reader, number, traceback.format_exc(limit=-4), found)
        took = time.monotonic() - at
        slowest = max(slowest, (took, number))
        if took > _SLOW_S:
            found += _tell(reader, number, f"took {took:.1f} s", found)
    seconds = time.monotonic() - start
    print(
        f"{reader.name:18} {count:7d} inputs  {read:7d} read  {refused:7d} refused  "
        f"{found:3d} findings  "
        f"slowest {1000 * slowest[0]:6.0f} ms (input {slowest[1]})  {seconds:6.0f} s",
        flush=True,
    )
    return found


def _input(reader: Reader, draw: random.Random, others: tuple[bytes, ...]) -> bytes:
    chance = draw.random()
    if chance < 0.05:
        return draw.randbytes(draw.randrange(400))
    example = draw.choice(reader.seeds)
    if chance < 0.05 + _INVENTED and reader.mend is not None:
        return reader.mend(example, draw)
    if chance < 0.05 + _INVENTED and reader.invent is not None:
        return reader.invent(draw)
    return mutated(example, draw, others)


def _tell(reader: Reader, number: int, what: str, before: int) -> int:
    if before < _MOST_SHOWN:
        print(f"── {reader.name}, input {number}\n{what}", file=sys.stderr)
    return 1


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one reader's name")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, resource.RLIM_INFINITY))
    sys.exit(1 if run(given.inputs, given.seed, given.only) else 0)


if __name__ == "__main__":
    main()
