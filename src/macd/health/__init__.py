"""The health of the pipeline as a whole, judged by task states and by progress."""
