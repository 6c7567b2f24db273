use std::collections::HashSet;

use super::*;
use temper_model::container::CAPABILITIES;

use crate::images::{PathNeed, Role};

#[test]
fn every_file_is_read() {
    for (name, text) in FILES {
        let images = parse(text).unwrap_or_else(|error| panic!("images/{name}.toml: {error}"));
        assert!(!images.is_empty(), "images/{name}.toml has no image");
    }
}

#[test]
fn every_file_of_the_folder_is_embedded() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let on_disk: HashSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let embedded: HashSet<String> = FILES.iter().map(|(name, _)| format!("{name}.toml")).collect();
    assert_eq!(on_disk, embedded);
}

/// Every path of an entry and of its variants.
fn paths(image: &KnownImage) -> impl Iterator<Item = &PathNeed> {
    image.paths.iter().chain(image.variants.iter().flat_map(|variant| &variant.paths))
}

#[test]
fn ids_and_names_are_unique() {
    let mut ids = HashSet::new();
    let mut names = HashSet::new();
    for image in all() {
        assert!(ids.insert(&image.id), "{} twice", image.id);
        for name in &image.names {
            assert!(names.insert(name), "{name} twice");
            let stars = name.matches('*').count();
            assert!(stars == 0 || (stars == 1 && name.ends_with("/*")), "{name}: a glob ends in /*");
        }
    }
}

#[test]
fn names_are_written_in_their_shortest_form() {
    for name in all().iter().flat_map(|image| &image.names) {
        let example = name.replace('*', "example");
        let reference: ImageRef = example.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(reference.familiar_name(), example);
    }
}

#[test]
fn every_entry_has_sources_and_a_reason_for_each_fact() {
    for image in all() {
        assert!(!image.names.is_empty(), "{}", image.id);
        assert!(!image.sources.is_empty(), "{}", image.id);
        assert!(image.sources.iter().all(|source| source.url.starts_with("https://")), "{}", image.id);
        assert!(paths(image).all(|path| !path.reason.is_empty()), "{}", image.id);
        assert!(image.capabilities.iter().all(|need| !need.reason.is_empty()), "{}", image.id);
        let is_family = image.names.iter().all(|name| name.ends_with('*'));
        let has_class = image.class.is_some() && image.tier.is_some();
        assert!(has_class || is_family || image.role == Role::Base, "{} has no class or tier", image.id);
    }
}

#[test]
fn paths_are_absolute_without_links_and_modes_are_octal() {
    for (image, path) in all().iter().flat_map(|image| paths(image).map(move |path| (&image.id, path))) {
        assert!(path.path.starts_with('/') && !path.path.ends_with('/'), "{image}: {}", path.path);
        assert!(!path.path.starts_with("/var/run"), "{image}: /var/run is a link to /run");
        if let Some(mode) = &path.mode {
            assert!(mode.len() == 4 && u32::from_str_radix(mode, 8).is_ok(), "{image}: mode {mode}");
        }
    }
}

#[test]
fn a_path_is_given_once() {
    for image in all() {
        let mut seen = HashSet::new();
        assert!(image.paths.iter().all(|path| seen.insert(&path.path)), "{}", image.id);
    }
}

#[test]
fn capability_names_are_those_of_the_kernel() {
    for image in all() {
        let of_variants = image.variants.iter().filter_map(|variant| variant.capabilities.as_ref()).flatten();
        for need in image.capabilities.iter().chain(&image.capabilities_as_service).chain(of_variants) {
            assert!(CAPABILITIES.contains(&need.name.as_str()), "{}: {}", image.id, need.name);
        }
    }
}

#[test]
fn an_image_that_drops_from_root_needs_setuid_and_setgid() {
    for image in all().iter().filter(|image| image.drops_to.is_some()) {
        for name in ["SETUID", "SETGID"] {
            assert!(image.capabilities.iter().any(|need| need.name == name), "{} lacks {name}", image.id);
        }
    }
}

#[test]
fn health_checks_and_auth_switches_are_well_formed() {
    for image in all() {
        let checks = image.variants.iter().filter_map(|variant| variant.healthcheck.as_ref());
        for check in image.healthcheck.iter().chain(checks) {
            let Some(test) = &check.test else { continue };
            assert!(test.len() > 1, "{}", image.id);
            assert!(test[0] == "CMD" || (test[0] == "CMD-SHELL" && test.len() == 2), "{}", image.id);
        }
        assert!(
            image.auth_off.iter().all(|off| off.variable.is_some() || off.argument.is_some()),
            "{}",
            image.id
        );
    }
}

