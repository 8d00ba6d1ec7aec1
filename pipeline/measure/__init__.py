"""Audio -> facts: slow, with models, cached stage by stage."""
