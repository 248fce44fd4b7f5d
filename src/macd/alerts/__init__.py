"""Alerts as mails: what they say and how they look. Sending them is the business of the caller."""
