"""Serves the page on this machine, and answers it."""

from __future__ import annotations

import json
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from . import page, scores
from .answer import Answer, answer

HOST = "127.0.0.1"
LARGEST = 4 * scores.LARGEST
"""Bytes of a message: what it takes to send the largest file."""


def serve(port: int) -> None:
    """Until it is interrupted. Nobody else on the network reaches it."""
    print(f"What do my weights do? http://{HOST}:{port}  (Ctrl+C ends it)", flush=True)
    uvicorn.run(application(), host=HOST, port=port, log_level="warning")


def application() -> Starlette:
    """The page at ``/``, and its answers at ``/answer``. Nothing that is sent is kept."""
    routes = [Route("/", _show), Route("/answer", _answer, methods=["POST"])]
    # A page of somebody else that a browser takes for this machine is turned away.
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    return Starlette(routes=routes, middleware=[guard])


async def _show(request: Request) -> Response:
    del request
    return HTMLResponse(page.live())


async def _answer(request: Request) -> Response:
    if int(request.headers.get("content-length", LARGEST + 1)) > LARGEST:
        return JSONResponse({"error": f"more than {LARGEST:,} bytes are not read"}, 413)
    try:
        found = await run_in_threadpool(_answered, json.loads(await request.body()))
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(found)


def _answered(message: dict[str, Any]) -> Answer:
    values = message.get("values", {})
    return scores.answer(message["file"], values) if message.get("file") else answer(values)
