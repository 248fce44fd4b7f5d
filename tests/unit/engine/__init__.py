"""The pipeline's own statements on the engine."""
