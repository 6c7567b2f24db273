//! The fields of the Compose file format.
//!
//! Source: the Compose Specification (<https://github.com/compose-spec/compose-spec/blob/main/spec.md> and its
//! `schema/compose-spec.json`). What is printed and when was observed with Docker Compose 2.26.1.

use super::shape::Shape::{
    Any, Bool, Bytes, BytesText, Dict, Duration, Either, Float, Int, List, Named, Null, NullAsText, OneOf,
    Scalar, ScalarOrEmpty, Set, StrictBool, StrictInt, Text, TextOrInt, TextOrNumber,
};
use super::shape::{Field, INT, Object, Shape, Zero};

const fn f(name: &'static str, shape: Shape) -> Field {
    Field::new(name, shape)
}

/// An object that may carry `x-` keys.
const fn object(fields: &'static [Field]) -> Object {
    Object { fields, required: &[], extensions: true }
}

/// An object in which every key is fixed.
const fn closed(fields: &'static [Field]) -> Object {
    Object { fields, required: &[], extensions: false }
}

/// A number that cannot be negative.
const COUNT: Shape = Int(0, i64::MAX);
const NULL: Shape = Null;
const TEXT: Shape = Text;
const TEXTS: Shape = List(&TEXT);
const UNIQUE_TEXTS: Shape = Set(&TEXT);
const TEXT_OR_TEXTS: Shape = Either(&[Text, UNIQUE_TEXTS]);
const COMMAND: Shape = Either(&[NULL, Text, TEXTS]);
const ENVIRONMENT: Shape = Either(&[Dict(&Scalar), UNIQUE_TEXTS]);
const LABELS: Shape = Either(&[Dict(&ScalarOrEmpty), UNIQUE_TEXTS]);
const DRIVER_OPTIONS: Shape = Dict(&TextOrNumber);
const HOSTS: Shape = Either(&[UNIQUE_TEXTS, Dict(&Either(&[Text, TEXTS]))]);

/// The top level of a Compose file.
pub(crate) const PROJECT: Object = object(&[
    f("version", Text).zero(Zero::Hidden),
    f("name", Text),
    f("include", List(&Any)).zero(Zero::Hidden),
    f("services", Named(&Shape::Object(&SERVICE))).zero(Zero::Empty),
    f("models", Named(&Shape::Object(&MODEL))),
    f("networks", Dict(&Either(&[NULL, Shape::Object(&NETWORK)]))),
    f("volumes", Named(&Either(&[NULL, Shape::Object(&VOLUME)]))),
    f("secrets", Named(&Shape::Object(&SECRET))),
    f("configs", Named(&Shape::Object(&CONFIG))),
]);

