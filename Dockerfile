# Airflow with the pipeline: the pinned packages, the code, the DAGs and include/.
FROM python:3.11.14-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
COPY requirements.txt docker/build-requirements.txt /build/
# Wheels only: nothing is compiled, so the slim image needs no compiler, and every file has a known hash.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --only-binary :all: --require-hashes -r /build/requirements.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --only-binary :all: --require-hashes -r /build/build-requirements.txt
COPY pyproject.toml README.md LICENSE /build/macd/
COPY src /build/macd/src
COPY plugins /build/macd/plugins
COPY ksqlflink/pyproject.toml ksqlflink/setup.py ksqlflink/README.md ksqlflink/LICENSE /build/ksqlflink/
COPY ksqlflink/src /build/ksqlflink/src
# The pipeline reads and checks SQL with ksqlflink, and runs none: its wheel needs no jar.
RUN KSQLFLINK_JAR=none /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /build/dist /build/ksqlflink /build/macd \
    && /opt/venv/bin/pip install --no-deps --no-index /build/dist/*.whl

FROM python:3.11.14-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    # Airflow's own use of a renamed pattern class; it would otherwise open every task log.
    PYTHONWARNINGS=ignore::DeprecationWarning:airflow.sdk._shared.module_loading.file_discovery \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/macd/dags \
    MACD_INCLUDE_DIR=/opt/macd/include
COPY --from=packages /opt/venv /opt/venv
COPY docker/airflow_init.py docker/answers.py /opt/macd/docker/
COPY include /opt/macd/include
COPY dags /opt/macd/dags
# Volumes take over the owner of the folder that they are mounted on. Whoever built the image may have had a
# umask that leaves the copied files to root alone.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /opt/airflow macd \
    && install --directory --owner macd --group macd --mode 0750 \
       /opt/airflow /opt/airflow/logs /opt/airflow/auth /opt/airflow/plugins \
    && chmod --recursive a+rX /opt/macd
# By number, so that a runtime can see that it is not root.
USER 10001:10001
WORKDIR /opt/airflow
EXPOSE 8080
# Of the API server; docker-compose.yaml gives the other services checks of their own.
HEALTHCHECK --interval=10s --timeout=10s --start-period=10m --retries=12 \
    CMD ["python", "/opt/macd/docker/answers.py", "http://127.0.0.1:8080/api/v2/monitor/health"]
CMD ["airflow", "api-server"]
