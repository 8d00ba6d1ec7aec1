"""Trains the network behind `pipeline.measure.pitch`: voices whose F0 is known, on bad lines."""
