"""The nightly run: thousands of recordings, unattended, nothing lost and nothing done twice."""
