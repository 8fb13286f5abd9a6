"""Nothing that staff write becomes markup of theirs, a link to code, or a picture from elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metered.lib.markdown import facts_in, fill, is_allowed, sections, to_html


def html(text: str) -> str:
    return str(to_html(text, lambda name: f"/static/img/{name}"))


def test_headings_begin_below_the_pages_own_and_can_be_linked_to() -> None:
    assert html("## Heavy *jobs*") == '<h2 id="heavy-jobs">Heavy <em>jobs</em></h2>\n'
    assert '<h2 id="a-2">' in html("## A\n\n## A")
    assert html("# Top").startswith("<h2 ") and html("### Third").startswith("<h3 ")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "vbscript:x", "//evil.example",
     "ftp://a.example", "http:", "mailto:", "guide/levels.svg", "relative"],
)  # fmt: skip
def test_links_to_elsewhere_stay_words(url: str) -> None:
    assert not is_allowed(url)
    assert "href" not in html(f"[x](<{url}>)")


def test_a_backslash_leads_nowhere_else() -> None:
    # Browsers read /\\ as //; the parser writes it as a path.
    assert not is_allowed("/\\evil.example")
    assert 'href="/%5Cevil.example"' in html("[x](</\\evil.example>)")


@pytest.mark.parametrize(
    "url", ["https://a.example/b?c=d", "http://a.example", "mailto:a@b.example", "/guide/", "#x"]
)
def test_links_that_may_be(url: str) -> None:
    assert f'<a href="{url}">x</a>' in html(f"[x](<{url}>)")


def test_html_is_words() -> None:
    assert (
        html("<script>x</script> <b>y</b>") == "<p>&lt;script&gt;x&lt;/script&gt; &lt;b&gt;y&lt;/b&gt;</p>\n"
    )


def test_pictures_are_our_own() -> None:
    assert html("![A <level>](guide/levels.svg)") == (
        '<p><img src="/static/img/guide/levels.svg" alt="A &lt;level&gt;" loading="lazy"></p>\n'
    )
    for source in ("https://a.example/x.png", "../../secret.svg", "/x.svg", "guide/../x.svg"):
        assert "<img" not in html(f"![words]({source})")


@given(st.text(max_size=200))
def test_whatever_is_typed_no_script_comes_of_it(text: str) -> None:
    made = html(text).lower()
    assert "<script" not in made and 'href="javascript' not in made and "<iframe" not in made


def test_facts_are_put_in_as_words_and_lines_without_theirs_left_out() -> None:
    facts = {"phone": "1-800", "email": "a_b*c@d.example", "remote_help": ""}
    text = "Call {phone} or [{email}](mailto:{email}).\n\n- [See]({remote_help})\n\n{unknown}"
    made = html(fill(text, facts))
    assert 'Call 1-800 or <a href="mailto:a_b*c@d.example">a_b*c@d.example</a>.' in made
    assert "See" not in made and "{unknown}" in made
    assert facts_in(text) == {"phone", "email", "remote_help", "unknown"}
    assert "<b>" not in html(fill("{phone}", {"phone": "<b>**x**</b>"})) and "**x**" in html(
        fill("{phone}", {"phone": "<b>**x**</b>"})
    )


def test_sections_are_what_stands_under_headings() -> None:
    found = sections("Lead.\n\n## One\n\nText *here*.\n\n### Sub\n\nMore.\n\n## Two\n")
    assert [(part.title, part.anchor, part.text) for part in found] == [
        ("", "", "Lead."), ("One", "one", "Text here. Sub More."), ("Two", "two", ""),
    ]  # fmt: skip
