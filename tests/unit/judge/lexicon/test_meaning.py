"""The text model beside the lists, on models whose weights are written by hand."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, ModelError
from pipeline.judge.call import Judge
from pipeline.judge.lexicon.evidence import Taken, runs_of
from pipeline.judge.lexicon.grams import (
    BEGIN,
    CODE_BITS,
    END,
    PIECE,
    PLACES,
    Codes,
    Pieces,
    keys_of,
    length_of,
    pieces_of,
    sound_of,
    spelt,
)
from pipeline.judge.lexicon.keytable import KEY_BITS, NONE, KeyTable, among, value_of
from pipeline.judge.lexicon.meaning import Listener, Meant
from pipeline.judge.lexicon.normalise import COMMA, STOP, units
from pipeline.judge.lexicon.script import BREAK, Vocabulary, script_of
from pipeline.judge.mention import Mention
from pipeline.judge.view import View
from pipeline.rubric import load_lexicon, shipped
from pipeline.rubric.meanings import Meanings, load_meanings, shipped_meanings
from pipeline.rubric.model import Means, PhraseList
from scripts.validation.talk import facts_of

KNOWN = "我们打听一下仓库再答复您不要说刚才人家师傅没来气死了稍等请谢好的吗啊"


def model(**intents: tuple[str, dict[str, float], float]) -> Meanings:
    """Speaker, weights of n-grams as they are spelt, and bias, by intent."""
    characters = [BEGIN, END, *dict.fromkeys(KNOWN)]
    syllables = sorted({sound_of(each) for each in KNOWN})
    code = {name: at for at, name in enumerate(characters, 1)}
    rows: dict[int, list[tuple[int, float]]] = {}
    for number, (_, weights, _) in enumerate(intents.values()):
        for gram, weight in weights.items():
            key = 0
            for each in gram:
                key = key << CODE_BITS | code[each]
            rows.setdefault(key, []).append((number, weight))
    keys = sorted(rows)
    pairs = [pair for key in keys for pair in rows[key]]
    return Meanings(
        name="test",
        sha256="0",
        characters=tuple(characters),
        syllables=tuple(syllables),
        intents=tuple(intents),
        speakers=tuple(speaker for speaker, _, _ in intents.values()),
        keys=np.array(keys, np.int64),
        first=np.array([0, *np.cumsum([len(rows[key]) for key in keys])]),
        intent_of=np.array([number for number, _ in pairs]),
        weights=np.array([weight for _, weight in pairs]),
        bias=np.array([bias for _, _, bias in intents.values()]),
        limits=np.full(len(intents), 0.5),
        examples=tuple(f"打听一下{name}" for name in intents),
        example_first=np.arange(len(intents) + 1),
    )


ASKS = {"打听": 8.0, "仓库": 4.0, "不": -6.0}


def heard(
    text: str, by: str = "agent", at_least: float | None = None, **weights: dict[str, float]
) -> list[Meant]:
    ready = model(asks=("agent", weights.get("asks", ASKS), -2.0))
    lists = {"asks": PhraseList(means=Means(intent="asks", at_least=at_least))}
    vocabulary = Vocabulary()
    listener = Listener(ready, lists, vocabulary)
    turns = facts_of([(by, text)]).turns
    return listener.search(script_of(turns, vocabulary))


# ── What is heard ────────────────────────────────────────────────────────────────────────────────


def test_weights_add_up_over_the_root_of_the_length() -> None:
    (hit,) = heard("打听一下仓库")
    score = (8 + 4) / (6 + 2) ** 0.5 - 2  # six units and a mark before and after
    assert hit.probability == pytest.approx(1 / (1 + np.exp(-score)), abs=0.003)  # in 8 bits


def test_what_speaks_against_it_takes_it_away() -> None:
    assert heard("打听一下")
    assert not heard("不打听一下")


def test_only_the_party_that_would_say_it_means_it() -> None:
    assert heard("打听一下仓库", by="agent")
    assert not heard("打听一下仓库", by="customer")


def test_the_list_says_from_which_probability_it_counts() -> None:
    (hit,) = heard("打听一下仓库")
    assert heard("打听一下仓库", at_least=hit.probability - 0.001)
    assert not heard("打听一下仓库", at_least=hit.probability + 0.001)


def test_a_clause_is_found_in_a_long_sentence() -> None:
    (hit,) = heard("好的好的好的，我打听一下仓库，再答复您再答复您再答复您")
    (alone,) = heard("我打听一下仓库")
    assert hit.probability == pytest.approx(alone.probability, abs=1e-6)


def test_a_clause_that_never_ends_does_not_drown_what_was_meant() -> None:
    assert heard("好的" * 12 + "打听一下仓库" + "好的" * 12)


def test_a_sentence_counts_once() -> None:
    assert len(heard("打听一下，打听一下，打听一下")) == 1
    assert len(heard("打听一下。打听一下。")) == 2


def test_the_words_shown_are_those_that_speak_for_it() -> None:
    vocabulary = Vocabulary()
    listener = Listener(
        model(asks=("agent", ASKS, -2.0)),
        {"asks": PhraseList(means=Means(intent="asks"))},
        vocabulary,
    )
    script = script_of(facts_of([("agent", "好的我们打听一下啊")]).turns, vocabulary)
    (hit,) = listener.search(script)
    assert script.text(hit.start, hit.end) == "打听"
    assert script.text(hit.low, hit.high) == "好的我们打听一下啊"
    assert listener.nearest(hit) == "打听一下asks"


def test_silence_and_unknown_words_mean_nothing() -> None:
    assert heard("") == []
    assert heard("鑫森淼焱垚") == []


def test_the_last_piece_of_a_very_long_clause_may_be_its_end_alone() -> None:
    said = "打听" + "好" * (PIECE * PIECE + PIECE - 3)  # 15 pieces of 15 tokens are all but one
    none = np.zeros(len(said) + 2, bool)
    pieces = pieces_of(np.array([BREAK, *[7] * len(said), BREAK]), none, none)
    assert np.diff(pieces.first)[-1] == 1
    assert len(heard(said)) == 1


def test_what_is_taken_is_left_out() -> None:
    vocabulary = Vocabulary()
    lists = {"asks": PhraseList(means=Means(intent="asks"))}
    listener = Listener(model(asks=("agent", ASKS, -2.0)), lists, vocabulary)
    script = script_of(facts_of([("agent", "打听一下。仓库打听。")]).turns, vocabulary)
    first, second = listener.search(script)
    assert [script.text(each.low, each.high) for each in (first, second)] == [
        "打听一下",
        "仓库打听",
    ]
    none, one = np.array([0]), np.array([1])
    for start, end, left in (
        (first.low, first.high, [second.start]),
        (first.high - 1, first.high, [second.start]),
        (first.high, first.high + 1, [first.start]),
        (second.high, second.high + 1, [first.start, second.start]),
    ):
        taken = Taken(none, one, np.array([start]), np.array([end]))
        assert [each.start for each in listener.search(script, taken)] == left


# ── Beside the lists ─────────────────────────────────────────────────────────────────────────────


def mentions(text: str, phrases: PhraseList, by: str = "customer") -> tuple[Mention, ...]:
    """What the shipped lexicon's list of upset words finds, with these phrases in its place."""
    rubric = shipped("affinity-zh-v1")
    rubric.lists["upset"] = phrases
    view: View = Judge(rubric, load_lexicon("zh")).view(facts_of([(by, text)]))
    return view.mentions("upset", by)


