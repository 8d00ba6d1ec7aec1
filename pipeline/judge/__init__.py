"""Facts and a rubric make a scorecard: quick, pure, without sound or models."""
