"""How fast everything is, on one core: `scripts/benchmark`."""