/// One service.
const SERVICE: Object = object(&[
    f("annotations", LABELS),
    f("attach", Bool).zero(Zero::Kept),
    f("blkio_config", Shape::Object(&BLKIO)),
    f("build", Either(&[Text, Shape::Object(&BUILD)])),
    f("cap_add", UNIQUE_TEXTS),
    f("cap_drop", UNIQUE_TEXTS),
    f("cgroup", OneOf(&["host", "private"])),
    f("cgroup_parent", Text),
    f("command", COMMAND).zero(Zero::Null),
    f("configs", FILES),
    f("container_name", Text),
    f("cpu_count", COUNT),
    f("cpu_percent", Int(0, 100)),
    f("cpu_period", INT),
    f("cpu_quota", INT),
    f("cpu_rt_period", INT),
    f("cpu_rt_runtime", INT),
    f("cpu_shares", INT),
    f("cpus", Float),
    f("cpuset", Text),
    f("credential_spec", Shape::Object(&CREDENTIAL_SPEC)),
    f("depends_on", Either(&[UNIQUE_TEXTS, Named(&Shape::Object(&DEPENDENCY))])),
    f("deploy", Either(&[NULL, Shape::Object(&DEPLOY)])),
    f("develop", Either(&[NULL, Shape::Object(&DEVELOP)])),
    f("device_cgroup_rules", UNIQUE_TEXTS),
    f("devices", List(&Either(&[Text, Shape::Object(&DEVICE)]))),
    f("dns", TEXT_OR_TEXTS),
    f("dns_opt", UNIQUE_TEXTS),
    f("dns_search", TEXT_OR_TEXTS),
    f("domainname", Text),
    f("entrypoint", COMMAND).zero(Zero::Null),
    f("env_file", Either(&[Text, List(&Either(&[Text, Shape::Object(&ENV_FILE)]))])).zero(Zero::Hidden),
    f("environment", ENVIRONMENT),
    f("expose", Set(&TextOrNumber)),
    f("extends", Either(&[Text, Shape::Object(&EXTENDS)])).zero(Zero::Hidden),
    f("external_links", UNIQUE_TEXTS),
    f("extra_hosts", HOSTS),
    f("gpus", Either(&[Text, List(&Shape::Object(&DEVICE_REQUEST))])),
    f("group_add", Set(&TextOrInt)),
    f("healthcheck", Shape::Object(&HEALTHCHECK)),
    f("hostname", Text),
    f("image", Text),
    f("init", Bool).zero(Zero::Kept),
    f("ipc", Text),
    f("isolation", Text),
    f("label_file", TEXT_OR_TEXTS).zero(Zero::Hidden),
    f("labels", LABELS),
    f("links", UNIQUE_TEXTS),
    f("logging", Shape::Object(&LOGGING)),
    f("mac_address", Text),
    f("mem_limit", Bytes),
    f("mem_reservation", Bytes),
    f("mem_swappiness", Bytes),
    f("memswap_limit", Bytes),
    f("models", Either(&[UNIQUE_TEXTS, Named(&Either(&[NULL, Shape::Object(&SERVICE_MODEL)]))])),
    f("network_mode", Text),
    f("networks", Either(&[UNIQUE_TEXTS, Named(&Either(&[NULL, Shape::Object(&SERVICE_NETWORK)]))])),
    f("oom_kill_disable", Bool),
    f("oom_score_adj", Int(-1000, 1000)),
    f("pid", Text),
    f("pids_limit", INT),
    f("platform", Text),
    f("ports", Set(&Either(&[TextOrNumber, Shape::Object(&PORT)]))),
    f("post_start", List(&Shape::Object(&HOOK))),
    f("pre_stop", List(&Shape::Object(&HOOK))),
    f("privileged", Bool),
    f("profiles", UNIQUE_TEXTS),
    f("provider", Shape::Object(&PROVIDER)),
    f("pull_policy", OneOf(PULL_POLICIES)),
    f("pull_refresh_after", Text),
    f("read_only", Bool),
    f("restart", Text),
    f("runtime", Text),
    f("scale", INT).zero(Zero::Kept),
    f("secrets", FILES),
    f("security_opt", UNIQUE_TEXTS),
    f("shm_size", Bytes),
    f("stdin_open", Bool),
    f("stop_grace_period", Duration).zero(Zero::Kept),
    f("stop_signal", Text),
    f("storage_opt", Dict(&TextOrNumber)),
    f("sysctls", LABELS),
    f("tmpfs", TEXT_OR_TEXTS),
    f("tty", Bool),
    f("ulimits", Dict(&Either(&[Shape::Limit, Shape::Object(&ULIMIT)]))),
    f("use_api_socket", Bool),
    f("user", Text),
    f("userns_mode", Text),
    f("uts", Text),
    f("volumes", Set(&Either(&[Text, Shape::Object(&MOUNT)]))),
    f("volumes_from", UNIQUE_TEXTS),
    f("working_dir", Text),
]);

/// The last four came with Compose 2.34.
const PULL_POLICIES: &[&str] =
    &["always", "never", "if_not_present", "build", "missing", "refresh", "daily", "weekly", "every_"];

/// `build`.
const BUILD: Object = object(&[
    f("context", Text),
    f("dockerfile", Text),
    f("dockerfile_inline", Text),
    f("entitlements", TEXTS),
    f("args", ENVIRONMENT),
    f("ssh", Either(&[UNIQUE_TEXTS, Dict(&ScalarOrEmpty)])),
    f("labels", LABELS),
    f("cache_from", TEXTS),
    f("cache_to", TEXTS),
    f("no_cache", Bool),
    f("additional_contexts", LABELS),
    f("network", Text),
    f("provenance", Either(&[Text, StrictBool])),
    f("sbom", Either(&[Text, StrictBool])),
    f("pull", Bool),
    f("target", Text),
    f("shm_size", Bytes),
    f("extra_hosts", HOSTS),
    f("isolation", Text),
    f("privileged", Bool),
    f("secrets", FILES),
    f("tags", TEXTS),
    f("ulimits", Dict(&Either(&[Shape::Limit, Shape::Object(&ULIMIT)]))),
    f("platforms", TEXTS),
]);

const BLKIO: Object = closed(&[
    f("device_read_bps", List(&Shape::Object(&BLKIO_RATE))),
    f("device_read_iops", List(&Shape::Object(&BLKIO_RATE))),
    f("device_write_bps", List(&Shape::Object(&BLKIO_RATE))),
    f("device_write_iops", List(&Shape::Object(&BLKIO_RATE))),
    f("weight", StrictInt),
    f("weight_device", List(&Shape::Object(&BLKIO_WEIGHT))),
]);

const BLKIO_RATE: Object = closed(&[
    f("path", Text).printed("Path").zero(Zero::Kept),
    f("rate", Bytes).printed("Rate").zero(Zero::Kept),
]);

