"""The synthesiser's times must agree with the sound that it made."""

import numpy as np
import pytest

from scripts.synthesis.voice import Speech, SpeechError, Voice, speak, to_syllables

SENTENCE = "您好，请问有什么可以帮您？"


def loudness(speech: Speech, start: float, end: float) -> float:
    """Root mean square between two times in seconds."""
    piece = speech.samples[round(start * speech.rate) : round(end * speech.rate)]
    return float(np.sqrt(np.mean(piece.astype(np.float64) ** 2)))


def test_every_character_is_spoken_once_and_in_order() -> None:
    speech = speak(SENTENCE)
    assert "".join(word.text for word in speech.words) == "您好请问有什么可以帮您"
    edges = [edge for word in speech.words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert all(0.05 < word.end - word.start < 0.6 for word in speech.words)
    assert edges[-1] <= len(speech.samples) / speech.rate


@pytest.mark.parametrize("variant", ["", "f3", "m1", "klatt2"])
def test_pause_between_words_is_silent(variant: str) -> None:
    speech = speak("您好，请问", Voice(variant, rate_wpm=160))
    before, after = speech.words[1], speech.words[2]
    assert after.start - before.end > 0.05
    gap = loudness(speech, before.end + 0.02, after.start - 0.01)
    assert gap < 0.2 * loudness(speech, before.start, before.end)


def test_word_times_bound_the_sound() -> None:
    speech = speak("好", Voice("f2"))
    (word,) = speech.words
    inside = loudness(speech, word.start, word.end)
    assert inside > 0.02
    if word.end + 0.03 < len(speech.samples) / speech.rate:
        assert loudness(speech, word.end + 0.02, len(speech.samples) / speech.rate) < 0.1 * inside


def test_vowel_of_a_syllable_lies_in_its_span() -> None:
    # The sibilant of 是 is high, the vowel of 啊 low: each must be found in its own span.
    speech = speak("是啊是啊是啊", Voice("m3", rate_wpm=160))
    crossings = []
    for word in speech.words:
        third = (word.end - word.start) / 3
        start = round(word.start * speech.rate)
        piece = speech.samples[start : start + round(third * speech.rate)]
        crossings.append(float(np.mean(np.abs(np.diff(np.sign(piece))) > 0)))
    assert min(crossings[0::2]) > 1.5 * max(crossings[1::2])


def test_rate_is_followed() -> None:
    slow = speak(SENTENCE, Voice(rate_wpm=140)).words[-1].end
    fast = speak(SENTENCE, Voice(rate_wpm=280)).words[-1].end
    assert 1.6 < slow / fast < 3.0


def test_readings_follow_the_phrase() -> None:
    assert [reading for _, reading in to_syllables("银行行动")] == [
        "yin2",
        "hang2",
        "xing2",
        "dong4",
    ]


def test_same_request_gives_the_same_times() -> None:
    first = speak(SENTENCE, Voice("f4", 210, 60, 20))
    speak("别的", Voice("m2", 300, 10, 90, 150))
    again = speak(SENTENCE, Voice("f4", 210, 60, 20))
    for one, other in zip(first.words, again.words, strict=True):
        assert one.text == other.text
        assert one.start == pytest.approx(other.start, abs=0.012)
        assert one.end == pytest.approx(other.end, abs=0.012)


@pytest.mark.parametrize("text", ["VIP客户", "一共99元"])
def test_unreadable_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(SpeechError, match=r"no Mandarin reading for '[V9]'"):
        speak(text)


def test_unknown_variant_is_refused() -> None:
    with pytest.raises(SpeechError, match="no voice variant 'nobody'"):
        speak("您好", Voice("nobody"))
