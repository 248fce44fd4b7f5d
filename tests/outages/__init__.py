"""Outages in the middle of a run, and how long the pipeline takes to get over them by itself."""