const BLKIO_WEIGHT: Object = closed(&[
    f("path", Text).printed("Path").zero(Zero::Kept),
    f("weight", StrictInt).printed("Weight").zero(Zero::Kept),
]);

const CREDENTIAL_SPEC: Object = object(&[f("config", Text), f("file", Text), f("registry", Text)]);

const DEPENDENCY: Object = Object {
    fields: &[
        f("condition", OneOf(&["service_started", "service_healthy", "service_completed_successfully"])),
        f("restart", Bool),
        f("required", StrictBool).zero(Zero::Kept),
    ],
    required: &["condition"],
    extensions: true,
};

/// `deploy`.
const DEPLOY: Object = object(&[
    f("mode", Text),
    f("endpoint_mode", Text),
    f("replicas", INT).zero(Zero::Kept),
    f("labels", LABELS),
    f("rollback_config", Shape::Object(&UPDATE)),
    f("update_config", Shape::Object(&UPDATE)),
    f("resources", Shape::Object(&RESOURCES)).zero(Zero::Empty),
    f("restart_policy", Shape::Object(&RESTART_POLICY)),
    f("placement", Shape::Object(&PLACEMENT)).zero(Zero::Empty),
]);

const UPDATE: Object = object(&[
    f("parallelism", COUNT).zero(Zero::Kept),
    f("delay", Duration),
    f("failure_action", Text),
    f("monitor", Duration),
    f("max_failure_ratio", Float),
    f("order", OneOf(&["start-first", "stop-first"])),
]);

const RESOURCES: Object =
    object(&[f("limits", Shape::Object(&LIMITS)), f("reservations", Shape::Object(&RESERVATIONS))]);

const LIMITS: Object = object(&[f("cpus", Float), f("memory", BytesText), f("pids", INT)]);

const RESERVATIONS: Object = object(&[
    f("cpus", Float),
    f("memory", BytesText),
    f("generic_resources", List(&Shape::Object(&GENERIC_RESOURCE))),
    f("devices", List(&Shape::Object(&RESERVED_DEVICE))),
]);

const GENERIC_RESOURCE: Object = object(&[f("discrete_resource_spec", Shape::Object(&DISCRETE_RESOURCE))]);

const DISCRETE_RESOURCE: Object = object(&[f("kind", Text), f("value", INT).zero(Zero::Kept)]);

const RESERVED_DEVICE: Object =
    Object { fields: DEVICE_REQUEST.fields, required: &["capabilities"], extensions: true };

const DEVICE_REQUEST: Object = object(&[
    f("capabilities", UNIQUE_TEXTS),
    f("count", Either(&[StrictInt, Text])),
    f("device_ids", UNIQUE_TEXTS),
    f("driver", Text),
    f("options", LABELS),
]);

const RESTART_POLICY: Object = object(&[
    f("condition", Text),
    f("delay", Duration).zero(Zero::Kept),
    f("max_attempts", COUNT).zero(Zero::Kept),
    f("window", Duration).zero(Zero::Kept),
]);

const PLACEMENT: Object = object(&[
    f("constraints", TEXTS),
    f("preferences", List(&Shape::Object(&PREFERENCE))),
    f("max_replicas_per_node", COUNT),
]);

const PREFERENCE: Object = object(&[f("spread", Text)]);

const DEVELOP: Object = object(&[f("watch", List(&Shape::Object(&WATCH)))]);

const WATCH: Object = Object {
    fields: &[
        f("ignore", TEXT_OR_TEXTS),
        f("include", TEXT_OR_TEXTS),
        f("path", Text),
        f("action", OneOf(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])),
        f("target", Text),
        f("exec", Shape::Object(&HOOK)).zero(Zero::Empty),
        f("initial_sync", Bool),
    ],
    required: &["path", "action"],
    extensions: true,
};

const DEVICE: Object = Object {
    fields: &[f("source", Text), f("target", Text), f("permissions", Text)],
    required: &["source"],
    extensions: true,
};

const ENV_FILE: Object = Object {
    fields: &[f("path", Text), f("format", Text), f("required", Bool)],
    required: &["path"],
    extensions: false,
};

const EXTENDS: Object =
    Object { fields: &[f("service", Text), f("file", Text)], required: &["service"], extensions: false };

const HEALTHCHECK: Object = object(&[
    f("disable", Bool),
    f("interval", Duration).zero(Zero::Kept),
    f("retries", COUNT).zero(Zero::Kept),
    f("test", Either(&[Text, TEXTS])),
    f("timeout", Duration).zero(Zero::Kept),
    f("start_period", Duration).zero(Zero::Kept),
    f("start_interval", Duration).zero(Zero::Kept),
]);

const HOOK: Object = Object {
    fields: &[
        f("command", COMMAND).zero(Zero::Null),
        f("user", Text),
        f("privileged", Bool),
        f("working_dir", Text),
        f("environment", ENVIRONMENT),
        f("per_replica", Bool),
        f("image", Text),
    ],
    required: &["command"],
    extensions: true,
};

