"""The pipeline in Airflow: hooks (one protocol each), operators (one verb each) and a trigger."""
