"""Brings back what an outage has stopped, and gets through one."""
