"""The dashboard in Airflow's UI: a FastAPI app of the API server and a page in the navigation."""
