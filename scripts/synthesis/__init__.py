"""Synthetic Mandarin telephone speech whose words and times are known by construction."""
