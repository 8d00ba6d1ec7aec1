"""Every form of transcript is told by its content and read into the same cues."""

import json
from pathlib import Path

import jsonschema
import pytest

from pipeline.errors import TranscriptError
from pipeline.measure.imports.cues import Cue, Parsed, spoken
from pipeline.measure.imports.forms import parse
from pipeline.measure.imports.own import transcript_schema
from pipeline.measure.words import UNHEARD

FILE = Path("call.txt")


def cues(parsed: Parsed) -> list[tuple[str | None, float, float, str]]:
    return [
        (cue.label, round(cue.start, 3), round(cue.end, 3), cue.text.strip()) for cue in parsed.cues
    ]


def pieces(cue: Cue) -> list[tuple[str, float, float, float | None]]:
    return [(p.text.strip(), round(p.start, 3), round(p.end, 3), p.probability) for p in cue.pieces]


# ── Ours ─────────────────────────────────────────────────────────────────────────────────────────

OWN = {
    "schema": "qinhe.transcript/1",
    "language": "zh",
    "segments": [
        {
            "speaker": "agent",
            "start": 0.5,
            "end": 1.5,
            "text": "您好。",
            "words": [{"text": "您好", "start": 0.6, "end": 1.2, "probability": 0.9}],
        },
        {"channel": 1, "start": 2, "end": 3, "text": "谢谢"},
    ],
}


def test_own_segments() -> None:
    parsed = parse(json.dumps(OWN), FILE)
    assert (parsed.form, parsed.language) == ("qinhe", "zh")
    assert cues(parsed) == [("agent", 0.5, 1.5, "您好。"), ("channel 1", 2, 3, "谢谢")]
    assert pieces(parsed.cues[0]) == [("您好", 0.6, 1.2, 0.9)]


def test_own_words() -> None:
    words = [{"text": "喂", "start": 1, "end": 1.2, "speaker": "客户"}]
    parsed = parse(json.dumps({"schema": "qinhe.transcript/1", "words": words}), FILE)
    assert cues(parsed) == [("客户", 1, 1.2, "喂")]
    assert pieces(parsed.cues[0]) == [("喂", 1, 1.2, None)]


