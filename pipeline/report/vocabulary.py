"""Names that facts and rubrics give things, as people read them.

Tables only. `tests/unit/report/test_vocabulary.py` holds that nothing which measuring, judging or a
rubric can name is missing here.
"""

from __future__ import annotations

from typing import Final

from pipeline.scorecard import Text


def _texts(pairs: dict[str, tuple[str, str]]) -> dict[str, Text]:
    return {key: Text(zh=zh, en=en) for key, (zh, en) in pairs.items()}


UNITS: Final = _texts(
    {
        "syl/s": ("音节/秒", "syl/s"),
        "st": ("半音", "st"),
        "st/s": ("半音/秒", "st/s"),
        "dB": ("分贝", "dB"),
        "dBov": ("dBov", "dBov"),
        "dB/oct": ("分贝/倍频程", "dB/oct"),
        "LUFS": ("LUFS", "LUFS"),
        "Hz": ("Hz", "Hz"),
        "%": ("%", "%"),
        "s": ("秒", "s"),
        "per call": ("次/通", "per call"),
        "per 10 minutes": ("次/10分钟", "per 10 minutes"),
        "per minute": ("次/分钟", "per minute"),
        "per 100 syllables": ("次/100音节", "per 100 syllables"),
        "per 100 turns": ("次/100话轮", "per 100 turns"),
    }
)

MEASURES: Final = _texts(
    {
        "speech": ("语音活动", "speech activity"),
        "speakers": ("说话人", "speakers"),
        "turn-taking": ("话轮", "turn-taking"),
        "overlaps": ("重叠与打断", "overlaps and interruptions"),
        "words": ("文字", "words"),
        "pace": ("语速", "pace"),
        "pitch": ("音高", "pitch"),
        "intonation": ("语调变化", "intonation"),
        "level": ("音量（语音电平）", "speech level"),
        "loudness": ("响度", "loudness"),
        "handling-noise": ("线路杂音", "handling noise"),
        "bandwidth": ("带宽", "bandwidth"),
        "noise": ("底噪", "noise floor"),
        "snr": ("信噪比", "signal-to-noise ratio"),
        "gain_pumping": ("增益浮动", "gain pumping"),
        "tone": ("语气", "tone of voice"),
        "tone.pitch_height_st": ("语气：音高", "tone: pitch height"),
        "tone.pitch_spread_st": ("语气：音高起伏", "tone: pitch spread"),
        "tone.pitch_slope_st_s": ("语气：音高走势", "tone: pitch slope"),
        "tone.final_slope_st_s": ("语气：句尾走势", "tone: final slope"),
        "tone.loudness_variation_db": ("语气：音量起伏", "tone: loudness variation"),
        "tone.tilt_db_oct": ("语气：频谱倾斜", "tone: spectral tilt"),
        "tone.f2_hz": ("语气：第二共振峰", "tone: second formant"),
        "tone.f3_hz": ("语气：第三共振峰", "tone: third formant"),
        "tone.cpp_db": ("语气：嗓音清晰度", "tone: cepstral peak prominence"),
        "tone.hnr_db": ("语气：谐噪比", "tone: harmonics to noise"),
        "tone.jitter": ("语气：音高微扰", "tone: jitter"),
    }
)
"""What `pipeline.facts.NotMeasured` names."""

KINDS: Final = _texts(
    {
        "measure": ("测量声音，与界限比较", "a measured number held against limits"),
        "events": ("在录音中计数", "moments counted in the recording"),
        "say": ("查找应说的用语", "looks for words that should be said"),
        "avoid": ("查找不应说的用语", "looks for words that should not be said"),
        "answer": ("在每个应说之处查找用语", "looks for the words wherever they are called for"),
        "prefer": ("比较两种说法各用了多少次", "compares how often each way of saying is used"),
        "restate": (
            "比对坐席与客户所说的内容，并查找确认的话",
            "compares what the agent says with what the customer said, and looks for a check",
        ),
        "read-back": ("比对双方说出的号码", "compares the numbers that the parties say"),
        "steps": ("按顺序查找各个步骤", "looks for the steps in order"),
        "questions": ("数问题的长度与个数", "counts the questions and their length"),
        "question-kinds": ("区分开放式与封闭式提问", "tells open questions from closed ones"),
        "explain": ("查找术语旁边的解释", "looks for an explanation near each term"),
        "full-answers": (
            "看客户提问之后坐席答了多少",
            "looks at how much the agent says to the customer's questions",
        ),
        "listen": ("看客户长篇陈述时有无回应", "looks for signs of listening to long stories"),
        "politely": ("说到此事时，查找礼貌的说法", "when it is said, looks for the polite way"),
        "calm": (
            "客户激动之后，坐席的声音与其平时相比",
            "the agent's voice after upset turns against the agent's usual one",
        ),
        "adapt": (
            "坐席此后的话轮与其平时相比",
            "the agent's turns afterwards against the agent's usual ones",
        ),
        "mood": ("客户的用词与声音一起判断", "the customer's words and voice together"),
        "customer-types": ("查找难缠客户的特征", "looks for signs of a difficult customer"),
    }
)
"""How a criterion is judged, by its kind in the rubric."""

