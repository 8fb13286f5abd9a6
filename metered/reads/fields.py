"""Model fields for packed numbers: bytes in the table, lists in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from metered.reads import packing

if TYPE_CHECKING:
    _Packed = models.Field[list[int | None], list[int | None]]
else:
    _Packed = models.BinaryField


class PackedMeters(_Packed):
    """Meters of one observation (packing.py)."""

    def from_db_value(self, value: bytes | memoryview | None, *_: Any) -> list[int | None] | None:
        return None if value is None else packing.unpack_meters(bytes(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return super().get_db_prep_value(packing.pack_meters(value), connection, prepared)


class PackedLevels(_Packed):
    """Levels of one observation (packing.py)."""

    def from_db_value(self, value: bytes | memoryview | None, *_: Any) -> list[int | None] | None:
        return None if value is None else packing.unpack_levels(bytes(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return super().get_db_prep_value(packing.pack_levels(value), connection, prepared)
