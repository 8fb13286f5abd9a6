"""Texts are found in programs and templates; what a language lacks is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from metered.lib import catalogs

PROGRAM = """
from django.utils.translation import gettext as _, ngettext, pgettext
_("Plain %(name)s")
ngettext("%(n)s page", "%(n)s pages", 3)
pgettext("month", "May")
"""
TEMPLATE = """{% load i18n %}
{% translate "It isn't here" %} {% translate "May" context "verb" %}
{% blocktranslate trimmed count n=pages with who=user.name %}
  {{ who }} printed one page
{% plural %}
  {{ who }} printed {{ n }} pages
{% endblocktranslate %}
<button aria-label="{% translate 'Menu' %}"></button>
{% include "x.html" with label=_("Go on") only %}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "metered").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "metered" / "a.py").write_text(PROGRAM)
    (tmp_path / "templates" / "a.html").write_text(TEMPLATE)
    return tmp_path


def test_every_text_of_programs_and_templates_is_found(root: Path) -> None:
    found = {(message.id, message.context) for message in catalogs.texts(root) if message.id}
    assert found == {
        ("Plain %(name)s", None),
        (("%(n)s page", "%(n)s pages"), None),
        ("May", "month"),
        ("May", "verb"),
        ("It isn't here", None),
        (("%(who)s printed one page", "%(who)s printed %(n)s pages"), None),
        ("Menu", None),
        ("Go on", None),
    }


def test_what_is_missing_or_speaks_of_other_things_is_told(root: Path) -> None:
    catalog = catalogs.update(root, "de")
    assert len(catalogs.missing(root, "de")) == 8
    for message in catalog:
        if message.id:
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            message.string = ids[0] if isinstance(message.id, str) else tuple(ids)
    catalogs.write(root, "de", catalog)
    assert catalogs.missing(root, "de") == []
    plain = catalog.get("Plain %(name)s")
    assert plain is not None
    plain.string = "Schlicht %(nom)s"
    catalogs.write(root, "de", catalog)
    (fault,) = {fault.split(" [")[-1] for fault in catalogs.missing(root, "de")}
    assert fault == "Plain %(name)s]"


def test_an_update_keeps_what_is_translated_and_drops_what_nobody_says(root: Path) -> None:
    catalog = catalogs.update(root, "fr")
    menu = catalog.get("Menu")
    assert menu is not None
    menu.string = "Menu principal"
    catalogs.write(root, "fr", catalog)
    (root / "metered" / "a.py").write_text("_('New')")
    again = catalogs.update(root, "fr")
    kept = again.get("Menu")
    assert kept is not None and kept.string == "Menu principal"
    assert again.get("Plain %(name)s") is None and again.get("New") is not None
    # Twice is once, to the byte: no dates, no order of chance.
    first = catalogs.file_of(root, "fr").read_bytes()
    catalogs.update(root, "fr")
    assert catalogs.file_of(root, "fr").read_bytes() == first
