"""The papers of a return, as PDF: packing slip, labels, returns policy (domain rules 29 and 30).

Pure: a `Papers` in, the bytes of a PDF out, in the language that is active; the same papers give the same
bytes. Layouts are the ``.typ`` files beside (docs/adr/0015).
"""

from __future__ import annotations

from metered.returns.papers.content import House, Line, Papers, spaced
from metered.returns.papers.pages import labels, packing_slip, policy_paper

__all__ = ["House", "Line", "Papers", "labels", "packing_slip", "policy_paper", "spaced"]
