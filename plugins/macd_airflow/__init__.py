"""Hooks, operators and triggers that run the macd pipeline from Airflow."""
