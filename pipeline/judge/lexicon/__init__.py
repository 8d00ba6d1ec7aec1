"""Phrases: finding what was said however the recogniser spelt it."""