def test_published_schema_takes_what_is_read_and_refuses_what_is_not() -> None:
    schema = transcript_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(OWN, schema)
    for wrong in (
        {**OWN, "language": 3},
        {**OWN, "word": []},
        {"schema": "qinhe.transcript/2"},
        {**OWN, "segments": [{"text": "x", "start": -1, "end": 0}]},
        {**OWN, "segments": [{"text": "x", "start": 0}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
        with pytest.raises(TranscriptError, match=r"call\.txt: expected"):
            parse(json.dumps(wrong), FILE)


def test_own_error_names_the_place() -> None:
    broken = json.dumps({**OWN, "segments": [{"text": "x", "start": 0, "end": "1"}]})
    with pytest.raises(TranscriptError, match=r"\$\.segments\[0\]\.end"):
        parse(broken, FILE)


def test_own_cannot_say_everything_twice() -> None:
    both = {**OWN, "words": [{"text": "喂", "start": 1, "end": 1.2}]}
    with pytest.raises(TranscriptError, match="either segments or words"):
        parse(json.dumps(both), FILE)


# ── WebVTT ───────────────────────────────────────────────────────────────────────────────────────

VTT = """WEBVTT - 客服录音
Kind: captions

STYLE
::cue { color: red }

NOTE 00:00:00.000 is when the menu ends

1
00:01.000 --> 00:02.500 position:10%,line-left align:left
<v.loud 客服>您好，<b>请问</b>有什么可以帮您？</v>

00:00:03.000 --> 00:00:05.000
<v Customer>我的 A&amp;B 卡<script>alert("x")</script>
<v Agent>请稍等

01:00:00.000 --> 01:00:01.000
Agent: 再见
"""


def test_webvtt_voices_settings_notes_and_markup() -> None:
    parsed = parse(VTT, FILE)
    assert parsed.form == "WebVTT"
    labels = [cue.label for cue in parsed.cues]
    assert labels == ["客服", "Customer", "Agent", "Agent"]
    assert [spoken(cue.text).split() for cue in parsed.cues] == [
        ["您好，请问有什么可以帮您？"],
        ["我的", "A&B", "卡", "alert"],
        ["请稍等"],
        ["再见"],
    ]
    assert (parsed.cues[0].start, parsed.cues[0].end) == (1.0, 2.5)
    assert parsed.cues[1].end == parsed.cues[2].start
    assert (parsed.cues[2].end, parsed.cues[3].start) == (5.0, 3600.0)


def test_webvtt_times_inside_a_cue() -> None:
    text = "WEBVTT\n\n00:10.000 --> 00:12.000\n<v Agent>您好<00:10.500><c>请问</c><00:11.250>先生\n"
    (cue,) = parse(text, FILE).cues
    assert [(spoken(p.text).strip(), p.start, p.end) for p in cue.pieces] == [
        ("您好", 10.0, 10.5),
        ("请问", 10.5, 11.25),
        ("先生", 11.25, 12.0),
    ]


def test_webvtt_bad_times_name_the_line() -> None:
    with pytest.raises(TranscriptError, match=r"call\.txt, line 3: expected times.*'00:01 --> 2'"):
        parse("WEBVTT\n\n00:01 --> 2\nhello\n", FILE)


@pytest.mark.parametrize("end", [1e20, 1e308, 2**60])
def test_times_that_no_recording_reaches_are_refused(end: float) -> None:
    far = {"schema": OWN["schema"], "language": "zh",
           "words": [{"text": "喂", "start": 1, "end": end, "speaker": "agent"}]}  # fmt: skip
    with pytest.raises(TranscriptError, match=r"found 1 to .* s"):
        parse(json.dumps(far), FILE)


def test_end_before_start_names_the_line() -> None:
    with pytest.raises(TranscriptError, match=r"line 3.*found 4 to 2 s"):
        parse("WEBVTT\n\n00:04.000 --> 00:02.000\nhello\n", FILE)


# ── SubRip ───────────────────────────────────────────────────────────────────────────────────────

SRT = """1
00:00:01,000 --> 00:00:02,000
客服：您好

2
00:00:02,500 --> 00:00:03,500
{\\an8}客户: <i>现在</i>是9:30

还要等吗
3
00:00:04,000 --> 00:00:06,000
- 客服：请看时间：九点
- 客户：好
"""


def test_srt_speakers_before_a_colon() -> None:
    parsed = parse(SRT, FILE)
    assert parsed.form == "SRT"
    found = [(cue.label, " ".join(spoken(cue.text).split())) for cue in parsed.cues]
    assert found == [
        ("客服", "您好"),
        ("客户", "现在是9:30 还要等吗"),
        ("客服", "请看时间：九点"),
        ("客户", "好"),
    ]


def test_srt_a_colon_in_a_sentence_is_no_speaker() -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n时间：三点\n\n2\n00:00:02,000 --> 00:00:03,000\n好的\n"
    )
    assert cues(parse(text, FILE)) == [(None, 1, 2, "时间：三点"), (None, 2, 3, "好的")]


def test_srt_names_that_come_again_are_speakers() -> None:
    text = "".join(
        f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{who}: text {n}\n\n"
        for n, who in enumerate(["Zhang San", "Li Si", "Zhang San", "Li Si"], 1)
    )
    assert [cue.label for cue in parse(text, FILE).cues] == ["Zhang San", "Li Si"] * 2


# ── STM ──────────────────────────────────────────────────────────────────────────────────────────


def test_stm() -> None:
    text = (
        ";; comment\n"
        "sw1 1 agent 3.72 6.39 <o,f0,male> hello this is { uh / @ } harper\n"
        "sw1 2 caller 7.0 7.5 <unk> (um) yes\n"
        "sw1 2 caller 8.0 8.5 ignore_time_segment_in_scoring\n"
        "sw1 1 inter_segment_gap 8.5 9.5 <o,,>\n"
        "sw1 1 agent 9.5 9.9\n"
    )
    parsed = parse(text, FILE)
    assert cues(parsed) == [
        ("agent", 3.72, 6.39, "hello this is uh harper"),
        ("caller", 7.0, 7.5, "<unk> um yes"),
        ("agent", 9.5, 9.9, ""),
    ]
    assert spoken(parsed.cues[1].text).split() == [UNHEARD, "um", "yes"]


def test_stm_channel_is_the_label_where_names_say_nothing() -> None:
    text = "a A Diane 1 2 hi\na B Sheila 3 4 hello\n"
    assert [cue.label for cue in parse(text, FILE).cues] == ["A", "B"]
    mixed = "a 1 Diane 1 2 hi\na 1 Sheila 3 4 hello\n"
    assert [cue.label for cue in parse(mixed, FILE).cues] == ["Diane", "Sheila"]


def test_stm_of_several_recordings() -> None:
    text = "call_1 1 agent 1 2 one\ncall_2 1 agent 1 2 two\n"
    assert cues(parse(text, FILE, "call_2.wav")) == [("agent", 1, 2, "two")]
    with pytest.raises(TranscriptError, match="lines of 2 recordings"):
        parse(text, FILE, "other.wav")


def test_stm_bad_line_is_named() -> None:
    with pytest.raises(TranscriptError, match=r"call\.txt, line 2: expected an STM line"):
        parse("a 1 agent 1 2 hi\nwhat is this\n", FILE)
    with pytest.raises(TranscriptError, match=r"line 1: expected start and end in seconds"):
        parse("a 1 agent 1.2.3 2 hi\n", FILE)


# ── Other programs' JSON ─────────────────────────────────────────────────────────────────────────


def test_contact_lens() -> None:
    call = {
        "Version": "1.1.0",
        "Channel": "VOICE",
        "LanguageCode": "zh-CN",
        "Participants": [
            {"ParticipantId": "e9b3", "ParticipantRole": "CUSTOMER"},
            {"ParticipantId": "f36a", "ParticipantRole": "AGENT"},
        ],
        "Categories": {"MatchedCategories": []},
        "Transcript": [
            {
                "ParticipantId": "f36a",
                "Id": "1",
                "Content": "您好，[PII]先生",
                "BeginOffsetMillis": 3040,
                "EndOffsetMillis": 5040,
                "Sentiment": "NEUTRAL",
                "LoudnessScore": [76.0, None],
            },
            {
                "ParticipantId": "e9b3",
                "Id": "2",
                "Content": "你好",
                "BeginOffsetMillis": 6000,
                "EndOffsetMillis": 6500,
            },
        ],
    }
    parsed = parse(json.dumps(call, ensure_ascii=False), FILE)
    assert (parsed.form, parsed.language) == ("Contact Lens", "zh-CN")
    assert cues(parsed) == [
        ("AGENT", 3.04, 5.04, "您好，[PII]先生"),
        ("CUSTOMER", 6.0, 6.5, "你好"),
    ]


@pytest.mark.parametrize(
    "wording",
    [
        {"Content": "Hey", "Confidence": 0.98},
        {"Alternatives": [{"Content": "Hey", "Confidence": "0.98"}]},
    ],
)
def test_call_analytics(wording: dict[str, object]) -> None:
    timed = {"BeginOffsetMillis": 440, "EndOffsetMillis": 1720, "Type": "pronunciation"}
    call = {
        "JobStatus": "COMPLETED",
        "LanguageCode": "en-US",
        "Transcript": [
            {
                "LoudnessScores": [87.8],
                "Content": "Hey.",
                "Items": [{**timed, **wording}, {"Content": ".", "Type": "punctuation"}],
                "BeginOffsetMillis": 440,
                "EndOffsetMillis": 1750,
                "ParticipantRole": "AGENT",
            }
        ],
        "Participants": [{"ParticipantRole": "AGENT"}],
    }
    (cue,) = parse(json.dumps(call), FILE).cues
    assert cue.label == "AGENT"
    assert pieces(cue) == [("Hey", 0.44, 1.72, 0.98)]


def item(text: str, start: float, **more: str) -> dict[str, object]:
    return {
        "start_time": str(start),
        "end_time": str(start + 0.2),
        "alternatives": [{"confidence": "0.9", "content": text}],
        "type": "pronunciation",
        **more,
    }


def test_amazon_transcribe_by_channel_and_by_speaker() -> None:
    mark = {"alternatives": [{"confidence": "0.0", "content": "."}], "type": "punctuation"}
    channels = [
        {"channel_label": "ch_0", "items": [item("I've", 4.86), mark]},
        {"channel_label": "ch_1", "items": [item("Sorry", 8.5)]},
    ]
    by_channel = {"results": {"items": [], "channel_labels": {"channels": channels}}}
    expected = [(4.86, 5.06, "I've"), (8.5, 8.7, "Sorry")]
    found = cues(parse(json.dumps(by_channel), FILE))
    assert found == [("ch_0", *expected[0]), ("ch_1", *expected[1])]

    segments = [
        {"speaker_label": "spk_0", "items": [{"start_time": "4.86", "end_time": "5.06"}]},
        {"speaker_label": "spk_1", "items": [{"start_time": "8.5", "end_time": "8.7"}]},
    ]
    by_speaker = {
        "results": {
            "items": [item("I've", 4.86), mark, item("Sorry", 8.5)],
            "speaker_labels": {"speakers": 2, "segments": segments},
        }
    }
    found = cues(parse(json.dumps(by_speaker), FILE))
    assert found == [("spk_0", *expected[0]), ("spk_1", *expected[1])]


def test_whisper_json() -> None:
    words = [
        {"word": " Wi", "start": 0.0, "end": 0.2, "probability": 0.9},
        {"word": "Fi", "start": 0.2, "end": 0.4, "probability": 0.7},
        {"word": " works", "start": 0.5, "end": 0.9, "probability": 0.8},
    ]
    segment = {"id": 0, "start": 0, "end": 1, "text": " WiFi works", "words": words}
    parsed = parse(json.dumps({"text": "…", "segments": [segment], "language": "en"}), FILE)
    assert (parsed.form, parsed.language) == ("Whisper", "en")
    assert [p.text for p in parsed.cues[0].pieces] == [" Wi", "Fi", " works"]


def test_whisperx_words_without_times_get_their_neighbours() -> None:
    words = [
        {"word": "dial", "start": 1.0, "end": 1.4, "score": 0.8, "speaker": "SPEAKER_01"},
        {"word": "10086"},
        {"word": "now", "start": 2.4, "end": 2.6, "score": 0.7},
    ]
    segment = {"start": 1.0, "end": 3.0, "text": "dial 10086 now", "words": words}
    (cue,) = parse(json.dumps({"segments": [segment]}), FILE).cues
    assert cue.label == "SPEAKER_01"
    assert pieces(cue) == [
        ("dial", 1.0, 1.4, 0.8),
        ("10086", 1.4, 2.4, None),
        ("now", 2.4, 2.6, 0.7),
    ]
    assert "".join(p.text for p in cue.pieces) == "dial 10086 now"


def test_verbose_json_of_the_api() -> None:
    found = {
        "task": "transcribe",
        "language": "chinese",
        "duration": 2.0,
        "text": "您好",
        "segments": [{"id": 0, "start": 0.0, "end": 1.0, "text": "您好"}],
        "words": [{"word": "您好", "start": 0.1, "end": 0.8}],
    }
    parsed = parse(json.dumps(found), FILE)
    assert parsed.language == "chinese"
    assert cues(parsed) == [(None, 0.1, 0.8, "您好")]


# ── What is none of them ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty file"),
        ("\ufeff \n\n", "an empty file"),
        ("您好，这是一封信。", "text that begins"),
        ("SPEAKER x 1 3.7 2.6 <NA> <NA> agent <NA> <NA>\n", "RTTM, which holds no words"),
        ("{", "breaks off or is malformed"),
        ('{"a": 1, "b": 2}', "JSON with a, b"),
        ("{}", "JSON with no keys"),
        ('{"schema": "qinhe.facts/1"}', "JSON of schema 'qinhe.facts/1'"),
        ('{"schema": ["x"]}', r"JSON of schema \['x'\]"),
        ("[" * 100_000, "text that begins"),
        ('[{"a":' * 100_000, "breaks off or is malformed"),
        ('{"segments": [{"start": 0, "end": NaN, "text": "x"}]}', "malformed"),
        ('{"segments": [{"start": 0, "text": "x"}]}', "missing required field `end`"),
        ('{"segments": [3]}', "Expected `object`"),
        ('{"segments": [{"start": -1, "end": 2, "text": "x"}]}', "found -1 to 2 s"),
        ('{"results": {"items": [{"alternatives": [], "start_time": "x"}]}}', "start_time"),
    ],
)
def test_what_is_no_transcript_is_refused_in_one_sentence(text: str, found: str) -> None:
    with pytest.raises(TranscriptError, match=found) as caught:
        parse(text, FILE)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[noise] okay", ["okay"]),
        ("<unk> for [unintelligible] tuesday", [UNHEARD, "for", UNHEARD, "tuesday"]),
        ("（笑声）好的【背景音乐】", ["好的"]),
        ("(010)8888 (laughs)", ["(010)8888"]),
        ("♪ la la ♪ 您好", ["您好"]),
        ("%hesitation yes 50% AT&T", ["yes", "50%", "AT&T"]),
        ("[PII] 先生 &lt;b&gt;您&lt;/b&gt;", [UNHEARD, "先生", "您"]),
        ("Wi<b>Fi</b>", ["WiFi"]),
        ("a < b", ["a", "<", "b"]),
    ],
)
def test_notes_are_not_spoken(text: str, words: list[str]) -> None:
    assert spoken(text).split() == words
