"""Publishing jobs on RabbitMQ."""
import json

import pika

from . import settings


def publish(kind: str, payload: dict) -> None:
    """Put one durable job on the queue `<prefix>.<kind>`."""
    queue = f"{settings.QUEUE_PREFIX}.{kind}"
    connection = pika.BlockingConnection(pika.URLParameters(settings.AMQP_URL))
    try:
        channel = connection.channel()
        channel.queue_declare(queue, durable=True)
        channel.basic_publish(
            exchange="",
            routing_key=queue,
            body=json.dumps(payload).encode(),
            properties=pika.BasicProperties(delivery_mode=2, content_type="application/json"),
        )
    finally:
        connection.close()