const LOGGING: Object =
    object(&[f("driver", Text), f("options", Dict(&Either(&[TextOrNumber, NullAsText])))]);

const SERVICE_MODEL: Object = object(&[f("endpoint_var", Text), f("model_var", Text)]);

const SERVICE_NETWORK: Object = object(&[
    f("aliases", UNIQUE_TEXTS),
    f("interface_name", Text),
    f("ipv4_address", Text),
    f("ipv6_address", Text),
    f("link_local_ips", UNIQUE_TEXTS),
    f("mac_address", Text),
    f("driver_opts", DRIVER_OPTIONS),
    f("priority", StrictInt),
    f("gw_priority", StrictInt),
]);

const PORT: Object = object(&[
    f("name", Text),
    f("mode", Text),
    f("host_ip", Text),
    f("target", Int(0, i64::MAX)),
    f("published", TextOrNumber),
    f("protocol", Text),
    f("app_protocol", Text),
]);

const PROVIDER: Object =
    Object { fields: &[f("type", Text), f("options", Dict(&Any))], required: &["type"], extensions: true };

/// `secrets` and `configs` of a service or a build.
const FILES: Shape = List(&Either(&[Text, Shape::Object(&FILE)]));

const FILE: Object = object(&[
    f("source", Text),
    f("target", Text),
    f("uid", Text),
    f("gid", Text),
    f("mode", INT).zero(Zero::Kept),
]);

const ULIMIT: Object = Object {
    fields: &[f("hard", StrictInt), f("soft", StrictInt)],
    required: &["soft", "hard"],
    extensions: true,
};

const MOUNT: Object = Object {
    fields: &[
        f("type", Text),
        f("source", Text),
        f("target", Text),
        f("read_only", Bool),
        f("consistency", Text),
        f("bind", Shape::Object(&BIND)),
        f("volume", Shape::Object(&MOUNTED_VOLUME)),
        f("tmpfs", Shape::Object(&MOUNTED_TMPFS)),
        f("image", Shape::Object(&MOUNTED_IMAGE)),
    ],
    required: &["type"],
    extensions: true,
};

const BIND: Object = object(&[
    f("propagation", Text),
    f("create_host_path", Bool),
    f("recursive", OneOf(&["enabled", "disabled", "writable", "readonly"])),
    f("selinux", OneOf(&["z", "Z"])),
]);

const MOUNTED_VOLUME: Object = object(&[f("labels", LABELS), f("nocopy", Bool), f("subpath", Text)]);

const MOUNTED_TMPFS: Object = object(&[f("size", Bytes), f("mode", StrictInt)]);

const MOUNTED_IMAGE: Object = object(&[f("subpath", Text)]);

const MODEL: Object = Object {
    fields: &[f("name", Text), f("model", Text), f("context_size", INT), f("runtime_flags", TEXTS)],
    required: &["model"],
    extensions: true,
};

const EXTERNAL: Shape = Either(&[Bool, Shape::Object(&EXTERNAL_NAME)]);

const EXTERNAL_NAME: Object = object(&[f("name", Text)]);

const NETWORK: Object = object(&[
    f("name", Text),
    f("driver", Text),
    f("driver_opts", DRIVER_OPTIONS),
    f("ipam", Shape::Object(&IPAM)).zero(Zero::Empty),
    f("external", EXTERNAL),
    f("internal", Bool),
    f("enable_ipv4", Bool).zero(Zero::Kept),
    f("enable_ipv6", Bool).zero(Zero::Kept),
    f("attachable", Bool),
    f("labels", LABELS),
]);

const IPAM: Object = object(&[
    f("driver", Text),
    f("config", List(&Shape::Object(&IPAM_POOL))),
    f("options", Dict(&TEXT)).zero(Zero::Hidden),
]);

const IPAM_POOL: Object =
    object(&[f("subnet", Text), f("ip_range", Text), f("gateway", Text), f("aux_addresses", Dict(&TEXT))]);

const VOLUME: Object = object(&[
    f("name", Text),
    f("driver", Text),
    f("driver_opts", DRIVER_OPTIONS),
    f("external", EXTERNAL),
    f("labels", LABELS),
]);

const SECRET: Object = object(&[
    f("name", Text),
    f("environment", Text),
    f("file", Text),
    f("external", EXTERNAL),
    f("labels", LABELS),
    f("driver", Text),
    f("driver_opts", DRIVER_OPTIONS),
    f("template_driver", Text),
]);

const CONFIG: Object = object(&[
    f("name", Text),
    f("content", Text),
    f("environment", Text),
    f("file", Text),
    f("external", EXTERNAL),
    f("labels", LABELS),
    f("template_driver", Text),
]);
