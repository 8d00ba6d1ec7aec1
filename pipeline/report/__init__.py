"""Scorecards and facts for people: text, pages, and the formats that others read."""
