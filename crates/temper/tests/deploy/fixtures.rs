//! The files of the stacks. `PROJECT` becomes the name of the project.

/// A server that is built here, a database with a volume, and a worker that writes into the database all the time.
pub(crate) const SHOP: &[(&str, &str)] = &[
    ("compose.yml", SHOP_COMPOSE),
    ("web/Dockerfile", WEB_DOCKERFILE),
    ("web/server.py", SERVER),
    ("worker/worker.py", WORKER),
];

/// One server. It may write to `/opt/x` in its image.
pub(crate) const WEB: &[(&str, &str)] =
    &[("compose.yml", WEB_COMPOSE), ("web/Dockerfile", WEB_DOCKERFILE), ("web/server.py", SERVER)];

const SERVER: &str = include_str!("server.py");
const WORKER: &str = include_str!("worker.py");

const SHOP_COMPOSE: &str = r#"name: PROJECT
services:
  web:
    build: web
    depends_on: [redis]
    healthcheck:
      test: ["CMD", "python3", "-S", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 2)"]
      interval: 1s
      timeout: 5s
      retries: 10
  redis:
    image: redis:7
    volumes:
      - data:/data
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
      interval: 1s
      timeout: 5s
      retries: 10
  worker:
    image: python:3.11-slim
    command: ["python3", "-u", "/srv/worker/worker.py"]
    depends_on: [redis]
    volumes:
      - ./worker:/srv/worker:ro
    healthcheck:
      test: ["CMD", "python3", "-S", "-c", "import socket; socket.create_connection(('redis', 6379), 2)"]
      interval: 1s
      timeout: 5s
      retries: 10
volumes:
  data: {}
"#;

const WEB_COMPOSE: &str = r#"name: PROJECT
services:
  web:
    build: web
    healthcheck:
      test: ["CMD", "python3", "-S", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 2)"]
      interval: 1s
      timeout: 5s
      retries: 10
"#;

const WEB_DOCKERFILE: &str = "FROM python:3.11-slim
LABEL io.temper.test.project=PROJECT
RUN mkdir -m 777 /opt/x
COPY server.py /srv/
USER 65532:65532
EXPOSE 8000
CMD [\"python3\", \"-u\", \"/srv/server.py\"]
";
