"""One operator a verb; each does one step of the pipeline and needs nothing of the others."""
