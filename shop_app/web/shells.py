"""The built front end: its files, the shell of its pages, and the hashes of its inline scripts.

Read once, at the start: the shell into memory, of the other files only their names and encodings.
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response

from .served import TAKE_OVER

CLIENT = Path(".web") / "build" / "client"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# Names that change with their content (assets), or that we change by hand when we change the file (fonts).
IMMUTABLE = ("/assets/", "/fonts/")

_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.DOTALL)
_REACT_HEAD = re.compile(
    r'<title>.*?</title>|<meta [^>]*(?:name="description"|property="og:[a-z_:]+")[^>]*/>', re.DOTALL
)
_FIRST_META = re.compile(r'<meta charset="?utf-8"?\s*/?>', re.IGNORECASE)
_STYLESHEET = re.compile(r'<link (?=[^>]*rel="stylesheet")[^>]*href="([^"]+)"')
_MANIFEST = re.compile(r"window\.__reactRouterManifest=(\{.*\});?\s*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shell:
    """A built page, split where the edge inserts its own head and its block of content.

    `start` ends after the charset, `rest` at the end of the head, `body` at the end of the body. Own titles,
    metas and links may come early in the head; own scripts and styles only after React's, which takes the
    first script for its own. `bare_rest` is `rest` without the build's title, description and Open Graph.
    """

    start: str
    rest: str
    bare_rest: str
    body: str
    end: str

    def filled(self, early: str, late: str, block: str, *, own_title: bool) -> str:
        """The page with `early` and `late` in its head and `block` last in its body."""
        rest = self.bare_rest if own_title else self.rest
        return f"{self.start}{early}{rest}{late}{self.body}{block}{self.end}"


@dataclass(frozen=True, slots=True)
class BuiltFile:
    path: Path
    media_type: str
    encodings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuiltFrontEnd:
    """`shell` is the one without a page in it: what a page shows comes from its own HTML.

    The pages that React Router prerendered aren't served: each is the page before it has loaded, up to 26 KB
    that nobody would see.
    """

    shell: Shell
    files: dict[str, BuiltFile]
    script_hashes: tuple[str, ...]
    chunks: dict[str, tuple[str, ...]]

    @property
    def stylesheets(self) -> tuple[str, ...]:
        """The addresses of the stylesheets that the shell links to."""
        return tuple(match[1] for match in _STYLESHEET.finditer(self.shell.rest))

    def preloads(self, route: str) -> str:
        """Links that fetch the chunks of a route, which the shell doesn't name."""
        chunks = self.chunks.get(route, ())
        return "".join(f'<link rel="modulepreload" href="{chunk}" fetchpriority="low"/>' for chunk in chunks)


def cut(html: str) -> Shell:
    """Split a built page.

    Errors  ValueError where it has no head or body: not a page that React Router built.
    """
    head_end, body_end = html.find("</head>"), html.rfind("</body>")
    if head_end < 0 or body_end < 0:
        raise ValueError("not a built page")
    match = _FIRST_META.search(html, 0, head_end)
    at = match.end() if match else html.index("<head>") + len("<head>")
    # Scripts load after what is seen first: styles, fonts and the page's picture.
    rest = html[at:head_end].replace('rel="modulepreload"', 'rel="modulepreload" fetchpriority="low"')
    return Shell(html[:at], rest, _REACT_HEAD.sub("", rest), html[head_end:body_end], html[body_end:])


_START = re.compile(r'import\("/assets/entry\.client-[^"]+"\);')


def paint_first(html: str) -> str:
    """A built page whose scripts start once its content was painted: they take the browser half a second.

    And once its deferred scripts have run: assets/shop.js keeps the title while React draws its own.
    A tab in the background isn't painted, and starts without it. A page with another start stays as it is.
    """
    start = (
        r"const start=()=>\g<0>"
        "const paint=()=>document.hidden?start():requestAnimationFrame(()=>setTimeout(start));"
        'performance.getEntriesByType("navigation")[0]?.domContentLoadedEventStart||document.readyState==="complete"'
        '?paint():document.addEventListener("DOMContentLoaded",paint);'
    )
    return _START.sub(start, html)


def script_hashes(html: str) -> set[str]:
    """The CSP sources of the inline scripts of a page."""
    return {
        f"'sha256-{base64.b64encode(hashlib.sha256(match['code'].encode()).digest()).decode()}'"
        for match in _SCRIPT.finditer(html)
        if "src=" not in match["attributes"] and match["code"]
    }


def read_build(client: Path = CLIENT) -> BuiltFrontEnd | None:
    """The build in `client`, None where there is none (development, where Vite serves the pages)."""
    fallback = client / "__spa-fallback.html"
    if not fallback.exists():
        return None
    html = paint_first(fallback.read_text(encoding="utf-8"))
    files = {
        "/" + path.relative_to(client).as_posix(): built_file(path)
        for path in sorted(client.rglob("*"))
        if path.is_file() and path.suffix not in {".br", ".gz", ".zst", ".html"}
    }
    return BuiltFrontEnd(cut(html), files, tuple(sorted(script_hashes(html + TAKE_OVER))), _chunks(client))


def built_file(path: Path) -> BuiltFile:
    """A file of a build, with the encodings that were made beside it."""
    kind = "text/javascript" if path.suffix in {".js", ".mjs"} else mimetypes.guess_type(path.name)[0]
    codings = tuple(coding for coding, suffix in ENCODINGS if path.with_name(path.name + suffix).exists())
    return BuiltFile(path, kind or "application/octet-stream", codings)


def _chunks(client: Path) -> dict[str, tuple[str, ...]]:
    """The chunks that each route needs and the shell doesn't load, by Reflex's name of the route."""
    for path in (client / "assets").glob("manifest-*.js"):
        match = _MANIFEST.search(path.read_text(encoding="utf-8"))
        if match:
            routes = json.loads(match[1])["routes"]
            own = {*routes["root"].get("imports", ())}
            return {
                _reflex_route(route.get("path") or ""): tuple(
                    dict.fromkeys(c for c in (route["module"], *route.get("imports", ())) if c not in own)
                )
                for route in routes.values()
                if route["id"] != "root"
            }
    return {}


def _reflex_route(path: str) -> str:
    """React Router's `products/:slug` as Reflex writes it, `products/[slug]`."""
    return re.sub(r":(\w+)", r"[\1]", path.strip("/")) or "index"


def file_response(file: BuiltFile, name: str, headers: Headers) -> Response:
    """A built file, in the best encoding that was made at the build and that the client takes."""
    accepted = headers.get("accept-encoding", "")
    coding = next((coding for coding in file.encodings if coding in accepted), "")
    path = file.path.with_name(file.path.name + dict(ENCODINGS)[coding]) if coding else file.path
    fixed = {
        "Cache-Control": "public, max-age=31536000, immutable" if name.startswith(IMMUTABLE) else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if coding:
        fixed["Content-Encoding"] = coding
    response = FileResponse(path, headers=fixed, media_type=file.media_type, stat_result=path.stat())
    if headers.get("if-none-match") == response.headers["etag"]:
        return Response(status_code=304, headers={**fixed, "ETag": response.headers["etag"]})
    return response
