"""Colour words in the languages that printers are set to (en, de, fr, es, nl, pt, it).

`colorant` is `black`, `cyan`, `magenta`, `yellow`, or the printer's own word ("light cyan", "matte black",
"orange"), which stays as it is: a photo black is not the black.
"""

import re

PLAIN = {
    "black": "black schwarz schwarze schwarzer noir noire negro negra zwart zwarte preto preta nero nera",
    "cyan": "cyan zyan cian cyaan ciano",
    "magenta": "magenta",
    "yellow": "yellow gelb gelbe gelber jaune amarillo amarilla geel gele amarelo amarela giallo gialla",
}
OTHER = (
    "gray grey grau gris grijs cinza orange red rot rouge rojo rood vermelho rosso green grün vert verde "
    "groen blue blau bleu azul blauw blu violet violett white weiß weiss blanc blanco wit branco bianco clear"
)
QUALIFIERS = (
    "light vivid photo matte matt dark bright hell foto clair claire claro clara licht mat mate chiaro chiara"
)

_PLAIN = {word: colour for colour, words in PLAIN.items() for word in words.split()}
_OTHER = frozenset(OTHER.split())
_QUALIFIERS = frozenset(QUALIFIERS.split())
_COMPOUND = re.compile(rf"(?:hell|matt|foto|photo|licht)-?(?:{'|'.join(_PLAIN)}|grau|grijs)")
# words joined to the colour in one: "Schwarztoner", "Tonerschwarz", "Cyaantoner"
_JOINED = re.compile(rf"(?:toner)?({'|'.join(_PLAIN)})(?:toner|tinte|kartusche|patrone|cartridge)?")
_LETTER = re.compile(r"[(\[](BK|K|C|M|Y)[)\]]")
LETTERS = {"K": "black", "BK": "black", "B": "black", "C": "cyan", "M": "magenta", "Y": "yellow"}
LONGEST = 24
_NOTHING = frozenset({"", "other", "unknown", "none", "n/a", "-"})


def in_words(description: str) -> str | None:
    """The one colour that a description names; None when it names none or several."""
    letter = _LETTER.search(description)
    if letter:
        return LETTERS[letter[1]]
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", description.lower())
    named: list[str] = []
    for at, word in enumerate(words):
        if _COMPOUND.fullmatch(word):
            named.append(word)
            continue
        joined = _JOINED.fullmatch(word)
        colour = _PLAIN[joined[1]] if joined else word if word in _OTHER else None
        if colour is None:
            continue
        first, last = at, at
        while first > 0 and words[first - 1] in _QUALIFIERS:
            first -= 1
        while last + 1 < len(words) and words[last + 1] in _QUALIFIERS:
            last += 1
        named.append(colour if first == last else " ".join(words[first : last + 1]))
    return named[0][:LONGEST].rstrip() if len(set(named)) == 1 else None


def of_colorant(value: str | None) -> str | None:
    """What prtMarkerColorantValue says, at most 24 characters; None for its "other" and "unknown"."""
    own = (value or "").strip().lower()
    if own in _NOTHING:
        return None
    return (in_words(own) or own)[:LONGEST].rstrip()