MEANS = Means(intent="upset", at_least=0.02)
ANGRY = "我快让你们折磨出病来了"


def test_where_a_list_has_the_words_the_list_wins() -> None:
    (alone,) = mentions(ANGRY, PhraseList(means=MEANS))
    (listed,) = mentions(ANGRY, PhraseList(says=("折磨出病",), means=MEANS))
    assert alone.phrase == ""
    assert alone.evidence().phrase in load_meanings("zh").examples
    assert listed.evidence().phrase == "折磨出病"


def test_exceptions_of_the_list_hold_for_the_model() -> None:
    barred = PhraseList(means=MEANS, excepting=("折磨出病",))
    assert mentions(ANGRY, barred) == ()


def test_without_the_key_the_list_stands_alone() -> None:
    assert mentions(ANGRY, PhraseList(says=("绝不会说的话",))) == ()


# ── What the file says ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("means", "said"),
    [
        ("{intent: upsett}", ("line", "upsett", "'upset'")),
        ("{intent: upset, at_least: 1.5}", ("at_least", "1.5", "between 0 and 1")),
        ("{intent: upset, atleast: 0.5}", ("atleast", "at_least")),
    ],
)
def test_mistakes_are_named_by_file_line_and_nearest_name(
    tmp_path: Path, means: str, said: tuple[str, ...]
) -> None:
    path = _lexicon(tmp_path, f"meanings: zh\nlists:\n  angry:\n    means: {means}\n")
    with pytest.raises(ConfigError) as error:
        load_lexicon(str(path))
    assert all(each in str(error.value) for each in (path.name, *said))


def test_a_meaning_needs_a_model_and_a_list_something_to_find(tmp_path: Path) -> None:
    for lists, expected in (
        ("lists:\n  angry:\n    means: {intent: upset}\n", "text model"),
        ("lists:\n  angry:\n    negation: ignore\n", "phrases, or means"),
        ("meanings: zz\nlists: {}\n", "zh"),
    ):
        with pytest.raises(ConfigError, match=expected):
            load_lexicon(str(_lexicon(tmp_path, lists)))
        load_lexicon.cache_clear()


def _lexicon(folder: Path, more: str) -> Path:
    path = folder / "own.yaml"
    head = "language: zh\nfillers: [嗯]\nnegators: [不]\nreporting: [您说]\n"
    path.write_text(head + more, encoding="utf-8")
    return path


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "meanings-xx.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(ModelError, match=r"meanings-xx\.npz"):
        load_meanings(str(path))


