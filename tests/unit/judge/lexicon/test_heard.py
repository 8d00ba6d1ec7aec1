"""Speech under words, all at once, is what adding it up word by word gives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.judge.lexicon.heard import EverySpeech, SpeechHeard, little_speech
from pipeline.timeline import Span

TIMES = st.integers(0, 400).map(lambda tick: tick / 10)
SPANS = st.lists(st.tuples(TIMES, TIMES).map(lambda pair: Span(*sorted(pair))), max_size=8)


@given(SPANS, SPANS, st.lists(st.tuples(TIMES, TIMES, st.integers(-1, 1)), max_size=12))
def test_speech_under_words(
    one: list[Span], two: list[Span], words: list[tuple[float, float, int]]
) -> None:
    parties = [SpeechHeard(one, 0.2), SpeechHeard(two, 0.2)]
    spans = np.array([[word[0] for word in words], [word[1] for word in words]])
    said_by = np.array([word[2] for word in words], np.int64)
    little = little_speech(spans, said_by, EverySpeech.of(parties), 0.5)
    for (begin, finish, party), found in zip(words, little, strict=True):
        if party < 0:
            assert found
            continue
        finish = max(finish, begin + 0.001)
        ticks = np.arange(begin, finish, 0.001) + 0.0005
        covered = [
            any(span.start - 0.2 <= tick < span.end + 0.2 for span in (one, two)[party])
            for tick in ticks
        ]
        share = float(np.mean(covered))
        if abs(share - 0.5) > 0.02 + 0.002 / (finish - begin):
            assert found == (share < 0.5)
