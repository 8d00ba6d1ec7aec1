"""Trains the demonstration checkpoint: corpus, windows, model, curriculum, evaluation."""
