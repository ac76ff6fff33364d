# The nightly job in a container. Build: docker build -t payrank .
# Run: docker run --rm --user "$(id -u)" -v /srv/ar:/data payrank score /data/extract --as-of 2026-11-20 --out /data/runs
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
WORKDIR /payrank
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY extracts extracts
COPY features features
COPY models models
COPY training training
COPY scoring scoring
COPY payrank payrank
RUN python -m pip install --no-cache-dir --constraint constraints.txt '.[postgres]'
# Settings, models and lists live on a volume; the image holds no data. Files that hold patients' rows are made readable
# to the user who runs it alone, so run it as the user who owns the volume.
RUN useradd --create-home payrank
USER payrank
WORKDIR /data
ENTRYPOINT ["payrank"]
CMD ["--help"]
