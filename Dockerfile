# The service with everything locked by hash; one image for every role (`run`, `poll`, `work`, `web`).
# PYTHON_IMAGE names another base: a mirror, a digest, a newer Python, one of your own with Python 3.11 and venv.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY requirements.lock ./
# Where only a mirror is reachable: `docker build --secret id=pip.conf,src=$HOME/.config/pip/pip.conf .`
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf,required=false \
    python -m venv /app \
 && /app/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY seeds seeds
COPY service service
COPY workers workers
COPY deploy/sbom.py deploy/sbom.py
# What only installs is taken out again; then the list of what is left, for scanners of known faults.
RUN /app/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 && /app/bin/python -m pip uninstall --yes --quiet uv pip \
 && /app/bin/python deploy/sbom.py requirements.lock > /app/sbom.cdx.json

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="trucewatch" \
      org.opencontainers.image.description="Watches news feeds for what parties to a conflict say about a ceasefire; alerts by webhook on changes." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# A fixed uid, so that volumes and `runAsNonRoot` policies can name it.
RUN groupadd --gid 10001 trucewatch \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin trucewatch \
 && install --directory --mode 0700 --owner 10001 --group 10001 /data
COPY --from=build /app /app
# The root may be read-only: /data is for the bundled store (`run`) alone, and /tmp is to be a tmpfs.
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TRUCEWATCH_DATA_DIR=/data \
    TRUCEWATCH_ALIVE_FILE=/tmp/trucewatch.alive
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8088
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=90s --retries=3 CMD ["trucewatch", "health"]
ENTRYPOINT ["trucewatch"]
CMD ["run"]
