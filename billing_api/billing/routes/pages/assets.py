"""The pages' own files under /pay/static/: read once, named by digest, nothing else reachable.

The digest is a folder in the address, so a module's relative imports stay within one release and
browsers may keep the files for good.
"""

import hashlib
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

router = APIRouter(include_in_schema=False)

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FILES = {
    path.name: path.read_bytes()
    for path in sorted((Path(__file__).parent / "static").iterdir())
    if path.suffix in MEDIA_TYPES
}
RELEASE = hashlib.sha256(
    b"".join(name.encode() + b"\0" + content for name, content in FILES.items())
).hexdigest()[:12]


def asset_url(name: str) -> str:
    if name not in FILES:
        raise LookupError(f"no asset {name}")
    return f"/pay/static/{RELEASE}/{name}"


@router.api_route("/pay/static/{release}/{name}", methods=["GET", "HEAD"])
async def serve_asset(request: Request, release: str, name: str) -> Response:
    if name not in FILES:
        raise HTTPException(404)
    # A page opened before an upgrade asks for the old folder: it gets today's file, but may not
    # keep it under the old address.
    lasting = "public, max-age=31536000, immutable" if release == RELEASE else "no-cache"
    headers = {"Cache-Control": lasting, "ETag": f'"{RELEASE}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(FILES[name], media_type=MEDIA_TYPES[Path(name).suffix], headers=headers)
