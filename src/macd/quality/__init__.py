"""Data quality: what a run produced against what arrived, by identity."""
