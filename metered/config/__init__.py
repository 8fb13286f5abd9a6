"""Wiring only. The Celery application is imported here so that tasks find it in every process."""

from metered.config.celery import app as celery_app

__all__ = ["celery_app"]
