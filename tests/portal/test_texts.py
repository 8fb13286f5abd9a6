"""Every text is there, with links that lead somewhere; staff may write their own, and nothing is lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve

from metered.lib.errors import Refused
from metered.lib.markdown import facts_in, sections
from metered.portal import publishing
from metered.portal.models import Page, PageVersion
from metered.portal.shipped import FACTS, FOLDER, GUIDE, SLUGS, shipped
from tests import factories
from tests.access_world import signed_in

pytestmark = pytest.mark.django_db
PATHS = [
    "/how-replenishment-works/", "/contract-terms/", "/returns-policy/", "/recycling/", "/accessibility/",
    "/privacy/", "/support/", "/guide/", *(f"/guide/{slug.removeprefix('guide-')}/" for slug in GUIDE),
]  # fmt: skip
FILES = sorted(FOLDER.rglob("*.md"))


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_there_without_a_brand_or_a_hole(client: Client, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    text = page.content.decode()
    assert text.count("<h1") == 1
    assert not re.search(r"\{[a-z_.]+\}|Xerox|TODO|lorem", text)


def test_every_language_has_known_pages_only() -> None:
    assert {file.stem for file in FILES} == set(SLUGS)
    assert all(shipped(slug, "en") for slug in SLUGS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_links_pictures_and_facts_exist(file: Path) -> None:
    text = file.read_text()
    assert text.startswith("# ")
    assert facts_in(text) <= set(FACTS)
    for picture in re.findall(r"!\[[^\]]{20,}\]\(([^)]+)\)|!\[[^\]]{0,19}\]\((.+)\)", text):
        assert picture[0], f"say what {picture[1]} shows"
        assert finders.find(f"img/{picture[0]}"), picture
    for target in re.findall(r"(?<!!)\[[^\]]+\]\((/[^)#]*)", text):
        try:
            resolve(target)
        except Resolver404:
            pytest.fail(f"{target} leads nowhere")
    for target in re.findall(r"\]\(/guide/([a-z-]+)/", text):
        assert f"guide-{target}" in GUIDE


def test_the_guide_is_found_by_its_words(client: Client) -> None:
    def found(words: str) -> list[Any]:
        return list(client.get("/guide/", {"search": words}).context["hits"])

    assert found("heavy job")[0].chapter == "Heavy jobs"
    assert any(hit.url == "/guide/connection/#when-a-printer-is-silent" for hit in found("SILENT printers"))
    assert found("recycling cartridges") and found("cartridge recycle")
    assert found("qqqq") == [] and found("…") == [] and found("") == []
    page = client.get("/guide/", {"search": "<script>"}).content.decode()
    assert "<script>" not in page.split("<main")[1] and "says nothing about that" in page
    part = client.get("/guide/", {"search": "count"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "<mark>" in part


def test_a_search_costs_as_many_queries_as_none(client: Client) -> None:
    for path in ("/guide/", "/guide/?search=shelf", "/guide/start/", "/privacy/"):
        with CaptureQueriesContext(connection) as caught:
            client.get(path)
        assert len(caught) <= 2, path


def test_staff_write_their_own_and_every_version_stays(client: Client) -> None:
    staff = signed_in(factories.user("sam@example.com", is_staff=True, is_superuser=True))
    answer = staff.post("/admin/portal/page/add/", {"slug": "privacy", "language": "en"})
    page = Page.objects.get()
    assert answer["Location"] == f"/admin/portal/page/{page.pk}/change/"
    change = answer["Location"]
    assert "What we hold, and why" in staff.get(change).content.decode()
    form = {"title": "Data", "body": "Ours: {phone}. <b>x</b>", "seen": "1"}
    form |= {"versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}
    staff.post(change, form)
    shown = client.get("/privacy/").content.decode()
    assert "Ours: 1-800-000-0000. &lt;b&gt;x&lt;/b&gt;" in shown and "<h1>Data</h1>" in shown
    # From a form that was opened before that.
    assert "Somebody else changed" in staff.post(change, form | {"body": "Old"}).content.decode()
    assert "There is no {fax}" in staff.post(change, form | {"body": "{fax}", "seen": "2"}).content.decode()
    assert "or neither" in staff.post(change, form | {"body": "", "seen": "2"}).content.decode()
    staff.post(f"/admin/portal/page/{page.pk}/as-shipped/")
    assert "What we hold, and why" in client.get("/privacy/").content.decode()
    assert [row.version for row in PageVersion.objects.all()] == [3, 2, 1]
    with pytest.raises(Refused):
        publishing.take_over(slug="privacy", language="en")


def test_a_language_without_a_text_is_shown_english(client: Client, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("nl", "Nederlands")]
    page = client.get("/privacy/", headers={"Accept-Language": "nl"}).content.decode()
    assert '<article lang="en">' in page and "What we hold" in page
    row = publishing.take_over(slug="privacy", language="nl")
    publishing.word_page(page=row, title="Gegevens", body="Tekst")
    page = client.get("/privacy/", headers={"Accept-Language": "nl"}).content.decode()
    assert "Gegevens" in page and "<article>" in page
    assert "What we hold" in client.get("/privacy/").content.decode()


def test_a_chapter_that_is_none(client: Client) -> None:
    assert client.get("/guide/nothing/").status_code == 404


def test_pages_may_be_kept_for_a_minute_by_who_has_no_cookie(client: Client) -> None:
    page = client.get("/privacy/")
    assert page["Cache-Control"] == "max-age=60, public" or page["Cache-Control"] == "public, max-age=60"
    assert "Cookie" in page["Vary"] and not page.cookies
    client.force_login(factories.user("ana@example.com"))
    assert "private" in client.get("/privacy/")["Cache-Control"]
    # A form's token is one browser's.
    assert "private" in Client().get("/notices/")["Cache-Control"]


def test_sections_of_the_guide_have_their_own_names() -> None:
    for slug in GUIDE:
        text = shipped(slug, "en")
        assert text is not None
        anchors = [part.anchor for part in sections(text.body)]
        assert len(anchors) == len(set(anchors))