def test_the_model_is_part_of_what_names_a_lexicon() -> None:
    import msgspec

    lexicon = load_lexicon("zh")
    assert lexicon.sha256 != msgspec.structs.replace(lexicon, meanings=None).sha256


def test_every_list_that_means_something_is_known_to_the_shipped_model() -> None:
    assert shipped_meanings() == ("zh",)
    ready = load_meanings("zh")
    asked = {each.means.intent for each in load_lexicon("zh").lists.values() if each.means}
    assert asked == set(ready.intents)
    assert len(asked) >= 50


# ── N-grams ──────────────────────────────────────────────────────────────────────────────────────


def cut(text: str) -> tuple[Pieces, Vocabulary]:
    vocabulary = Vocabulary()
    found, marks = units(text)
    ids = np.array([BREAK, *(vocabulary.number(each) for each in found), BREAK])
    stops = np.array([0, *marks, 0])
    return pieces_of(ids, stops >= COMMA, stops >= STOP), vocabulary


def grams(text: str) -> list[str]:
    codes = Codes([BEGIN, END, *dict.fromkeys(KNOWN)], [])
    pieces, vocabulary = cut(text)
    keys, _ = keys_of(pieces, codes, vocabulary.names)
    names = {codes.character(name): name for name in [BEGIN, END, *KNOWN]}
    several = keys[length_of(keys) > 1]
    return sorted(set(spelt(several, names)))


def test_clauses_have_a_beginning_and_an_end() -> None:
    assert grams("好吗") == sorted(["^好", "好吗", "吗$", "^好吗", "好吗$", "^好吗$"])
    assert "好好" not in grams("好，好")


@given(st.text("好吗，。鑫", max_size=40))
def test_every_run_of_known_units_is_an_ngram(text: str) -> None:
    codes = Codes([BEGIN, END, "好", "吗"], [])
    pieces, vocabulary = cut("好" + text)
    keys, at = keys_of(pieces, codes, vocabulary.names)
    names = {codes.character(name): name for name in (BEGIN, END, "好", "吗")}
    found = sorted(zip((at // PLACES).tolist(), spelt(keys, names), strict=True))
    tokens = [BEGIN if at in pieces.clauses[:-1] else END for at in range(pieces.clauses[-1])]
    for place, unit in zip(pieces.place, pieces.units, strict=True):
        tokens[place] = vocabulary.names[unit]
    expected = []
    for start in range(len(tokens)):
        for end in range(start + 1, min(start + 5, len(tokens) + 1)):
            run = tokens[start:end]
            if "鑫" not in run and END not in run[:-1]:
                expected.append((start, "".join(run)))
    # Beginnings and ends are syllables as well.
    marks = [each for each in expected if set(each[1]) <= {BEGIN, END}]
    assert found == sorted(expected + marks)


def test_digits_are_one_syllable_and_near_sounds_another() -> None:
    assert sound_of("三") == sound_of("五")
    assert sound_of("稍") == sound_of("烧")
    assert sound_of("稍") != sound_of("等")


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_pieces_are_short_and_lose_nothing(lengths: list[int]) -> None:
    ids = np.array([BREAK, *(each for length in lengths for each in [*[7] * length, BREAK])])
    none = np.zeros(len(ids), bool)
    pieces = pieces_of(ids, none, none)
    sizes = np.diff(pieces.first)
    assert sizes.sum() == sum(lengths) + 2 * len(lengths)
    assert sizes.max() <= PIECE + 2
    assert len(np.unique(pieces.sentence)) == len(lengths)


@given(st.lists(st.integers(0, 4), max_size=30))
def test_runs_stay_within_a_sentence(steps: list[int]) -> None:
    sentence = np.cumsum(np.array(steps, np.int64) == 0)
    low, high = runs_of(sentence)
    assert all(len(set(sentence[a:b])) == 1 for a, b in zip(low, high, strict=True))
    assert {(at, at + 1) for at in range(len(sentence))} <= set(zip(low, high, strict=True))


@given(
    st.sets(st.integers(0, 2**KEY_BITS - 1), min_size=1, max_size=300),
    st.sets(st.integers(0, 2**KEY_BITS - 1)),
)
def test_every_key_is_found_and_no_other(known: set[int], others: set[int]) -> None:
    keys = np.array(sorted(known), np.int64)
    table = KeyTable.of(keys, np.arange(len(keys)) + 5)
    at, value = among(table, keys)
    assert at.tolist() == list(range(len(keys)))
    assert value.tolist() == [each + 5 for each in range(len(keys))]
    strange = sorted(others - known)
    both = np.array([*strange, *sorted(known)], np.int64)
    at, value = among(table, both)
    assert at.tolist() == list(range(len(strange), len(both)))
    assert (keys[value - 5] == both[at]).all()
    assert all(value_of(table, key) == NONE for key in strange)
