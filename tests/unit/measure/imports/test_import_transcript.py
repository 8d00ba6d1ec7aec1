"""Who is who, when each word was said, and whether it is this recording's transcript."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from pipeline.errors import TranscriptError
from pipeline.measure.imports import Imported, import_transcript
from pipeline.settings import TranscriptSettings, load_measure_settings
from pipeline.timeline import Span, Timeline

AGENT_SPEAKS = (Span(1, 3), Span(4, 6), Span(11, 13))
CUSTOMER_SPEAKS = (Span(7, 9), Span(14, 16))
SPEECH = {"agent": AGENT_SPEAKS, "customer": CUSTOMER_SPEAKS}


@pytest.fixture(scope="module")
def settings() -> TranscriptSettings:
    return load_measure_settings().transcript


def segments(*rows: tuple[str | None, float, float, str], **more: object) -> str:
    return json.dumps(
        {
            "schema": "qinhe.transcript/1",
            "segments": [
                {"speaker": who, "start": start, "end": end, "text": text}
                for who, start, end, text in rows
            ],
            **more,
        }
    )


def read(
    tmp_path: Path,
    content: str | bytes,
    settings: TranscriptSettings,
    speech: dict[str, Timeline] = SPEECH,
    **more: object,
) -> Imported:
    path = tmp_path / "call.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return import_transcript(path, speech, 20.0, settings, **more)  # type: ignore[arg-type]


def said(found: Imported) -> dict[str, str]:
    texts: dict[str, str] = {}
    for word in found.words:
        texts[word.speaker] = texts.get(word.speaker, "") + word.text
    return texts


# ── Times ────────────────────────────────────────────────────────────────────────────────────────


def test_segments_are_spread_over_the_speech_inside_them(
    tmp_path: Path, settings: TranscriptSettings
) -> None:
    found = read(tmp_path, segments(("agent", 0.5, 6.5, "您好，请问！")), settings)
    assert found.word_times == "spread"
    assert [(w.text, w.span.start, w.span.end) for w in found.words] == [
        ("您", 1, 2),
        ("好", 2, 3),
        ("请", 4, 5),
        ("问", 5, 6),
    ]
    assert all(word.probability is None for word in found.words)


def test_what_could_not_be_written_takes_its_time(
    tmp_path: Path, settings: TranscriptSettings
) -> None:
    found = read(tmp_path, segments(("agent", 4, 6, "好<unk>的")), settings)
    assert [(w.text, w.span.start, w.span.end) for w in found.words] == [
        ("好", 4, 4.5),
        ("的", 5.5, 6),
    ]


def test_words_share_time_by_syllables(tmp_path: Path, settings: TranscriptSettings) -> None:
    found = read(tmp_path, segments(("agent", 4, 6, "拨10086")), settings)
    assert [(w.text, round(w.span.duration, 3)) for w in found.words] == [
        ("拨", 0.333),
        ("10086", 1.667),
    ]


def test_a_word_is_not_laid_over_a_pause(tmp_path: Path, settings: TranscriptSettings) -> None:
    found = read(tmp_path, segments(("agent", 1, 6, "您好吗")), settings)
    assert [(w.span.start, w.span.end) for w in found.words] == [
        (1, pytest.approx(2.333, abs=1e-3)),
        (pytest.approx(2.333, abs=1e-3), 3),
        (pytest.approx(4.667, abs=1e-3), 6),
    ]


def test_timed_words_keep_their_times(tmp_path: Path, settings: TranscriptSettings) -> None:
    words = [
        {"text": "您好，", "start": 1.2, "end": 1.7, "speaker": "agent", "probability": 0.5},
        {"text": "。", "start": 1.7, "end": 1.8, "speaker": "agent"},
        {"text": "请", "start": 4.1, "end": 4.4, "speaker": "agent"},
    ]
    found = read(tmp_path, json.dumps({"schema": "qinhe.transcript/1", "words": words}), settings)
    assert found.word_times == "recognised"
    assert [(w.text, w.span, w.probability) for w in found.words] == [
        ("您好", Span(1.2, 1.7), 0.5),
        ("请", Span(4.1, 4.4), None),
    ]


# ── Who is who ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("agent", "caller"),
        ("AGENT", "CUSTOMER"),
        ("客服", "客户"),
        ("坐席1", "来电"),
        ("Agent_2", "Client"),
        ("1", "2"),
        ("A", "B"),
        ("ch_0", "ch_1"),
        ("Left", "Right"),
        ("spk_1", "spk_0"),
        ("张三", "李四"),
    ],
)
def test_labels_become_parties(
    tmp_path: Path, settings: TranscriptSettings, first: str, second: str
) -> None:
    content = segments((first, 1, 3, "您好"), (second, 7, 9, "你好"))
    assert said(read(tmp_path, content, settings)) == {"agent": "您好", "customer": "你好"}


def test_sound_outweighs_the_order_of_channels(
    tmp_path: Path, settings: TranscriptSettings
) -> None:
    content = segments(("2", 1, 3, "您好"), ("1", 7, 9, "你好"))
    assert said(read(tmp_path, content, settings)) == {"agent": "您好", "customer": "你好"}


def test_unknown_labels_are_named_with_the_remedy(
    tmp_path: Path, settings: TranscriptSettings
) -> None:
    content = segments(("Diane", 1, 3, "hello there"), ("Sheila", 7, 9, "hi"))
    mono = {"mixed": (Span(1, 9),)}
    with pytest.raises(TranscriptError, match=r"'Diane', 'Sheila'; .*Diane=agent,Sheila=customer"):
        read(tmp_path, content, settings, mono)
    told = {"diane": "customer", "Sheila": "agent"}
    found = read(tmp_path, content, settings, mono, speakers=told)
    assert said(found) == {"customer": "hellothere", "agent": "hi"}


def test_one_unknown_label_between_both_parties_is_not_guessed(
    tmp_path: Path, settings: TranscriptSettings
) -> None:
    content = segments(("X", 4, 6, "您好"), ("X", 7, 9, "你好"))
    with pytest.raises(TranscriptError, match="found 'X'"):
        read(tmp_path, content, settings)


def test_lines_without_labels_belong_to_who_speaks(
    tmp_path: Path, settings: TranscriptSettings
) -> None:
    content = segments((None, 4, 6, "您好"), (None, 7, 9, "你好"), (None, 9.2, 9.4, "嗯"))
    assert said(read(tmp_path, content, settings)) == {"agent": "您好", "customer": "你好嗯"}
    with pytest.raises(TranscriptError, match="segment 1: expected a speaker for every line"):
        read(tmp_path, content, settings, {})


def test_the_menu_is_nobody(tmp_path: Path, settings: TranscriptSettings) -> None:
    content = segments(("SYSTEM", 0, 1, "请按1"), ("AGENT", 1, 3, "您好"))
    assert said(read(tmp_path, content, settings)) == {"agent": "您好"}


def test_one_channel_for_both_keeps_the_labels(
    tmp_path: Path, settings: TranscriptSettings
) -> None:
    content = segments(("agent", 1, 3, "您好"), ("customer", 7, 9, "你好"))
    mono = {"mixed": AGENT_SPEAKS + CUSTOMER_SPEAKS}
    assert said(read(tmp_path, content, settings, mono)) == {"agent": "您好", "customer": "你好"}
    unlabelled = segments((None, 1, 3, "您好"))
    assert said(read(tmp_path, unlabelled, settings, mono)) == {"mixed": "您好"}


# ── Does it fit? ─────────────────────────────────────────────────────────────────────────────────


def test_a_transcript_longer_than_the_sound_is_refused(
    tmp_path: Path, settings: TranscriptSettings
) -> None:
    content = segments(("agent", 1, 3, "您好"), ("agent", 90, 95.5, "再见"))
    with pytest.raises(TranscriptError, match=r"recording of 20\.0 s, found words up to 95\.5 s"):
        read(tmp_path, content, settings)


def test_words_a_little_over_the_end_are_cut(tmp_path: Path, settings: TranscriptSettings) -> None:
    words = [
        {"text": "再", "start": 19.5, "end": 20.5, "speaker": "agent"},
        {"text": "见", "start": 20.5, "end": 21.0, "speaker": "agent"},
    ]
    found = read(tmp_path, json.dumps({"schema": "qinhe.transcript/1", "words": words}), settings)
    assert [(w.text, w.span) for w in found.words] == [("再", Span(19.5, 20.0))]


def test_a_transcript_of_silence_is_refused_with_its_figures(
    tmp_path: Path, settings: TranscriptSettings
) -> None:
    content = segments(("agent", 16.6, 19.5, "这不是这个录音"), ("agent", 1, 3, "您好"))
    with pytest.raises(TranscriptError, match="7 of 9 words where their speaker is silent"):
        read(tmp_path, content, settings)


def test_swapped_parties_are_recognised(tmp_path: Path, settings: TranscriptSettings) -> None:
    content = segments(("customer", 1, 3, "您好您好"), ("agent", 7, 8.5, "你好你好"))
    with pytest.raises(TranscriptError, match="--channels agent=right,customer=left"):
        read(tmp_path, content, settings)


def test_a_few_words_are_not_enough_to_refuse(tmp_path: Path, settings: TranscriptSettings) -> None:
    assert said(read(tmp_path, segments(("agent", 17, 19, "喂喂")), settings)) == {"agent": "喂喂"}


@pytest.mark.parametrize("text", ["", "。，！", "[noise]", "<unk>"])
def test_no_words_at_all(tmp_path: Path, settings: TranscriptSettings, text: str) -> None:
    with pytest.raises(TranscriptError, match="expected words of the agent or the customer"):
        read(tmp_path, segments(("agent", 1, 3, text)), settings)


# ── Language ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "declared", "told", "language"),
    [
        ("您好", "zh-CN", None, "zh"),
        ("您好", "chinese", None, "zh"),
        ("您好", None, None, "zh"),
        ("how can i help you", None, None, "en"),
        ("guten tag hier spricht", None, None, "und"),
        ("how can i help you", "en_GB", "zh", "zh"),
    ],
)
def test_language(
    tmp_path: Path,
    settings: TranscriptSettings,
    text: str,
    declared: str | None,
    told: str | None,
    language: str,
) -> None:
    content = segments(("agent", 1, 3, text), language=declared)
    assert read(tmp_path, content, settings, language=told).language == language


# ── Files ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"]
)
@pytest.mark.parametrize(
    "content",
    [
        "WEBVTT\r\n\r\n00:01.000 --> 00:03.000\r\n<v 客服>您好，請問\r\n",
        "1\n00:00:01,000 --> 00:00:03,000\n客服：您好，請問\n",
    ],
)
def test_encodings(
    tmp_path: Path, settings: TranscriptSettings, encoding: str, content: str
) -> None:
    assert said(read(tmp_path, content.encode(encoding), settings)) == {"agent": "您好請問"}


@pytest.mark.parametrize(
    "data",
    [b"\x00\x01\x02\x03" * 100, b"RIFF\x24\x00\x00\x00WAVEfmt ", b"\xff\xfe\x00", b"\x80\xff"],
)
def test_bytes_that_are_no_text(tmp_path: Path, settings: TranscriptSettings, data: bytes) -> None:
    with pytest.raises(TranscriptError, match="no text in any of these"):
        read(tmp_path, data, settings)


def test_missing_folder_and_pipe(tmp_path: Path, settings: TranscriptSettings) -> None:
    with pytest.raises(TranscriptError, match="no such file"):
        import_transcript(tmp_path / "none.vtt", SPEECH, 20, settings)
    with pytest.raises(TranscriptError, match="a folder"):
        import_transcript(tmp_path, SPEECH, 20, settings)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TranscriptError, match="something that is no file"):
        import_transcript(tmp_path / "pipe", SPEECH, 20, settings)


def test_a_file_too_large_is_not_read(tmp_path: Path, settings: TranscriptSettings) -> None:
    imports = msgspec.structs.replace(settings.imports, largest_mb=0.001)
    small = msgspec.structs.replace(settings, imports=imports)
    with pytest.raises(TranscriptError, match=r"at most 0\.001 MiB"):
        read(tmp_path, segments(("agent", 1, 3, "您好" * 1000)), small)


def test_a_long_transcript(tmp_path: Path, settings: TranscriptSettings) -> None:
    speech = {"agent": tuple(Span(2 * n, 2 * n + 1) for n in range(5000)), "customer": ()}
    content = segments(*((None, 2 * n, 2 * n + 1, "您好") for n in range(5000)))
    path = tmp_path / "long.json"
    path.write_text(content)
    assert len(import_transcript(path, speech, 10_000, settings).words) == 10_000
