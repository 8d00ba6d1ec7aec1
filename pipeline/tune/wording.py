"""The words of tuning, for the terminal, the page and the pictures."""

from __future__ import annotations

from typing import Final

from pipeline.scorecard import Text
from pipeline.tune.interval import Estimate

DASH: Final = "–"


def _text(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


TEXTS: Final = {
    "title": _text("阈值校准", "Tuning"),
    "criterion": _text("项目", "criterion"),
    "threshold": _text("阈值", "threshold"),
    "now": _text("现行", "now"),
    "proposed": _text("建议", "proposed"),
    "best": _text("拟合最佳", "best fit"),
    "as_good": _text("同样合适的范围", "serves as well"),
    "held_out": _text("留出坐席", "held-out agents"),
    "before": _text("现行阈值", "with the present number"),
    "fitted": _text("拟合（偏乐观）", "fitted (optimistic)"),
    "marked": _text("已评通话", "marked calls"),
    "missed": _text("评为未达", "missed, as raters say"),
    "met": _text("评为达标", "met, as raters say"),
    "verdict": _text("结论", "verdict"),
    "change": _text("建议修改", "change"),
    "keep": _text("维持现行", "keep"),
    "nothing": _text("评分与测量值无关：无可校准", "nothing to learn: marks do not follow it"),
    "not-enough": _text("评分不足：约还需 {more} 通", "not enough: about {more} more marked calls"),
    "few-agents": _text(
        "坐席不足：至少需 {agents} 位", "not enough: calls of at least {agents} agents"
    ),
    "one-sided": _text(
        "评分全部相同：无从比较（约还需 {more} 通）",
        "all marks are the same: nothing to compare (about {more} more)",
    ),
    "refused": _text("未采用", "not used"),
    "unmarked": _text("没有评分的项目：{count} 个", "{count} criteria without marks"),
    "one_rater": _text(
        "只有一位评分人：阈值只代表此人，人与人的一致性未知",
        "one rater only: the number copies that person, and how far people agree is not known",
    ),
    "no_agents": _text(
        "不知坐席：改为留出通话，同一坐席可能两边都有",
        "agents not known: calls were held out, and an agent may be on both sides",
    ),
    "by_call": _text("坐席少于 10 位：区间按通话重抽", "fewer than 10 agents: calls were redrawn"),
    "ties": _text("评分人意见对半：{ties} 通未用", "calls left out, raters evenly split: {ties}"),
    "without": _text(
        "系统无结论：{count} 通未用", "calls left out, no verdict of the system: {count}"
    ),
    "ordered": _text(
        "为与其他项目的同类数值保持次序而受限：{names}",
        "held so as to stay in order with a like number of another criterion: {names}",
    ),
    "flips": _text("结论改变的通话", "verdicts that turn"),
    "flipped": _text("{flips} 条（共 {judged} 条）", "{flips} of {judged}"),
    "raters": _text("评分人", "raters"),
    "weight": _text("权重", "weight"),
    "rule": _text("多人评分的合并", "several raters' marks become one verdict by"),
    "majority": _text("多数决，平票不计", "majority; ties left out"),
    "weighted": _text("按评分人权重，平票不计", "raters' weights; ties left out"),
    "curve": _text("阈值与目标", "objective along the threshold"),
    "distribution": _text("测量值的分布", "the measured value, by the raters' verdict"),
    "roc": _text("ROC", "ROC"),
    "pr": _text("查准率与查全率", "precision and recall"),
    "false_flags": _text("误报率", "false-flag rate"),
    "recall": _text("查全率", "recall"),
    "precision": _text("查准率", "precision"),
    "interval": _text("方括号内为 95% 区间", "in brackets: intervals of 95 %"),
    "calls": _text("通话", "calls"),
    "value": _text("测量值", "measured value"),
    "fairness": _text("公平性：误报率", "Fairness: false flags"),
    "sensitivity": _text("敏感性：阈值 ±10%", "Sensitivity: thresholds ±10 %"),
    "silent": _text("几乎不提供信息的项目", "criteria that tell calls hardly apart"),
    "twins": _text("结论重复的项目", "criteria that say the same"),
    "never-judged": _text("从未得出结论", "never judged"),
    "always-met": _text("几乎总是达标", "met almost always"),
    "always-missed": _text("几乎总是未达", "missed almost always"),
    "uneven": _text("各组误报率不同", "groups differ"),
    "even": _text("未见差异", "no difference seen"),
    "on_the_line": _text(
        "此阈值实际在衡量线路，而不是坐席", "this threshold is really one on the line"
    ),
    "points_title": _text("分值校准", "Tuning of points"),
    "points": _text("分值", "points"),
    "pillar": _text("维度", "pillar"),
    "redrawn": _text("重抽坐席时", "when agents are redrawn"),
    "correlation": _text("与评分人总分的相关系数", "correlation with the raters' marks"),
    "concordance": _text("与评分人总分的一致性（Lin）", "concordance with the raters' marks (Lin)"),
    "points_before": _text("现行分值", "with the present points"),
    "points-keep": _text("维持现行分值", "keep the present points"),
    "points-nothing": _text(
        "总分评分与测量结果无关：无可校准", "nothing to learn: marks of calls do not follow ours"
    ),
    "no_spread": _text(
        "各项结果几乎无差异：无从校准分值", "criteria come out alike: nothing to weigh anew"
    ),
    "points_one_rater": _text(
        "只有一位评分人：分值只代表此人，人与人的一致性未知",
        "one rater only: the points copy that person, and how far people agree is not known",
    ),
    "points_verdicts": _text(
        "总分评分为达标/未达标：按评为达标者的比例拟合",
        "whole calls were marked met or missed: fitted to the share of raters who say met",
    ),
    "points_without": _text(
        "系统无总分：{count} 通未用", "calls left out, no mark of the system: {count}"
    ),
    "points_untold": _text(
        "评分未涉及或结果几乎不变的项目：{count} 个，分值不动",
        "{count} criteria hardly vary in the marked calls: their points stay",
    ),
    "points_moved": _text(
        "总分改变的通话：{moved} 通（共 {calls} 通）", "marks that move: {moved} of {calls} calls"
    ),
    "moved": _text("总分改变最多的通话", "calls whose mark moves most"),
    "ours": _text("系统总分", "our mark"),
    "theirs": _text("评分人总分", "the raters' mark"),
    "pull": _text("对现行分值的约束（右强）", "hold of the present points (right: stronger)"),
    "few_calls": _text("通话太少，未检验", "too few calls, not tested"),
    "not_tested": _text(
        "未检验：需要至少两组各 {least} 通好通话",
        "not tested: at least two groups of {least} good calls are needed",
    ),
    "group": _text("分组", "group"),
    "test": _text("检验", "test"),
    "none": _text("无", "none"),
}


def shown(found: Estimate | None) -> str:
    """A figure with its interval."""
    if found is None:
        return DASH
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def say(key: str, ui: str, **values: object) -> str:
    """A text in ``ui``, filled."""
    return TEXTS[key].of(ui).format(**values)
