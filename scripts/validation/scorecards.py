"""Golden scorecards: facts and a rubric make these bytes, exactly.

    python -m scripts.validation.scorecards            says which have changed
    python -m scripts.validation.scorecards --renew    writes them anew, to be read in the diff

`tests/golden/scorecards/<call>.facts.json` are the stored facts of two of the sample calls;
`<call>.<rubric>.json` the scorecards. A change of rubric, lexicon or judging changes them, and the
diff of the renewed files shows what it does to two whole calls.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipeline import facts
from pipeline.judge.call import compile
from pipeline.rubric import load_lexicon, shipped

GOLDEN: Final = Path(__file__).resolve().parents[2] / "tests" / "golden" / "scorecards"
RUBRICS: Final = ("affinity-zh-v1", "strict-zh-v1")


def scorecards() -> Iterator[tuple[Path, bytes]]:
    """Every golden file, and what it would hold if it were made now."""
    for name in RUBRICS:
        rubric = shipped(name)
        judge = compile(rubric, load_lexicon(rubric.lexicon))
        for path in sorted(GOLDEN.glob("*.facts.json")):
            found = facts.decode(path.read_bytes(), path)
            call = path.name.removesuffix(".facts.json")
            yield GOLDEN / f"{call}.{name}.json", facts.encode(judge.score(found))


def main() -> None:
    """Say what has changed, or write it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--renew", action="store_true", help="write the files anew")
    renew = parser.parse_args().renew
    for path, made in scorecards():
        if path.is_file() and path.read_bytes() == made:
            continue
        if renew:
            path.write_bytes(made)
        print(f"{'renewed' if renew else 'changed'}: {path.name}")


if __name__ == "__main__":
    main()
