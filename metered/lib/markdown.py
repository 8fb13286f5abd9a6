"""Markdown that staff write, as HTML that may stand in a page: no HTML of theirs, no links to elsewhere but
the web and mail, no pictures but our own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

PICTURE = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*\.(svg|png)")
FACT = re.compile(r"\{([a-z_.]+)\}")
_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True)
class Section:
    """A part of a text under a heading of the second level; the part before the first has no title."""

    title: str
    anchor: str
    text: str
    """Without markup, as a search reads it."""


def is_allowed(url: str) -> bool:
    """A page of ours (``/…``, ``#…``), http, https or mailto; nothing else."""
    if url.startswith("#") or (url.startswith("/") and not url.startswith(("//", "/\\"))):
        return True
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return bool(parts.path)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def anchor(title: str) -> str:
    """Heavy jobs, ahead → heavy-jobs-ahead."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "part"


def facts_in(text: str) -> set[str]:
    """The facts that a text asks for by name, such as phone in ``Call {phone}``."""
    return set(FACT.findall(text))


def fill(text: str, facts: dict[str, str]) -> str:
    """The text with its facts. A line that names one which isn't set is left out; unknown ones stay."""
    lines = []
    for line in text.split("\n"):
        named = [name for name in FACT.findall(line) if name in facts]
        if all(facts[name] for name in named):
            lines.append(FACT.sub(lambda match: _escaped(facts.get(match[1]), match[0]), line))
    return "\n".join(lines)


def _escaped(value: str | None, instead: str) -> str:
    return instead if value is None else _SPECIAL.sub(r"\\\1", value)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Pictures are named without a scheme; `picture` below looks at what stands there.
    parser.validateLink = lambda url: is_allowed(url) or bool(PICTURE.fullmatch(url))  # type: ignore[method-assign]
    return parser


def to_html(text: str, picture: Callable[[str], str], *, first_level: int = 2) -> SafeString:
    """Renders; ``![what it shows](guide/levels.svg)`` becomes an image at `picture("guide/levels.svg")`.

    Headings begin at `first_level` and carry an anchor, so that a page can be linked to in its middle.
    """
    parser = _parser()
    tokens = parser.parse(text)
    used: dict[str, int] = {}
    for place, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, max(first_level, int(token.tag[1]) - 2 + first_level))}"
        if token.type == "heading_open":
            token.attrSet("id", _unique(anchor(_plain(tokens[place + 1])), used))
    parser.add_render_rule("image", _image(picture))
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("table_open", lambda *args: '<div class="scroll" tabindex="0"><table>\n')
    parser.add_render_rule("table_close", lambda *args: "</table></div>\n")
    parser.add_render_rule("th_open", lambda *args: '<th scope="col">')
    parser.add_render_rule("td_open", lambda *args: "<td>")
    made = str(parser.renderer.render(tokens, parser.options, {}))
    return mark_safe(made)  # noqa: S308 (html is off above)


def _image(picture: Callable[[str], str]) -> Callable[..., str]:
    def rule(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        token = tokens[place]
        source = str(token.attrGet("src") or "")
        words = escape(token.content)
        if not PICTURE.fullmatch(source):
            return str(words)
        return f'<img src="{escape(picture(source))}" alt="{words}" loading="lazy">'

    return rule


def _link(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    token = tokens[place]
    if not is_allowed(str(token.attrGet("href") or "")):
        # Its text stays, the link doesn't.
        token.attrs = {}
    return str(renderer.renderToken(tokens, place, options, env))


def _unique(wanted: str, used: dict[str, int]) -> str:
    used[wanted] = used.get(wanted, 0) + 1
    return wanted if used[wanted] == 1 else f"{wanted}-{used[wanted]}"


def _plain(token: Token) -> str:
    return "".join(
        child.content if child.type in ("text", "code_inline", "image") else " " * (child.type == "softbreak")
        for child in token.children or ()
    )


def sections(text: str) -> list[Section]:
    """The text cut at its headings of the second level, for the table of contents and the search."""
    tokens = _parser().parse(text)
    used: dict[str, int] = {}
    found: list[tuple[str, str, list[str]]] = [("", "", [])]
    heading = ""
    for token in tokens:
        if token.type == "heading_open":
            heading = token.tag
        elif token.type == "inline":
            words = _plain(token)
            if heading:
                name = _unique(anchor(words), used)
                if heading in ("h1", "h2"):
                    found.append((words, name, []))
                else:
                    found[-1][2].append(words)
                heading = ""
            else:
                found[-1][2].append(words)
    return [Section(title, name, " ".join(parts)) for title, name, parts in found if title or parts]
