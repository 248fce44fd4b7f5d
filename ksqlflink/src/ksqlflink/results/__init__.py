"""Queries that answer a client: PRINT, pull and push queries, and how their rows are written."""
