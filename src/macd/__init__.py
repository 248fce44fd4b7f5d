"""The pipeline: specifications, plans, clients, producer and data quality, without Airflow."""
