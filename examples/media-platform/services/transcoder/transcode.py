"""Makes a proxy and a transcript of each master."""
import json
import os
import pathlib
import subprocess
import tempfile

import boto3
import pika
from faster_whisper import WhisperModel
from prometheus_client import Counter, start_http_server

SCRATCH = os.environ.get("SCRATCH_DIR", "/scratch")
QUEUE = os.environ.get("QUEUE_PREFIX", "lantern") + ".transcode"
DEVICE = os.environ.get("WHISPER_DEVICE", "cpu")

jobs = Counter("lantern_transcodes", "Finished jobs", ["result"])
store = boto3.client(
    "s3",
    endpoint_url=os.environ.get("S3_ENDPOINT", "http://minio:9000"),
    aws_access_key_id=os.environ["S3_ACCESS_KEY"],
    aws_secret_access_key=os.environ["S3_SECRET_KEY"],
)
# downloads to HF_HOME the first time
model = WhisperModel(os.environ.get("WHISPER_MODEL", "small"), device=DEVICE)


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *arguments], check=True)


def video_codec():
    if DEVICE == "cuda":
        return ["-c:v", "h264_nvenc", "-preset", "p4"]
    return ["-c:v", "libx264", "-preset", "veryfast", "-crf", "27"]


def process(job):
    key = job["object_key"]
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        folder = pathlib.Path(folder)
        master, proxy, sound = folder / "master", folder / "proxy.mp4", folder / "sound.wav"
        store.download_file(os.environ.get("S3_BUCKET", "masters"), key, str(master))
        ffmpeg("-i", str(master), "-vf", "scale=-2:540", *video_codec(), "-c:a", "aac", str(proxy))
        store.upload_file(str(proxy), "proxies", key + ".mp4")
        ffmpeg("-i", str(master), "-vn", "-ac", "1", "-ar", "16000", str(sound))
        segments, info = model.transcribe(str(sound))
        text = [{"start": s.start, "end": s.end, "text": s.text} for s in segments]
        transcript = json.dumps({"language": info.language, "segments": text})
        store.put_object(Bucket="proxies", Key=key + ".json", Body=transcript.encode())


def on_message(channel, method, _properties, body):
    try:
        process(json.loads(body))
        jobs.labels("ok").inc()
        channel.basic_ack(method.delivery_tag)
    except (subprocess.CalledProcessError, OSError, ValueError, KeyError) as error:
        print("failed:", error)
        jobs.labels("failed").inc()
        channel.basic_nack(method.delivery_tag, requeue=not method.redelivered)


def main():
    start_http_server(9108)
    parameters = pika.URLParameters(os.environ["AMQP_URL"])
    parameters.heartbeat = 0  # a job takes longer than any heartbeat
    channel = pika.BlockingConnection(parameters).channel()
    channel.queue_declare(QUEUE, durable=True)
    channel.basic_qos(prefetch_count=int(os.environ.get("PREFETCH", "1")))
    channel.basic_consume(QUEUE, on_message)
    channel.start_consuming()


if __name__ == "__main__":
    main()
