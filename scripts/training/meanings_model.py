"""Trains the text model that stands beside the phrase lists.

    scripts/train_meanings [--language zh] [--out FILE] [--only INTENT…]

Reads `scripts/training/meanings/`, written talk and the lexicon; writes `pipeline/models/` and
prints what each intent gave on themes held out. The same texts give the same file.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.judge.call import Judge, compile
from pipeline.judge.lexicon.grams import CODE_BITS, sound_of
from pipeline.rubric import Lexicon, Rubric
from pipeline.rubric.kinds import Avoids
from pipeline.rubric.meanings import FORMAT, SHIPPED
from pipeline.rubric.reading import LEXICONS, RUBRICS
from pipeline.settings import default_rubric
from pipeline.yamlfile import read_typed
from scripts.training import meanings_texts as texts
from scripts.training.meanings_fit import Corpus, Fitted, corpus_of, fitted
from scripts.training.meanings_space import Space
from scripts.validation.talk import facts_of

STRICT: Final = 0.7
"""What must not be said is held to so much fewer errors."""
LEAST: Final = 0.06
"""Weights below this share of an intent's largest are left out."""
_ROW: Final = re.compile(r"^\| (?P<intent>\w+) \| (?P<by>[AC]) \|", re.M)


def speakers(folder: Path) -> dict[str, str]:
    """Who says what, from the table in the folder's README."""
    table = (folder / "README.md").read_text(encoding="utf-8")
    names = {"A": "agent", "C": "customer"}
    return {row["intent"]: names[row["by"]] for row in _ROW.finditer(table)}


def kin(path: Path) -> dict[str, frozenset[str]]:
    """By intent, those that often go together with it."""
    found: dict[str, frozenset[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        group = frozenset() if line.startswith("#") else frozenset(line.split())
        for each in group:
            found[each] = found.get(each, frozenset()) | group
    return found


# ── What the lists find already ──────────────────────────────────────────────────────────────────


def listed(
    lexicon: Lexicon, sentences: Sequence[str], by: Mapping[str, str]
) -> dict[str, frozenset[int]]:
    """By intent, the sentences that its phrase list finds."""
    rubric = read_typed(RUBRICS / f"{default_rubric(lexicon.language)}.yaml", Rubric)
    judge = compile(rubric, lexicon)
    found: dict[str, set[int]] = {intent: set() for intent in by}
    for speaker in sorted(set(by.values())):
        for at in range(0, len(sentences), _AT_ONCE):
            lines = [(speaker, text) for text in sentences[at : at + _AT_ONCE]]
            _add(found, judge, lines, at, by)
    return {intent: frozenset(each) for intent, each in found.items()}


_AT_ONCE: Final = 400


def _add(
    found: dict[str, set[int]],
    judge: Judge,
    lines: Sequence[tuple[str, str]],
    at: int,
    by: Mapping[str, str],
) -> None:
    view = judge.view(facts_of(lines, language=judge.rubric.language))
    for intent, speaker in by.items():
        if speaker == lines[0][0] and (intent, speaker) in view.book.asked:
            hits = view.mentions(intent, speaker)
            found[intent] |= {at + hit.turn for hit in hits if hit.problem is None}


def without_model(lexicon: Lexicon) -> Lexicon:
    """The lists alone: what the model is to add must not be hidden by an older model."""
    lists = {
        name: msgspec.structs.replace(each, means=None) for name, each in lexicon.lists.items()
    }
    return msgspec.structs.replace(lexicon, meanings=None, lists=lists)


# ── Words that stand for one another ─────────────────────────────────────────────────────────────


def classes(space: Space, path: Path) -> sparse.csr_matrix:
    """Which n-grams are words of which class: a row an n-gram, a column a class.

    A class's weight is shared by its words, so that after training it adds to theirs.
    """
    rows, columns, values = [], [], []
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    for column, line in enumerate(lines):
        for word in line.partition(":")[2].split():
            for key in _keys(space, word):
                at = int(space.keys.searchsorted(key))
                if at < len(space.keys) and space.keys[at] == key:
                    rows.append(at)
                    columns.append(column)
                    values.append(1.0 if len(word) == 1 else 0.5)
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(space.keys), len(lines)))


def _keys(space: Space, word: str) -> Iterable[int]:
    """A word as an n-gram of characters and, of two and more, of syllables."""
    units = list(word)
    kinds = [[space.codes.character(unit) for unit in units]]
    if len(units) > 1:
        kinds.append([space.codes.syllable(sound_of(unit)) for unit in units])
    for codes in kinds:
        if all(codes) and len(codes) <= 4:
            key = 0
            for code in codes:
                key = key << CODE_BITS | code
            yield key


# ── The file ─────────────────────────────────────────────────────────────────────────────────────


