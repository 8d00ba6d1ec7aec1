"""Qinhe 亲和: `measure` turns audio into facts, once; `judge` turns them into a scorecard."""

__version__ = "0.1.0"
