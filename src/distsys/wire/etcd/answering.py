"""`Answering`: what stands behind a server of gRPC or JSON, and is asked by both in the same words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from .messages import CallShape


class Answering(Protocol):
    """Answers calls. A `RefusedError` that is raised reaches the client as the code and the text in it."""

    async def answer(self, call: CallShape, request: Any) -> Any:
        """Return the response to one request."""

    def stream(self, call: CallShape, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Yield responses. Each is written before the next is asked for, so a client that reads slowly slows this."""

    def version(self) -> dict[str, str]:
        """Return the versions, for the path /version."""

    async def health(self) -> tuple[bool, str]:
        """Return whether this member can read what is committed and no alarm is raised, else why not: for /health."""