#[test]
fn every_variant_can_be_reached_and_changes_something() {
    for image in all() {
        for variant in &image.variants {
            let mut changed = image.clone();
            variant.apply(&mut changed);
            assert_ne!(&changed, image, "{} {}", image.id, variant.name);
        }
    }
}

#[test]
fn references_as_people_write_them_are_found() {
    let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let found = |reference: &str| {
        lookup(reference).map_or_else(
            || format!("{reference} -> unknown"),
            |found| {
                let ids = found
                    .image
                    .service_identity()
                    .map_or("?".to_owned(), |id| format!("{}:{}", id.uid, id.gid));
                let start = found.image.start.as_ref().map_or("?".to_owned(), |id| id.uid.to_string());
                let ambiguous = if found.is_ambiguous() { " ambiguous" } else { "" };
                format!(
                    "{reference} -> {} {start}=>{ids} {}{ambiguous}",
                    found.image.id,
                    found.applied.join("+")
                )
            },
        )
    };
    let lines: Vec<String> =
        REFERENCES.iter().map(|reference| found(&reference.replace("DIGEST", digest))).collect();
    let lines = lines.join("\n").replace(digest, "DIGEST");
    insta::assert_snapshot!(lines, @r#"
    postgres -> postgres 0=>999:999 
    postgres:17 -> postgres 0=>999:999 before-18
    postgres:16-alpine -> postgres 0=>70:70 before-18+alpine
    postgres:18.1-alpine3.22 -> postgres 0=>70:70 alpine
    docker.io/library/postgres:15-bookworm -> postgres 0=>999:999 before-18
    postgres@DIGEST -> postgres 0=>999:999  ambiguous
    postgres:17@DIGEST -> postgres 0=>999:999 before-18
    pgvector/pgvector:pg16 -> postgres-extensions 0=>999:999 before-18
    pgvector/pgvector:0.8.1-pg18-trixie -> postgres-extensions 0=>999:999 
    postgis/postgis:16-3.4-alpine -> postgres-extensions 0=>70:70 before-18+alpine
    timescale/timescaledb:latest-pg16 -> timescaledb 0=>70:70 
    supabase/postgres:15.8.1.060 -> supabase-postgres ?=>? 
    redis -> redis 0=>999:999 setpriv
    redis:7-alpine -> redis 0=>999:1000 alpine
    redis:8.2 -> redis 0=>999:999 setpriv
    redis:8-alpine -> redis 0=>999:1000 setpriv+alpine-setpriv
    valkey/valkey:8-alpine -> valkey 0=>999:1000 alpine
    memcached:1.6 -> memcached 11211=>11211:11211 
    nginx:1.27-alpine -> nginx 0=>101:101 alpine
    nginx:stable -> nginx 0=>101:101 
    nginxinc/nginx-unprivileged:1.27 -> nginx-unprivileged 101=>101:101 
    nats:2.12-alpine -> nats 0=>0:0 alpine
    minio/minio:latest -> minio 0=>0:0 
    quay.io/minio/minio -> minio 0=>0:0 
    qdrant/qdrant:v1.15.0 -> qdrant 0=>0:0 
    qdrant/qdrant:v1.15.0-unprivileged -> qdrant 1000=>1000:1000 unprivileged
    getmeili/meilisearch:v1.12 -> meilisearch 0=>0:0 
    neo4j:5-community -> neo4j 0=>7474:7474 
    clickhouse/clickhouse-server:25.4 -> clickhouse 0=>101:101 
    rabbitmq:4-management-alpine -> rabbitmq 0=>100:101 alpine
    apache/kafka:4.0.0 -> kafka-apache 1000=>1000:1000 
    confluentinc/cp-kafka:7.8.0 -> kafka-confluent 1000=>1000:1000 
    bitnami/kafka:3.9 -> bitnami 1001=>1001:0 
    mariadb:11 -> mariadb 0=>999:999 
    mysql:8.4 -> mysql 0=>999:999 
    mongo:8 -> mongo 0=>999:999 
    docker.elastic.co/elasticsearch/elasticsearch:9.0.0 -> elasticsearch 1000=>1000:0 
    opensearchproject/opensearch:3 -> opensearch 1000=>1000:1000 
    prom/prometheus:v3.5.0 -> prometheus 65534=>65534:65534 
    prom/prometheus:v3.9.0-distroless -> prometheus 65532=>65532:65532 distroless
    quay.io/prometheus/alertmanager -> alertmanager 65534=>65534:65534 
    grafana/grafana:12.0.0 -> grafana 472=>472:0 
    grafana/loki:3.4 -> loki 10001=>10001:10001 
    grafana/tempo -> tempo 10001=>10001:10001 
    otel/opentelemetry-collector-contrib:0.130.0 -> otel-collector 10001=>10001:10001 
    traefik:v3.5 -> traefik 0=>0:0 
    caddy:2-alpine -> caddy 0=>0:0 
    envoyproxy/envoy:distroless-v1.35.0 -> envoy 65532=>65532:65532 distroless
    postgrest/postgrest:v13 -> postgrest 1000=>1000:0 
    ollama/ollama -> ollama 0=>0:0 
    cloudflare/cloudflared:2026.8.0 -> cloudflared 65532=>65532:65532 
    hashicorp/vault:1.20 -> vault 0=>100:1000 
    eclipse-mosquitto:2 -> mosquitto 0=>1883:1883 
    gcr.io/cadvisor/cadvisor:v0.52.1 -> cadvisor 0=>0:0 
    gitea/gitea:1.24-rootless -> gitea 1000=>1000:1000 rootless
    nextcloud:31-fpm-alpine -> nextcloud 0=>82:82 alpine+fpm
    lscr.io/linuxserver/sonarr:latest -> linuxserver 0=>911:911 
    gcr.io/distroless/static-debian12:nonroot -> distroless 65532=>65532:65532 nonroot
    gcr.io/distroless/base-debian12 -> distroless 0=>0:0 
    python:3.13-slim -> python 0=>0:0 
    influxdb:1.11 -> influxdb ?=>? 1
    localhost:5000/team/api:1.0 -> unknown
    my/app -> unknown
    ${REGISTRY}/api -> unknown
    "#);
}

const REFERENCES: &[&str] = &[
    "postgres",
    "postgres:17",
    "postgres:16-alpine",
    "postgres:18.1-alpine3.22",
    "docker.io/library/postgres:15-bookworm",
    "postgres@DIGEST",
    "postgres:17@DIGEST",
    "pgvector/pgvector:pg16",
    "pgvector/pgvector:0.8.1-pg18-trixie",
    "postgis/postgis:16-3.4-alpine",
    "timescale/timescaledb:latest-pg16",
    "supabase/postgres:15.8.1.060",
    "redis",
    "redis:7-alpine",
    "redis:8.2",
    "redis:8-alpine",
    "valkey/valkey:8-alpine",
    "memcached:1.6",
    "nginx:1.27-alpine",
    "nginx:stable",
    "nginxinc/nginx-unprivileged:1.27",
    "nats:2.12-alpine",
    "minio/minio:latest",
    "quay.io/minio/minio",
    "qdrant/qdrant:v1.15.0",
    "qdrant/qdrant:v1.15.0-unprivileged",
    "getmeili/meilisearch:v1.12",
    "neo4j:5-community",
    "clickhouse/clickhouse-server:25.4",
    "rabbitmq:4-management-alpine",
    "apache/kafka:4.0.0",
    "confluentinc/cp-kafka:7.8.0",
    "bitnami/kafka:3.9",
    "mariadb:11",
    "mysql:8.4",
    "mongo:8",
    "docker.elastic.co/elasticsearch/elasticsearch:9.0.0",
    "opensearchproject/opensearch:3",
    "prom/prometheus:v3.5.0",
    "prom/prometheus:v3.9.0-distroless",
    "quay.io/prometheus/alertmanager",
    "grafana/grafana:12.0.0",
    "grafana/loki:3.4",
    "grafana/tempo",
    "otel/opentelemetry-collector-contrib:0.130.0",
    "traefik:v3.5",
    "caddy:2-alpine",
    "envoyproxy/envoy:distroless-v1.35.0",
    "postgrest/postgrest:v13",
    "ollama/ollama",
    "cloudflare/cloudflared:2026.8.0",
    "hashicorp/vault:1.20",
    "eclipse-mosquitto:2",
    "gcr.io/cadvisor/cadvisor:v0.52.1",
    "gitea/gitea:1.24-rootless",
    "nextcloud:31-fpm-alpine",
    "lscr.io/linuxserver/sonarr:latest",
    "gcr.io/distroless/static-debian12:nonroot",
    "gcr.io/distroless/base-debian12",
    "python:3.13-slim",
    "influxdb:1.11",
    "localhost:5000/team/api:1.0",
    "my/app",
    "${REGISTRY}/api",
];

#[test]
fn the_known_names_are_listed() {
    let mut lines: Vec<String> =
        all().iter().map(|image| format!("{}: {}", image.id, image.names.join(" "))).collect();
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    adminer: adminer
    alertmanager: prom/alertmanager quay.io/prometheus/alertmanager
    alloy: grafana/alloy
    bitnami: bitnami/* bitnamilegacy/* bitnamisecure/* public.ecr.aws/bitnami/*
    caddy: caddy
    cadvisor: gcr.io/cadvisor/cadvisor ghcr.io/google/cadvisor google/cadvisor zcube/cadvisor
    chainguard: cgr.dev/chainguard/*
    chroma: chromadb/chroma ghcr.io/chroma-core/chroma
    clickhouse: clickhouse clickhouse/clickhouse-server yandex/clickhouse-server
    cloudflared: cloudflare/cloudflared
    consul: consul hashicorp/consul public.ecr.aws/hashicorp/consul
    cuda: nvidia/cuda nvcr.io/nvidia/* pytorch/pytorch tensorflow/tensorflow
    curl: curlimages/curl quay.io/curl/curl
    distribution: debian ubuntu alpine busybox fedora rockylinux almalinux amazonlinux archlinux registry.access.redhat.com/ubi8/* registry.access.redhat.com/ubi9/* bitnami/minideb
    distroless: gcr.io/distroless/*
    dozzle: amir20/dozzle ghcr.io/amir20/dozzle
    elasticsearch: elasticsearch docker.elastic.co/elasticsearch/elasticsearch
    envoy: envoyproxy/envoy
    etcd: quay.io/coreos/etcd gcr.io/etcd-development/etcd registry.k8s.io/etcd
    ghost: ghost
    gitea: gitea/gitea docker.gitea.com/gitea
    gotenberg: gotenberg/gotenberg thecodingmachine/gotenberg
    grafana: grafana/grafana grafana/grafana-oss grafana/grafana-enterprise
    haproxy: haproxy
    httpd: httpd
    influxdb: influxdb
    invidious: quay.io/invidious/invidious
    jaeger: jaegertracing/all-in-one jaegertracing/jaeger cr.jaegertracing.io/jaegertracing/jaeger quay.io/jaegertracing/all-in-one
    jellyfin: jellyfin/jellyfin ghcr.io/jellyfin/jellyfin
    kafka-apache: apache/kafka
    kafka-confluent: confluentinc/cp-kafka confluentinc/cp-server confluentinc/confluent-local
    keycloak: quay.io/keycloak/keycloak keycloak/keycloak
    kong: kong kong/kong
    language-base: golang rust ruby openjdk eclipse-temurin amazoncorretto oven/bun denoland/deno perl elixir erlang gcc maven gradle mcr.microsoft.com/dotnet/* buildpack-deps
    linuxserver: linuxserver/* lscr.io/linuxserver/* ghcr.io/linuxserver/*
    localstack: localstack/localstack localstack/localstack-pro
    loki: grafana/loki
    mailhog: mailhog/mailhog
    mailpit: axllent/mailpit ghcr.io/axllent/mailpit
    mariadb: mariadb
    meilisearch: getmeili/meilisearch
    memcached: memcached
    milvus: milvusdb/milvus
    minio-client: minio/mc quay.io/minio/mc
    minio: minio/minio quay.io/minio/minio
    mongo: mongo
    mosquitto: eclipse-mosquitto
    mysql: mysql container-registry.oracle.com/mysql/community-server
    n8n: n8nio/n8n docker.n8n.io/n8nio/n8n
    nats: nats
    neo4j: neo4j
    netdata: netdata/netdata ghcr.io/netdata/netdata quay.io/netdata/netdata
    nextcloud: nextcloud
    nginx-proxy-manager: jc21/nginx-proxy-manager
    nginx-unprivileged: nginxinc/nginx-unprivileged ghcr.io/nginx/nginx-unprivileged ghcr.io/nginxinc/nginx-unprivileged quay.io/nginx/nginx-unprivileged public.ecr.aws/nginx/nginx-unprivileged
    nginx: nginx
    node-exporter: prom/node-exporter quay.io/prometheus/node-exporter
    node: node
    ollama: ollama/ollama
    open-webui: ghcr.io/open-webui/open-webui openwebui/open-webui
    opensearch: opensearchproject/opensearch public.ecr.aws/opensearchproject/opensearch
    otel-collector: otel/opentelemetry-collector otel/opentelemetry-collector-contrib ghcr.io/open-telemetry/opentelemetry-collector-releases/*
    pgadmin: dpage/pgadmin4
    php: php
    phpmyadmin: phpmyadmin phpmyadmin/phpmyadmin
    portainer: portainer/portainer-ce portainer/portainer-ee portainer/portainer
    postgres-exporter: prometheuscommunity/postgres-exporter quay.io/prometheuscommunity/postgres-exporter
    postgres-extensions: pgvector/pgvector ankane/pgvector postgis/postgis imresamu/postgis
    postgres: postgres
    postgrest: postgrest/postgrest
    prometheus: prom/prometheus quay.io/prometheus/prometheus
    promtail: grafana/promtail
    pushgateway: prom/pushgateway quay.io/prometheus/pushgateway
    python: python
    qdrant: qdrant/qdrant ghcr.io/qdrant/qdrant/qdrant
    rabbitmq: rabbitmq
    redis-exporter: oliver006/redis_exporter quay.io/oliver006/redis_exporter
    redis: redis
    registry: registry distribution/distribution
    supabase-auth: supabase/gotrue public.ecr.aws/supabase/gotrue
    supabase-edge-runtime: supabase/edge-runtime public.ecr.aws/supabase/edge-runtime
    supabase-logflare: supabase/logflare public.ecr.aws/supabase/logflare
    supabase-postgres-meta: supabase/postgres-meta public.ecr.aws/supabase/postgres-meta
    supabase-postgres: supabase/postgres public.ecr.aws/supabase/postgres
    supabase-realtime: supabase/realtime public.ecr.aws/supabase/realtime
    supabase-storage: supabase/storage-api public.ecr.aws/supabase/storage-api
    supabase-studio: supabase/studio public.ecr.aws/supabase/studio
    supabase-supavisor: supabase/supavisor public.ecr.aws/supabase/supavisor
    tempo: grafana/tempo
    temporal: temporalio/server temporalio/auto-setup
    tensorzero-gateway: tensorzero/gateway
    tensorzero-ui: tensorzero/ui
    tika: apache/tika
    timescaledb: timescale/timescaledb
    traefik: traefik ghcr.io/traefik/traefik
    uptime-kuma: louislam/uptime-kuma ghcr.io/louislam/uptime-kuma
    valkey: valkey/valkey ghcr.io/valkey-io/valkey public.ecr.aws/valkey/valkey
    vault: vault hashicorp/vault public.ecr.aws/hashicorp/vault
    vaultwarden: vaultwarden/server ghcr.io/dani-garcia/vaultwarden quay.io/vaultwarden/server
    vector: timberio/vector
    watchtower: containrrr/watchtower ghcr.io/containrrr/watchtower
    weaviate: semitechnologies/weaviate cr.weaviate.io/semitechnologies/weaviate
    wordpress: wordpress
    zookeeper: zookeeper
    "#);
}

#[test]
fn health_checks_are_written_as_the_container_reads_them() {
    for image in all() {
        let variants = image.variants.iter().filter_map(|variant| variant.healthcheck.as_ref());
        let words = image.healthcheck.iter().chain(variants).flat_map(|check| check.test.iter().flatten());
        assert!(
            words.into_iter().all(|word| !word.contains("$$")),
            "{}: Compose's `$$` is added later",
            image.id
        );
    }
}

#[test]
fn conditions_belong_to_paths_that_are_not_always_written() {
    for path in all().iter().flat_map(paths) {
        let Some(condition) = &path.required_if else { continue };
        assert!(!path.required, "{}: required_if needs required = false", path.path);
        let named = [&condition.variables, &condition.content, &condition.arguments];
        assert!(named.iter().any(|all| !all.is_empty()), "{}", path.path);
        assert!(condition.unless_arguments.is_empty() || !condition.arguments.is_empty(), "{}", path.path);
        assert!(condition.content.iter().all(|content| content.starts_with('/')), "{}", path.path);
    }
}
