"""What the checks are made of: a list, and a few words they share."""

import asyncio
import uuid
from typing import Any, Callable

CHECKS: list[tuple[str, str, Callable[[Any], Any]]] = []


def check(area: str, title: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Registers a check. It is given a client, may be async, and fails by raising."""

    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        CHECKS.append((area, title, function))
        return function

    return register


def unique(name: str) -> str:
    return f"{name} {uuid.uuid4().hex[:8]}"


def equal(actual: Any, expected: Any) -> None:
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


def raises(error: type[Exception], part: str, act: Callable[[], Any]) -> None:
    """Asserts that `act` raises `error` with `part` in its message."""
    try:
        act()
    except error as raised:
        assert part in str(raised), f"expected {part!r} in {raised!s}"
        return
    raise AssertionError(f"expected {error.__name__}")


async def collect(items: Any) -> list[Any]:
    """All of an async iterable."""
    return [item async for item in items]


def run(result: Any) -> Any:
    """The value of a coroutine, or the value itself."""
    return asyncio.run(result) if asyncio.iscoroutine(result) else result