NUMBERS: Final = _texts(
    {
        "speech-rate": ("语速，停顿计入", "speech rate, pauses included"),
        "articulation-rate": ("净语速，停顿不计", "articulation rate, pauses left out"),
        "level": ("语音电平", "active speech level"),
        "level-re-other": ("与对方相比的语音电平", "speech level against the other party's"),
        "rate-re-usual": ("净语速与平时之比", "articulation rate against the usual"),
        "level-re-usual": ("与平时相比的语音电平", "speech level against the usual"),
        "pitch-re-usual": ("与平时相比的音高", "pitch against the usual"),
        "spread-re-usual": ("音高起伏与平时之比", "spread of the pitch against the usual"),
        "f0-spread": ("音高起伏", "spread of the pitch"),
        "f0-range": ("音高范围", "range of the pitch"),
        "intonation": ("声调之外的音高变化", "pitch movement beyond lexical tone"),
        "talk-share": ("说话时间占比", "share of the talk time"),
        "response-time": ("应答间隔的中位数", "median response time"),
        "rate-variation": ("各话轮语速的波动", "variation of the rate from turn to turn"),
        "level-variation": ("各话轮音量的波动", "variation of the level from turn to turn"),
        "recognition": ("识别概率的平均值", "mean recognition probability"),
        "warmth": ("语气线索的综合值", "cues of warmth together"),
        "interruption": ("打断对方", "interruptions"),
        "burst": ("连珠炮", "rapid fire"),
        "drawl": ("拖腔", "drawls"),
        "filler": ("口头禅与语气词", "fillers"),
        "line-noise": ("线路上的杂音", "noises on the own line"),
        "flat-turn": ("平板的话轮", "flat turns"),
        "raised-turn": ("高声的话轮", "raised turns"),
        "lecture": ("不容插话的长篇解释", "lectures"),
        "hold": ("让客户等待", "holds"),
        "silence": ("静默", "silences"),
        "quarrel": ("争吵", "quarrels"),
        "hurried-question": ("不等回答的追问", "questions that leave no time to answer"),
    }
)
"""What a criterion holds against limits: a number, or events that are counted."""

TONES: Final = _texts(
    {
        "ringback": ("回铃音", "ringback"),
        "busy": ("忙音", "busy tone"),
        "dtmf": ("按键音", "keypad tone"),
        "beep": ("提示音", "beep"),
    }
)

SEVERITIES: Final = _texts(
    {
        "normal": ("普通项", "normal"),
        "pillar": ("失分则整项不得分", "a miss takes the pillar"),
        "critical": ("一票否决", "a miss fails the call"),
    }
)

STAGES: Final = _texts(
    {
        "audio": ("录音", "recording"),
        "quality": ("录音质量", "quality"),
        "speech": ("语音检测", "speech"),
        "speakers": ("区分说话人", "speakers"),
        "level": ("音量", "level"),
        "pitch": ("音高", "pitch"),
        "transcript": ("转写", "transcript"),
    }
)
"""Stages of measuring, for progress and provenance; others are shown by their own names."""


def unit(name: str | None, ui: str) -> str:
    """The unit as it stands behind a figure, with the blank between; one not known as it is."""
    if not name:
        return ""
    text = UNITS[name].of(ui) if name in UNITS else name
    return text if text == "%" else f" {text}"


def measure_name(name: str, ui: str) -> str:
    """What was not measured; a name not known as it is."""
    return MEASURES[name].of(ui) if name in MEASURES else name


def stage_name(stage: str, ui: str) -> str:
    """A stage of measuring; a name not known as it is."""
    return STAGES[stage].of(ui) if stage in STAGES else stage


def method(kind: str | None, measure: str | None, ui: str) -> str:
    """How a finding was come by, in a phrase; empty where the scorecard does not say."""
    how = KINDS[kind].of(ui) if kind in KINDS else ""
    what = NUMBERS[measure].of(ui) if measure in NUMBERS else ""
    return {"zh": "：", "en": ": "}[ui].join(part for part in (how, what) if part)
