"""Statements without services: topics and subjects in memory, queries in the worker; tests of SQL files."""
