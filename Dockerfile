# The nightly job in a container: the lean scorer with the PostgreSQL driver; every package is checked by its hash.
# Build: docker build -t payrank .
# Run: docker run --rm --user "$(id -u)" -v /srv/ar:/data payrank score /data/extract --as-of 2026-11-20 --out /data/runs
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /payrank
COPY pyproject.toml setup.py MANIFEST.in constraints.txt README.md LICENSE ./
COPY .ci/install .ci/install
COPY extracts extracts
COPY features features
COPY models models
COPY scoring scoring
COPY simulator simulator
COPY training training
COPY payrank payrank
RUN python -m venv /usr/local/lib/payrank \
    && /usr/local/lib/payrank/bin/python .ci/install --wheel postgres \
    && /usr/local/lib/payrank/bin/pip uninstall --yes --quiet setuptools pip

FROM python:3.11.14-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/lib/payrank /usr/local/lib/payrank
ENV PATH="/usr/local/lib/payrank/bin:$PATH"
# Settings, models, and lists live on a volume; the image contains no data. Files with patients' rows are readable by
# their owner only, so run the image as the user who owns the volume.
RUN useradd --create-home payrank
USER payrank
WORKDIR /data
ENTRYPOINT ["payrank"]
CMD ["--help"]
