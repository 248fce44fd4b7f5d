"""One hook a protocol: an Airflow Connection as macd's service model and its client."""
