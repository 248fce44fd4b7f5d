"""The dashboard: what its page shows, and where it is."""
