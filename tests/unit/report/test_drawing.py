"""How pictures look and are kept: fonts that are there, the same bytes, words as words."""

import builtins

import pytest

from pipeline.errors import UsageError
from pipeline.report import drawing


def picture():
    with drawing.style():
        from matplotlib.figure import Figure

        found = Figure(figsize=(2, 1))
        axes = found.add_subplot()
        axes.plot([0, 1], [0, 1])
        axes.set_title("语速 <b>")
    return found


def test_the_same_picture_is_the_same_bytes() -> None:
    one, other = picture(), picture()
    assert drawing.png(one) == drawing.png(other)
    assert drawing.svg(one) == drawing.svg(other)
    assert drawing.png(one).startswith(b"\x89PNG")


def test_words_stay_words_and_harm_no_page() -> None:
    text = drawing.svg(picture())
    assert text.startswith("<svg")
    assert "语速 &lt;b&gt;" in text


def test_a_font_that_has_chinese_is_taken_where_there_is_one() -> None:
    import matplotlib as mpl
    from matplotlib import font_manager

    there = {font.name for font in font_manager.fontManager.ttflist}
    with drawing.style():
        first = mpl.rcParams["font.family"][0]
    wanted = next((name for name in drawing.FONTS if name in there), "sans-serif")
    assert first == wanted


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: object, **more: object):
        if name == "matplotlib":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError, match=r"qinhe\[tune\]"), drawing.style():
        pass
