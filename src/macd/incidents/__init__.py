"""Incidents: what is wrong now, since when, and who was told."""
