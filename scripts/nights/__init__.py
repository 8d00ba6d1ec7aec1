"""Nights for `scripts/soak`, inputs for `scripts/fuzz`, stores for `scripts/benchmark`."""
