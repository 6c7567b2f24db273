"""Describes the first frame of each master in one sentence."""
import io
import json
import os
import subprocess

import boto3
import pika
import requests
import torch
from PIL import Image
from transformers import pipeline

CALLBACK = os.environ.get("CALLBACK_URL", "http://api:8000/internal/captions")
BUCKET = os.environ.get("S3_BUCKET", "masters")

store = boto3.client(
    "s3",
    endpoint_url=os.environ.get("S3_ENDPOINT", "http://minio:9000"),
    aws_access_key_id=os.environ["S3_ACCESS_KEY"],
    aws_secret_access_key=os.environ["S3_SECRET_KEY"],
)
describe = pipeline(
    "image-to-text",
    model=os.environ.get("CAPTION_MODEL", "Salesforce/blip-image-captioning-base"),
    device=0 if torch.cuda.is_available() else -1,
)


def first_frame(key):
    url = store.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=600)
    frame = subprocess.run(
        ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", url, "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"],
        capture_output=True,
        check=True,
        timeout=300,
    )
    return Image.open(io.BytesIO(frame.stdout)).convert("RGB")


def on_message(channel, method, _properties, body):
    job = json.loads(body)
    try:
        text = describe(first_frame(job["object_key"]))[0]["generated_text"]
        requests.post(CALLBACK, json={"asset_id": job["asset_id"], "text": text}, timeout=10).raise_for_status()
        channel.basic_ack(method.delivery_tag)
    except (subprocess.SubprocessError, OSError, requests.RequestException) as error:
        print("failed:", job.get("asset_id"), error)
        channel.basic_nack(method.delivery_tag, requeue=False)


channel = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"])).channel()
queue = os.environ.get("QUEUE_PREFIX", "lantern") + ".caption"
channel.queue_declare(queue, durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue, on_message)
channel.start_consuming()
