"""HTTP API of the archive."""
import json
import logging
import os
import pathlib

import httpx
import redis
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

from . import jobs, settings

logging.basicConfig(level=os.environ.get("LOG_LEVEL", "info").upper())
log = logging.getLogger("api")

app = FastAPI(title="Lanternroom", root_path="/api")
pool = ConnectionPool(settings.DATABASE_URL, min_size=1, max_size=10, kwargs={"row_factory": dict_row}, open=False)
cache = redis.Redis.from_url(settings.CACHE_URL, socket_timeout=2)
requests_seen = 0


class NewAsset(BaseModel):
    title: str
    object_key: str
    seconds: float | None = None


class Caption(BaseModel):
    asset_id: int
    text: str


@app.on_event("startup")
def start() -> None:
    pool.open()
    pathlib.Path(settings.THUMB_DIR).mkdir(parents=True, exist_ok=True)


@app.middleware("http")
async def count(request: Request, call_next):
    global requests_seen
    requests_seen += 1
    return await call_next(request)


def admin(request: Request, authorization: str = Header("")) -> None:
    if not settings.ADMIN_TOKEN:
        return  # development
    if authorization != f"Bearer {settings.ADMIN_TOKEN}":
        raise HTTPException(403)


@app.get("/healthz")
def healthz():
    return {"status": "ok"}


@app.get("/metrics")
def metrics():
    body = f"# TYPE lantern_api_requests_total counter\nlantern_api_requests_total {requests_seen}\n"
    return Response(body, media_type="text/plain")


@app.get("/assets")
def assets(limit: int = 50):
    with pool.connection() as db:
        rows = db.execute(
            "SELECT id, title, object_key, seconds, caption FROM assets ORDER BY id DESC LIMIT %s",
            (min(limit, 500),),
        ).fetchall()
    return {"assets": rows}


@app.post("/assets", status_code=201)
def add_asset(asset: NewAsset):
    with pool.connection() as db:
        row = db.execute(
            "INSERT INTO assets (title, object_key, seconds) VALUES (%s, %s, %s) RETURNING id",
            (asset.title, asset.object_key, asset.seconds),
        ).fetchone()
    job = {"asset_id": row["id"], "object_key": asset.object_key}
    for kind in ("transcode", "caption", "embed"):
        jobs.publish(kind, job | {"title": asset.title})
    cache.publish("assets", json.dumps({"id": row["id"], "title": asset.title}))
    return row


@app.get("/search")
def search(q: str):
    headers = {"Authorization": f"Bearer {settings.MEILI_KEY}"} if settings.MEILI_KEY else {}
    words = httpx.post(
        f"{settings.MEILI_URL}/indexes/assets/search", json={"q": q, "limit": 20}, headers=headers, timeout=5
    )
    return {"words": words.json().get("hits", []), "meaning": _nearest(q)}


def _nearest(text: str) -> list:
    embed = settings.PROVIDERS.get("embed")
    if not embed:
        return []
    try:
        vector = httpx.post(embed["url"], json={"text": text}, timeout=embed.get("timeout", 10)).json()["vector"]
        answer = httpx.post(
            f"{settings.QDRANT_URL}/collections/assets/points/search",
            json={"vector": vector, "limit": 20, "with_payload": True},
            timeout=5,
        )
        return answer.json().get("result", [])
    except httpx.HTTPError as error:
        log.warning("no search by meaning: %s", error)
        return []


@app.post("/internal/captions")
def caption(caption: Caption):
    with pool.connection() as db:
        db.execute("UPDATE assets SET caption = %s WHERE id = %s", (caption.text, caption.asset_id))
    try:
        httpx.post(settings.NOTIFIER_URL, json={"event": "caption", "asset_id": caption.asset_id}, timeout=2)
    except httpx.HTTPError as error:
        log.warning("not notified: %s", error)
    return {"status": "ok"}


@app.delete("/assets/{asset_id}", dependencies=[Depends(admin)])
def remove(asset_id: int):
    with pool.connection() as db:
        gone = db.execute("DELETE FROM assets WHERE id = %s", (asset_id,)).rowcount
    if not gone:
        raise HTTPException(404)
    return {"removed": asset_id}
