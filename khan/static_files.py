"""The pages and the browser libraries, with their types, their ETags and their compressed twins."""

import mimetypes
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("font/woff2", ".woff2")


class Files(StaticFiles):
    """A folder of files; `NAME.gz` beside a file is sent to whoever accepts it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or its compressed twin; unchanged ones cost a 304."""
        headers = Headers(scope=scope)
        twin = Path(str(self.directory)) / f"{path}.gz"
        if "gzip" not in headers.get("accept-encoding", "") or not self._is_inside(twin):
            response = await super().get_response(path, scope)
        else:
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            sent = FileResponse(twin, media_type=kind, stat_result=twin.stat())
            sent.headers["Content-Encoding"] = "gzip"
            response = sent
            if self.is_not_modified(sent.headers, headers):
                response = NotModifiedResponse(sent.headers)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Vary"] = "Accept-Encoding"
        return response

    def _is_inside(self, file: Path) -> bool:
        folder = Path(str(self.directory)).resolve()
        return file.is_file() and file.resolve().is_relative_to(folder)


def mount(app: FastAPI, clients: Path) -> None:
    """Serve the pages, `clients/live`, `clients/vote` and `clients/verify`, and `clients/vendor` side by side."""
    for part in ("live", "vote", "verify", "vendor"):
        files = Files(directory=clients / part, html=True, check_dir=False)
        app.router.routes.append(Mount(f"/{part}", files, name=part))
