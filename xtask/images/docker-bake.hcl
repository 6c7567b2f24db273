# All images at once; BuildKit builds what does not depend on each other in parallel.
# Each target builds the stage of its name, and its tag is the reference that examples/shop uses.
# `cargo xtask images` gives BASE, and adds the label that says which inputs an image was built from.

variable "BASE" {}

group "default" {
  targets = ["nginx", "postgres", "redis", "nats", "prometheus", "python"]
}

target "stage" {
  context = "."
  args    = { BASE = BASE }
}

target "nginx" {
  inherits = ["stage"]
  target   = "nginx"
  tags     = ["nginx:1.25"]
}

target "postgres" {
  inherits = ["stage"]
  target   = "postgres"
  tags     = ["postgres:15"]
}

target "redis" {
  inherits = ["stage"]
  target   = "redis"
  tags     = ["redis:7"]
}

target "nats" {
  inherits = ["stage"]
  target   = "nats"
  tags     = ["nats:2.10"]
}

target "prometheus" {
  inherits = ["stage"]
  target   = "prometheus"
  tags     = ["prom/prometheus:v2.48.0"]
}

target "python" {
  inherits = ["stage"]
  target   = "python"
  tags     = ["python:3.11-slim"]
}
