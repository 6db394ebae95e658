"""Tasks that do nothing: what is left is what handing them over costs."""

from __future__ import annotations

from typing import Any


def nothing(item: Any) -> Any:
    """Give the item back."""
    return item


async def nothing_async(item: Any) -> Any:
    """Give the item back."""
    return item
