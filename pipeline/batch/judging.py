"""Rubrics made ready, one for each language that calls turn out to be in."""

from __future__ import annotations

import functools
from pathlib import Path

from pipeline.judge.call import Judge, compile
from pipeline.rubric import load, load_lexicon, shipped
from pipeline.settings import default_rubric
from pipeline.store.packing import judge_sha256


class Judging:
    """The rubric that was asked for, or the default one of a call's language."""

    def __init__(self, rubric: str | None) -> None:
        self._rubric = rubric

    def judge(self, language: str) -> Judge:
        """The judge of calls in that language.

        Raises:
            ConfigError: the rubric is wrong.
            UsageError: none ships for that language.
        """
        return _compiled(self._rubric or default_rubric(language))

    def sha256(self, language: str) -> str:
        """Names that judge."""
        judge = self.judge(language)
        return judge_sha256(judge.rubric.sha256, judge.lexicon.sha256)


@functools.lru_cache(maxsize=8)
def _compiled(name: str) -> Judge:
    path = Path(name)
    is_file = path.suffix in (".yaml", ".yml") or path.exists()
    rubric = load(path) if is_file else shipped(name)
    return compile(rubric, load_lexicon(rubric.lexicon))
