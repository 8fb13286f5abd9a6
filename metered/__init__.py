"""Metered: printers are known, they report, stock follows, supplies arrive before they run out."""

__version__ = "0.1.0"
