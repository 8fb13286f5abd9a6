"""Every template compiles, none needs what the policy forbids, and the shared parts say what they should."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.messages import constants
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

ROOT = Path(__file__).parents[2] / "templates"
ALL = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.suffix in (".html", ".txt"))
PAGES = [name for name in ALL if name.endswith(".html") and not name.startswith("emails/")]
ERRORS = ["400.html", "403.html", "404.html", "500.html", "csrf.html"]
OPERATOR = {
    "name": "Acme Supplies",
    "phone": "1-800-555-0100",
    "email": "help@acme.example",
    "hours": "8 to 5",
}


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.found if name == tag]


@pytest.mark.parametrize("name", ALL)
def test_every_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_inline_styles_or_scripts(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|hx-on|javascript:", text)
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", text, re.S):
        # A block of JSON is data: the browser never runs it.
        assert "src=" in attributes or "application/json" in attributes, body


@pytest.mark.parametrize("name", PAGES)
def test_no_page_loads_from_elsewhere(name: str) -> None:
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", (ROOT / name).read_text())


def test_a_page_has_its_landmarks_language_and_skip_link() -> None:
    tags = Tags(render_to_string("base.html", {"operator": OPERATOR}))
    assert tags.of("html")[0]["lang"] == "en"
    assert tags.of("html")[0]["dir"] == "ltr"
    first_link = tags.of("a")[0]
    assert first_link["href"] == "#main"
    assert tags.of("main")[0]["id"] == "main"
    assert len(tags.of("header")) == len(tags.of("footer")) == len(tags.of("h1")) == 1


def test_htmx_evaluates_nothing_and_adds_no_styles() -> None:
    config = next(
        meta["content"]
        for meta in Tags(render_to_string("base.html")).of("meta")
        if meta.get("name") == "htmx-config"
    )
    assert config is not None
    assert '"allowEval": false' in config and '"includeIndicatorStyles": false' in config


def test_support_stands_under_every_page() -> None:
    page = render_to_string("base.html", {"operator": OPERATOR})
    assert "tel:1-800-555-0100" in page and "8 to 5" in page and "Acme Supplies" in page


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_says_what_to_do_and_whom_to_call(name: str) -> None:
    page = render_to_string(name, {"operator": OPERATOR})
    assert "1-800-555-0100" in page
    assert len(Tags(page).of("h1")) == 1
    assert 'href="/"' in page


def test_the_page_for_our_own_failure_needs_no_context() -> None:
    page = get_template("500.html").render()
    assert "Something went wrong on our side" in page
    assert "/static/css/tokens.css" in page


def test_the_menu_marks_where_we_are() -> None:
    nav = [
        {"label": "Overview", "url": "/", "current": True},
        {"label": "<b>", "url": "/b", "current": False},
    ]
    page = render_to_string("components/nav.html", {"nav": nav})
    links = Tags(page).of("a")
    assert [link.get("aria-current") for link in links] == ["page", None]
    assert "<b>" not in page
    assert "popover" in Tags(page).of("nav")[0], "a phone opens it without JavaScript"


ME = {
    "name": "Ana Ruiz",
    "email": "ana@example.com",
    "initials": "AR",
    "account": {"name": "Northwind", "number": "4471-0932"},
    "accounts": [
        {"name": "Northwind", "number": "4471-0932", "public_id": "A" * 16, "current": True},
        {"name": "Lakeshore", "number": "4471-1180", "public_id": "B" * 16, "current": False},
    ],
    "switch_url": "/switch/",
    "is_staff": False,
}


def test_signing_out_and_switching_are_posts_with_a_token() -> None:
    tags = Tags(render_to_string("components/account_menu.html", {"me": ME, "csrf_token": "abc"}))
    assert [form["method"] for form in tags.of("form")] == ["post", "post"]
    assert [field["value"] for field in tags.of("input") if field["name"] == "csrfmiddlewaretoken"] == [
        "abc"
    ] * 2
    assert [button["value"] for button in tags.of("button") if button.get("name") == "account"] == [
        "A" * 16,
        "B" * 16,
    ]


def test_only_staff_are_shown_the_staff_desk() -> None:
    assert "/admin/" not in render_to_string("components/account_menu.html", {"me": ME})
    assert "/admin/" in render_to_string("components/account_menu.html", {"me": {**ME, "is_staff": True}})


def test_one_account_needs_no_switch() -> None:
    page = render_to_string("components/account_menu.html", {"me": {**ME, "accounts": ME["accounts"][:1]}})  # type: ignore[index]
    assert "/switch/" not in page


class Person(forms.Form):
    email = forms.EmailField(label="E-mail", help_text="We write there.")
    note = forms.CharField(label="Note", required=False)
    way = forms.ChoiceField(label="Way", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    sure = forms.BooleanField(label="Sure", required=False)


def test_a_form_with_errors_keeps_what_was_typed_and_ties_words_to_fields() -> None:
    page = render_to_string("components/fields.html", {"form": Person({"email": "nope", "note": "kept"})})
    tags = Tags(page)
    email = next(field for field in tags.of("input") if field.get("name") == "email")
    assert email["value"] == "nope" and email["aria-invalid"] == "true"
    for part in (email["aria-describedby"] or "").split():
        assert f'id="{part}"' in page
    assert 'value="kept"' in page
    assert any(attrs.get("role") == "alert" for _, attrs in tags.found)
    labelled = {label["for"] for label in tags.of("label")}
    assert {"id_email", "id_note", "id_sure", "id_way_0", "id_way_1"} <= labelled


def test_optional_fields_say_so() -> None:
    page = render_to_string("components/fields.html", {"form": Person()})
    assert page.count("(optional)") == 1


@pytest.mark.parametrize(
    ("level", "kind"), [(constants.SUCCESS, "good"), (constants.WARNING, "warn"), (constants.ERROR, "bad")]
)
def test_messages_are_notes_and_are_escaped(level: int, kind: str) -> None:
    from django.contrib.messages.storage.base import Message

    page = render_to_string("components/messages.html", {"messages": [Message(level, "<b>x</b>")]})
    assert f"note {kind}" in page and "&lt;b&gt;" in page and 'role="status"' in page


def test_the_pager_offers_only_what_exists() -> None:
    page = render_to_string("components/pager.html", {"older": "?after=x", "newer": "", "said": "1 to 50"})
    links = Tags(page).of("a")
    assert [(link["rel"], link["href"]) for link in links] == [("next", "?after=x")]


def test_a_picture_s_table_has_headings_on_both_sides() -> None:
    table = SimpleNamespace(caption="Days", columns=("Device", "Sure"), rows=(("Lab <1>", "5 days"),))
    page = render_to_string("components/picture_table.html", {"table": table})
    assert [head["scope"] for head in Tags(page).of("th")] == ["col", "col", "row"]
    assert "Lab &lt;1&gt;" in page


@pytest.mark.django_db
def test_the_sign_in_page_offers_a_passkey_and_works_with_password_managers() -> None:
    from allauth.account.forms import LoginForm

    request = RequestFactory().get("/sign-in/login/")
    context = {"form": LoginForm(), "PASSKEY_LOGIN_ENABLED": True, "operator": OPERATOR}
    tags = Tags(render_to_string("account/login.html", context, request=request))
    fields = {field.get("name"): field for field in tags.of("input")}
    assert fields["password"]["autocomplete"] == "current-password"
    assert fields["login"]["autocomplete"] == "email"
    assert any(button.get("id") == "passkey_login" for button in tags.of("button"))
    assert fields["credential"]["id"] == "mfa_credential", "allauth's script looks for it"
