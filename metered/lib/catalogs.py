"""Texts and their translations: locale/<language>/LC_MESSAGES/django.po, without GNU gettext on the machine.

Babel reads the sources and writes the catalogues; Django turns a template into a kind of program first.
The compiled .mo files are kept beside the .po files, so that nothing has to be built before a start.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages import pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from django.utils.translation.template import templatize

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "said": (1,),
    "said_n": (1, 2),
}
EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HEADER = "# Translations of the portal. Remake with: python3 manage.py translations update"


def _pythons(root: Path) -> Iterator[Path]:
    yield from (path for path in sorted((root / "metered").rglob("*.py")) if "migrations" not in path.parts)


def _templates(root: Path) -> Iterator[Path]:
    for ending in ("*.html", "*.txt"):
        yield from sorted((root / "templates").rglob(ending))


def texts(root: Path) -> Catalog:
    """Every text of the sources below `root`, with the files it stands in."""
    catalog = Catalog(fuzzy=False)
    for method, paths in (("python", _pythons(root)), ("javascript", _templates(root))):
        for path in paths:
            name = path.relative_to(root).as_posix()
            source = path.read_text()
            if method == "javascript":
                source = templatize(source, origin=name)
            for _line, message, _comments, context in extract(
                method, io.BytesIO(source.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
            ):
                # Without line numbers: they would change with every edit.
                catalog.add(message, locations=[(name, 0)], context=context, flags=_flags(message))
    return catalog


def _flags(message: str | tuple[str, ...]) -> list[str]:
    text = message if isinstance(message, str) else "".join(message)
    return ["python-format"] if "%(" in text else []


def file_of(root: Path, language: str) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def read(root: Path, language: str) -> Catalog:
    """The catalogue of a language; an empty one when it has no file yet."""
    path = file_of(root, language)
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language)


def update(root: Path, language: str) -> Catalog:
    """Brings a language's catalogue up to the sources, and writes it: new texts are empty, old ones go."""
    catalog = read(root, language)
    catalog.update(texts(root), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    write(root, language, catalog)
    return catalog


def write(root: Path, language: str, catalog: Catalog) -> None:
    """Writes the catalogue and its compiled form."""
    path = file_of(root, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog.header_comment = HEADER
    catalog.project, catalog.version, catalog.msgid_bugs_address = "Metered", "1", ""
    catalog.last_translator, catalog.language_team = "", ""
    # A date of its own would make every update a change.
    catalog.creation_date = catalog.revision_date = EPOCH
    with path.open("wb") as file:
        pofile.write_po(file, catalog, sort_output=True, include_lineno=False, width=110, omit_header=False)
    path.with_suffix(".mo").write_bytes(compiled(catalog))


def compiled(catalog: Catalog) -> bytes:
    """What Django reads at run time."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def missing(root: Path, language: str) -> list[str]:
    """What is wrong with a language: texts without a translation, or whose placeholders or forms differ."""
    catalog, wrong = read(root, language), []
    for source in texts(root):
        if not source.id:
            continue
        key = source.id if isinstance(source.id, str) else source.id[0]
        found = catalog.get(key, source.context)
        wrong += _faults(source, found, catalog.num_plurals)
    return wrong


def _faults(source: Message, found: Message | None, forms: int) -> list[str]:
    name = source.id if isinstance(source.id, str) else source.id[0]
    string = found.string if found is not None else ""
    strings = [string] if isinstance(string, str) else list(string or ())
    if found is None or not all(strings) or not strings:
        return [f"not translated: {name}"]
    if not isinstance(source.id, str) and len(strings) != forms:
        return [f"{len(strings)} plural forms instead of {forms}: {name}"]
    # Babel takes "{n}% full" for a format of its own.
    faults = [str(fault) for fault in found.check()] if placeholders(name) else []
    ours = placeholders(name if isinstance(source.id, str) else source.id[1])
    singular = placeholders(name)
    faults += [
        f"other placeholders ({', '.join(sorted(placeholders(text) ^ ours))}): {text}"
        for text in strings
        if placeholders(text) not in (ours, singular)
    ]
    return [f"{fault} [{name}]" for fault in faults]


def placeholders(text: str) -> set[str]:
    """The named gaps of a text: %(name)s."""
    return {part.split(")")[0] for part in text.replace("%%", "").split("%(")[1:]}
