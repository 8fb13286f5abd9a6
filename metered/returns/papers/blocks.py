"""Markdown as plain blocks that a layout sets: no HTML, no pictures, links only where they lead somewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from metered.lib.markdown import is_allowed

Block = dict[str, Any]


def blocks(markdown: str, site_url: str = "") -> list[Block]:
    """Each block has a `kind`: heading, par, list, quote, rule, code or table. `runs`: pieces of a line."""
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(markdown)
    return _blocks(SyntaxTreeNode(tokens).children, site_url)


def _blocks(nodes: Iterable[SyntaxTreeNode], site_url: str) -> list[Block]:
    return [block for node in nodes if (block := _block(node, site_url)) is not None]


def _block(node: SyntaxTreeNode, site_url: str) -> Block | None:
    match node.type:
        case "heading":
            return {"kind": "heading", "level": int(node.tag[1]), "runs": _line(node, site_url)}
        case "paragraph":
            return {"kind": "par", "runs": _line(node, site_url)}
        case "bullet_list" | "ordered_list":
            return {
                "kind": "list",
                "ordered": node.type == "ordered_list",
                "start": int(node.attrs.get("start", 1)),
                "items": [_blocks(item.children, site_url) for item in node.children],
            }
        case "blockquote":
            return {"kind": "quote", "blocks": _blocks(node.children, site_url)}
        case "hr":
            return {"kind": "rule"}
        case "fence" | "code_block":
            return {"kind": "code", "text": node.content.rstrip("\n")}
        case "table":
            rows = [
                [_line(cell, site_url) for cell in row.children]
                for part in node.children
                for row in part.children
            ]
            return {"kind": "table", "head": rows[0], "rows": rows[1:]}
    return None


def _line(node: SyntaxTreeNode, site_url: str) -> list[dict[str, Any]]:
    return [run for child in node.children for run in _runs(child, site_url, {})]


def _runs(node: SyntaxTreeNode, site_url: str, look: dict[str, Any]) -> list[dict[str, Any]]:
    match node.type:
        case "text" | "code_inline":
            return [{**look, "text": node.content}] if node.content else []
        case "softbreak":
            return [{**look, "text": " "}]
        case "hardbreak":
            return [{**look, "text": "\n"}]
        case "image":
            # Its words stand for it.
            return [{**look, "text": node.content}]
        case "strong":
            look = {**look, "strong": True}
        case "em":
            look = {**look, "em": True}
        case "link":
            if url := _address(str(node.attrs.get("href", "")), site_url):
                look = {**look, "href": url}
    return [run for child in node.children for run in _runs(child, site_url, look)]


def _address(href: str, site_url: str) -> str:
    """Where a link leads from paper, or nothing."""
    if not is_allowed(href) or href.startswith("#"):
        return ""
    if href.startswith("/"):
        return f"{site_url}{href}" if site_url else ""
    return href
