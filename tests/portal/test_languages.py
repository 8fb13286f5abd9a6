"""Every language says everything, and pages are in it from end to end."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from metered.lib import catalogs
from metered.portal.management.commands.translations import languages
from tests import factories

TITLES = {"de": "Geräte", "es": "equipos", "fr": "appareils"}


@pytest.mark.parametrize("language", languages())
def test_nothing_is_left_untranslated(language: str) -> None:
    assert catalogs.missing(settings.BASE_DIR, language) == []


@pytest.mark.parametrize("language", languages())
def test_what_is_read_at_run_time_is_what_was_translated(language: str) -> None:
    """`translations update` writes both; who edits a .po alone is told here."""
    catalog = catalogs.read(settings.BASE_DIR, language)
    compiled = catalogs.file_of(settings.BASE_DIR, language).with_suffix(".mo").read_bytes()
    assert catalogs.compiled(catalog) == compiled


def test_every_public_text_is_there_in_every_language() -> None:
    texts = settings.BASE_DIR / "metered" / "portal" / "texts"
    english = {file.name for file in (texts / "en").glob("*.md")}
    assert english
    for language in languages():
        assert {file.name for file in (texts / language).glob("*.md")} == english


@pytest.mark.django_db
@pytest.mark.parametrize("language", languages())
def test_a_page_is_in_the_language_of_the_person(language: str, client: Client) -> None:
    cast = factories.cast()
    cast.ana.language = language
    cast.ana.save()
    client.force_login(cast.ana)
    page = client.get("/devices/")
    assert page["Content-Language"] == language and f'<html lang="{language}"' in page.content.decode()
    assert TITLES[language] in page.content.decode()
