"""Sessions in PostgreSQL with the cache in front; a cookie that no session can have is no session."""

from __future__ import annotations

from django.contrib.sessions.backends import cached_db


class SessionStore(cached_db.SessionStore):
    def _validate_session_key(self, key: str | None) -> bool:
        """Django checks the length only; PostgreSQL refuses a NUL in a text."""
        valid: bool = super()._validate_session_key(key)  # type: ignore[misc]
        return valid and str(key).isascii() and str(key).isalnum()
