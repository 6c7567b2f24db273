//! The files of the stacks. `PROJECT` becomes the name of the project.

/// A server that is built here, a database with a volume, and a worker that writes into the database all the time.
pub(crate) const SHOP: &[(&str, &str)] = &[
    ("compose.yml", SHOP_COMPOSE),
    ("web/Dockerfile", WEB_DOCKERFILE),
    ("web/server.py", SERVER),
    ("worker/worker.py", WORKER),
];

/// [`SHOP`] without the worker.
pub(crate) const PAIR: &[(&str, &str)] =
    &[("compose.yml", PAIR_COMPOSE), ("web/Dockerfile", WEB_DOCKERFILE), ("web/server.py", SERVER)];

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

const PAIR_COMPOSE: &str = r#"name: PROJECT
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

/// [`WEB`] with a variable for the program, and a directory of the host for its state.
pub(crate) fn web_in_mode(mode: &str) -> Vec<(&'static str, String)> {
    let compose =
        format!("{WEB_COMPOSE}    environment:\n      MODE: {mode}\n    volumes:\n      - ./state:/state\n");
    let mut files: Vec<(&str, String)> = WEB.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    files[0].1 = compose;
    files
}
