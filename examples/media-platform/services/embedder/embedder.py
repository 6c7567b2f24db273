"""Text to vectors, over HTTP and for each asset from the queue."""
import json
import os
import threading

import pika
import requests
from flask import Flask, jsonify, request
from sentence_transformers import SentenceTransformer

QDRANT = os.getenv("QDRANT_URL", "http://qdrant:6333")
MEILI = os.getenv("MEILI_URL", "http://meilisearch:7700")
QUEUE = os.getenv("QUEUE_PREFIX", "lantern") + ".embed"

app = Flask(__name__)
model = SentenceTransformer(
    os.getenv("EMBED_MODEL", "sentence-transformers/all-MiniLM-L6-v2"),
    device=os.getenv("EMBED_DEVICE", "cpu"),
)
indexed = 0


@app.get("/healthz")
def healthz():
    return "ok"


@app.get("/metrics")
def metrics():
    text = f"# TYPE lantern_indexed_total counter\nlantern_indexed_total {indexed}\n"
    return text, 200, {"Content-Type": "text/plain"}


@app.post("/embed")
def embed():
    return jsonify(vector=model.encode(request.json["text"]).tolist())


def index(job):
    global indexed
    point = {"id": job["asset_id"], "vector": model.encode(job["title"]).tolist(), "payload": {"title": job["title"]}}
    requests.put(f"{QDRANT}/collections/assets/points", json={"points": [point]}, timeout=10).raise_for_status()
    key = os.getenv("MEILI_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    document = {"id": job["asset_id"], "title": job["title"]}
    requests.post(f"{MEILI}/indexes/assets/documents", json=[document], headers=headers, timeout=10).raise_for_status()
    indexed += 1


def make_collection():
    size = model.get_sentence_embedding_dimension()
    body = {"vectors": {"size": size, "distance": "Cosine"}}
    answer = requests.put(f"{QDRANT}/collections/assets", json=body, timeout=10)
    if answer.status_code not in (200, 409):
        answer.raise_for_status()


def consume():
    make_collection()
    channel = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"])).channel()
    channel.queue_declare(QUEUE, durable=True)
    for method, _, body in channel.consume(QUEUE):
        try:
            index(json.loads(body))
        except (requests.RequestException, ValueError, KeyError) as error:
            print("not indexed:", error)
        channel.basic_ack(method.delivery_tag)


if __name__ == "__main__":
    threading.Thread(target=consume, daemon=True).start()
    app.run(host="0.0.0.0", port=int(os.getenv("PORT", "8700")))
