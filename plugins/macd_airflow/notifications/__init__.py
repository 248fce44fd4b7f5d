"""Alerts: what happens when a task has ended for good."""
