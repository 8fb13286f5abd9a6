# The image of production: web, worker, beat and migrate are one image with different commands.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /srv/venv
COPY requirements/run.txt /srv/requirements.txt
RUN /srv/venv/bin/pip install --require-hashes --no-deps -r /srv/requirements.txt
WORKDIR /srv/metered
COPY . .
ENV METERED_NO_VENV=1 METERED_STATIC_ROOT=/srv/static METERED_STATIC_STORAGE=compressed
# The key serves this one command only and stays in no layer.
RUN METERED_SECRET_KEY=collectstatic-needs-none /srv/venv/bin/python manage.py collectstatic --no-input \
    && /srv/venv/bin/python -m compileall -q metered launch

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /srv/state --create-home --shell /usr/sbin/nologin metered
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/static /srv/static
COPY --from=build /srv/metered /srv/metered
WORKDIR /srv/metered
ENV PATH=/srv/venv/bin:$PATH PYTHONPATH=/srv/metered PYTHONUNBUFFERED=1 METERED_NO_VENV=1 \
    METERED_STATIC_ROOT=/srv/static METERED_STATIC_STORAGE=compressed GRANIAN_HOST=0.0.0.0 GRANIAN_PORT=8000
USER metered
EXPOSE 8000
CMD ["python", "-m", "granian", "--interface=wsgi", "--blocking-threads=1", "--respawn-failed-workers", "metered.config.wsgi:application"]
