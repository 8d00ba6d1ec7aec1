"""Training the text model: what is read, what is left out, that the same texts give the same."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.rubric.meanings import load_meanings
from scripts.training import meanings_model, meanings_texts
from scripts.training.meanings_fit import FOLDS, corpus_of, fitted, labels_of
from scripts.training.meanings_space import Space
from scripts.training.meanings_texts import NO, UNSURE, YES, Sentence, examples

WAITS = ["等我一会儿", "您稍等片刻", "请等一等啊", "麻烦您等等", "先等一下好吗", "稍候我去查"]
THANKS = ["谢谢您来电", "感谢您支持", "多谢您理解", "谢谢配合啊", "非常感谢您", "谢谢您等候"]


def sentences() -> tuple[Sentence, ...]:
    return tuple(
        Sentence(text, f"theme {at}", {intent: YES, other: NO})
        for intent, other, texts in (("wait", "thank", WAITS), ("thank", "wait", THANKS))
        for at, text in enumerate(texts)
    )


def test_errors_are_shares_of_what_there_is_or_none() -> None:
    written = sentences()
    space = Space([each.text for each in written], least=1)
    found = fitted(corpus_of(space, written, (), {}, {}), "wait", 1.0)
    assert 0.0 <= found.recall <= 1.0
    assert 0.0 <= found.own <= 1.0
    assert found.others is None  # every sentence says whether it means it


def packed() -> tuple[bytes, Space]:
    written = sentences()
    space = Space([each.text for each in written], least=1)
    corpus = corpus_of(space, written, (), {}, {})
    models = {intent: fitted(corpus, intent, 1.0) for intent in ("thank", "wait")}
    by = {"wait": "agent", "thank": "agent"}
    return meanings_model.packed(space, models, by, {"wait": WAITS, "thank": THANKS}), space


def test_the_same_texts_give_the_same_file_and_it_can_be_read(tmp_path: Path) -> None:
    data, space = packed()
    assert data == packed()[0]
    path = tmp_path / "meanings-xx.npz"
    path.write_bytes(data)
    model = load_meanings(str(path))
    assert model.intents == ("thank", "wait")
    assert set(model.examples) == {*WAITS, *THANKS}
    assert set(model.keys.tolist()) <= set(space.keys.tolist())
    assert model.first[-1] == len(model.weights)
    key = (space.codes.character("谢") << 12) | space.codes.character("谢")
    at = int(model.keys.searchsorted(np.uint64(key)))
    own = slice(model.first[at], model.first[at + 1])
    assert dict(zip(model.intent_of[own].tolist(), model.weights[own].tolist(), strict=True))[0] > 0


def test_lines_are_examples_counter_examples_and_uncertain_ones(tmp_path: Path) -> None:
    (tmp_path / "wait.txt").write_text("# 查账\n等我查查\n- 您等着吧 // 冷淡\n~ 等等\n", "utf-8")
    (tmp_path / "rude.txt").write_text("# 不耐烦\n您等着吧\n", "utf-8")
    found = {each.text: each for each in examples(tmp_path)}
    assert found["等我查查"].means == {"wait": YES}
    assert found["等等"].means == {"wait": UNSURE}
    assert found["您等着吧"].means == {"wait": NO, "rude": YES}
    assert found["等我查查"].theme == "wait: 查账"


def test_a_line_cannot_mean_it_and_not(tmp_path: Path) -> None:
    (tmp_path / "wait.txt").write_text("# 查账\n等我查查\n- 等我查查。\n", "utf-8")
    with pytest.raises(ValueError, match=r"wait\.txt, line 3"):
        examples(tmp_path)


def test_nothing_that_figures_are_measured_on_is_learnt() -> None:
    measured = meanings_texts.golden()
    written = examples(meanings_texts.EXAMPLES / "zh")
    assert len(written) > 10_000
    assert not [each.text for each in written if meanings_texts.plain(each.text) in measured]


def test_kin_and_what_the_list_finds_are_no_counter_examples() -> None:
    written = (Sentence("甲乙丙丁", "a", {"a": YES}), Sentence("戊己庚辛", "b", {"b": YES}),
               Sentence("子丑寅卯", "c", {"c": YES}))  # fmt: skip
    space = Space([each.text for each in written], least=1)
    kin = {"a": frozenset({"a", "b"})}
    corpus = corpus_of(space, written, ("甲乙", "丙丁"), {"a": frozenset({3})}, kin)
    label, weight = labels_of(corpus, "a")
    assert label.tolist() == [YES, UNSURE, NO, UNSURE, NO]
    assert (weight > 0).tolist() == [True, False, True, False, True]


def test_a_theme_is_held_out_as_a_whole() -> None:
    written = sentences()
    space = Space([each.text for each in written], least=1)
    corpus = corpus_of(space, written, ("谢谢",), {}, {})
    assert corpus.fold[-1] == -1
    assert len({(each.theme, fold) for each, fold in zip(written, corpus.fold, strict=False)}) == 6
    assert set(corpus.fold[:-1].tolist()) <= set(range(FOLDS))


def test_run_on_lines_keep_their_meaning_and_come_out_the_same() -> None:
    once, again = (meanings_texts.run_on(sentences(), ["好的"]) for _ in range(2))
    assert once == again
    assert [each.means for each in once] == [each.means for each in sentences()]
    assert all(len(each.text) >= 6 for each in once)