def packed(
    space: Space,
    models: Mapping[str, Fitted],
    by: Mapping[str, str],
    examples: Mapping[str, list[str]],
) -> bytes:
    """The model as it is stored: weights in 8 bits, those that weigh next to nothing left out."""
    weights = np.stack([each.weights for each in models.values()], axis=1)  # n-grams × intents
    scale = np.abs(weights).max(axis=0) / 127
    whole = np.rint(weights / scale)
    whole[np.abs(whole) < LEAST * 127] = 0
    used = whole.any(axis=1)
    gram, intent = np.nonzero(whole[used])
    arrays: dict[str, Any] = {
        "format": np.int64(FORMAT),
        "characters": np.array(space.characters),
        "syllables": np.array(space.syllables),
        "intents": np.array(list(models)),
        "speakers": np.array([by[each] for each in models]),
        "keys": space.keys[used].astype(np.uint64),
        "counts": np.bincount(gram, minlength=int(used.sum())).astype(np.uint8),
        "intent_of": intent.astype(np.uint8),
        "weights": whole[used][gram, intent].astype(np.int8),
        "scale": scale.astype(np.float32),
        "bias": np.array([each.bias for each in models.values()], np.float32),
        "limits": np.array([each.limit for each in models.values()], np.float32),
        "examples": np.array([text for each in models for text in examples[each]]),
        "example_counts": np.array([len(examples[each]) for each in models], np.int64),
    }
    return _archive(arrays)


def _archive(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """An .npz whose bytes depend on the arrays alone; `numpy.savez` writes the time into it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array, allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


# ── The command ──────────────────────────────────────────────────────────────────────────────────


def main() -> None:
    """Train, write, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--language", default="zh")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="*", help="these intents alone, for trying things out")
    wanted = parser.parse_args()
    folder = texts.EXAMPLES / wanted.language
    out = wanted.out or SHIPPED / f"meanings-{wanted.language}.npz"
    by = speakers(folder)
    measured = texts.golden()
    written = [each for each in texts.examples(folder) if texts.plain(each.text) not in measured]
    talk = [line for line in texts.talk() if texts.plain(line) not in measured]
    lexicon = without_model(read_typed(LEXICONS / f"{wanted.language}.yaml", Lexicon))
    corpus, space = _corpus(lexicon, written, talk, by)
    forbidden = _forbidden(lexicon)
    models = {}
    for intent in sorted({name for each in written for name in each.means}):
        if wanted.only and intent not in wanted.only:
            continue
        found = fitted(corpus, intent, STRICT if intent in forbidden else 1.0)
        models[intent] = dataclasses.replace(found, weights=space.folded(found.weights))
        print(
            f"{intent:20} {found.examples:4} examples, {_percent(found.recall):>4} found; "
            f"taken for it: {_percent(found.own, 1):>5} of its counter-examples, "
            f"{_percent(found.others, 2):>6} of others; from {found.limit:.2f}", flush=True,
        )  # fmt: skip
    examples = {
        intent: [each.text for each in written if each.means.get(intent) == texts.YES]
        for intent in models
    }
    data = packed(space, models, by, examples)
    out.write_bytes(data)
    print(f"{out}: {len(models)} intents, {len(data) / 1e6:.2f} MB")


def _percent(share: float | None, digits: int = 0) -> str:
    return "–" if share is None else f"{share:.{digits}%}"


def _corpus(
    lexicon: Lexicon, written: Sequence[texts.Sentence], talk: Sequence[str], by: Mapping[str, str]
) -> tuple[Corpus, Space]:
    """What is learnt from, as n-grams, and the n-grams."""
    found = listed(lexicon, [*(each.text for each in written), *talk], by)
    said = frozenset().union(*found.values())
    neutral = [line for at, line in enumerate(talk, len(written)) if at not in said]
    sentences = [*written, *texts.run_on(written, neutral)]
    space = Space([*(each.text for each in sentences), *talk])
    space.widen(classes(space, texts.EXAMPLES / f"words-{lexicon.language}.txt"))
    count, run_on = len(written), len(sentences) - len(written)
    moved = {
        intent: frozenset(
            [at + run_on if at >= count else at for at in places]
            + [count + at for at in places if at < count]
        )
        for intent, places in found.items()
    }
    families = kin(texts.EXAMPLES / f"kin-{lexicon.language}.txt")
    return corpus_of(space, sentences, talk, moved, families), space


def _forbidden(lexicon: Lexicon) -> frozenset[str]:
    """The lists of what the agent must not say."""
    rubric = read_typed(RUBRICS / f"{default_rubric(lexicon.language)}.yaml", Rubric)
    return frozenset(
        each.say
        for each in rubric.criteria
        if isinstance(each, Avoids) and each.by == "agent" and isinstance(each.say, str)
    ) | {"insult"}


if __name__ == "__main__":
    main()
