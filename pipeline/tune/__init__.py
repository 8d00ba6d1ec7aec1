"""Thresholds against human marks: stored facts and marks in, a proposed rubric out. No sound."""
