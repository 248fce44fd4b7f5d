"""Triggers: waiting that occupies no worker slot."""
