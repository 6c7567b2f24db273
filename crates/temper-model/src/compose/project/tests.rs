use proptest::prelude::*;
use temper_text::SourceMap;

use crate::compose::{Mode, MountKind, Project, Selection, Service, config, load_project};
use crate::{MemoryTree, Setting};

fn load(files: &[(&str, &str)]) -> (Project, SourceMap) {
    let mut sources = SourceMap::new();
    let tree = MemoryTree::new(files.iter().copied());
    let project = load_project(&tree, &mut sources, &Selection::default(), Mode::Lenient);
    (project, sources)
}

fn service(yaml: &str) -> Service {
    let (mut project, _) = load(&[("compose.yml", &format!("services:\n  a:\n    image: x\n{yaml}"))]);
    project.services.shift_remove("a").expect("the service is there")
}

#[test]
fn a_variable_without_a_value_is_unknown_and_no_problem() {
    let (project, _) = load(&[(
        "compose.yml",
        "services: {a: {image: 'r/${TAG}', privileged: '${P}', ports: ['${N}:80']}}",
    )]);
    let service = &project.services["a"];
    let Some(Setting::Unknown { missing, raw, .. }) = &service.image else { panic!("{:?}", service.image) };
    assert_eq!((missing.as_slice(), raw.as_str()), (["TAG".to_owned()].as_slice(), "r/${TAG}"));
    assert!(service.privileged.as_ref().is_some_and(Setting::is_unknown));
    assert_eq!(service.ports[0].missing, ["N"]);
    assert!(project.problems.iter().all(|problem| problem.warning), "{:?}", project.problems);
}

#[test]
fn the_short_form_of_a_tmpfs_reads_its_mode_as_octal() {
    let service = service("    tmpfs: ['/run:size=64m,mode=1770,uid=65532,gid=1,exec', /tmp]\n");
    let [run, tmp] = service.tmpfs.as_slice() else { panic!("{:?}", service.tmpfs) };
    assert_eq!((run.target.as_str(), run.size, run.mode), ("/run", Some(64 << 20), Some(0o1770)));
    assert_eq!((run.uid, run.gid, run.exec, run.long_form), (Some(65532), Some(1), true, false));
    assert_eq!((tmp.target.as_str(), tmp.size, tmp.mode, tmp.exec), ("/tmp", None, None, false));
}

#[test]
fn the_long_form_of_a_tmpfs_reads_its_mode_as_the_number_that_yaml_makes_of_it() {
    let service = service(
        "    volumes:\n    - {type: tmpfs, target: /a, tmpfs: {mode: 1777, size: 1g}}\n    - {type: tmpfs, target: /b, tmpfs: {mode: 0o1777}}\n",
    );
    let modes: Vec<_> = service.tmpfs.iter().map(|tmpfs| tmpfs.mode).collect();
    assert_eq!(modes, [Some(1777), Some(0o1777)]);
    assert_eq!(service.tmpfs[0].size, Some(1 << 30));
    assert!(service.mounts.is_empty());
}

#[test]
fn mounts_know_their_kind_and_where_their_source_lies() {
    let service =
        service("    volumes: ['./d:/1:ro', '../up:/2', 'data:/3', /4, '/stack/in:/5', '/etc:/6', .:/7]\n");
    let mounts: Vec<_> = service.mounts.iter().map(|m| (m.kind, m.source.as_deref(), m.read_only)).collect();
    assert_eq!(
        mounts,
        [
            (MountKind::Bind, Some("d"), true),
            (MountKind::Bind, Some("/up"), false),
            (MountKind::Volume, Some("data"), false),
            (MountKind::Anonymous, None, false),
            (MountKind::Bind, Some("in"), false),
            (MountKind::Bind, Some("/etc"), false),
            (MountKind::Bind, Some("."), false),
        ]
    );
    assert_eq!(service.mounts[0].source_written.as_deref(), Some("./d"));
}

#[test]
fn an_empty_value_shadows_the_one_of_an_env_file() {
    let (project, sources) = load(&[
        (
            "compose.yml",
            "services: {a: {image: x, env_file: [e.env, none.env], environment: ['KEY=${KEY}', B]}}",
        ),
        ("e.env", "KEY=secret\nOTHER=1\n"),
    ]);
    let service = &project.services["a"];
    let key = &service.environment["KEY"];
    assert_eq!((key.value.as_deref(), key.from_env_file), (Some(""), false));
    assert_eq!((key.missing.as_slice(), key.raw.as_deref()), (["KEY".to_owned()].as_slice(), Some("${KEY}")));
    let shadowed = key.shadows.as_ref().expect("the env file has the name too");
    assert_eq!(shadowed.value, "secret");
    assert_eq!(sources.file(shadowed.at.file).path(), "e.env");
    assert!(service.environment["OTHER"].from_env_file);
    assert_eq!(service.environment["B"].value, None);
    let found: Vec<_> = service.env_files.iter().map(|file| (file.path.as_str(), file.found)).collect();
    assert_eq!(found, [("e.env", true), ("none.env", false)]);
}

#[test]
fn a_range_of_ports_is_one_port_at_its_place() {
    let (project, sources) =
        load(&[("compose.yml", "services: {a: {image: x, ports: ['127.0.0.1:8000-8002:80-82/udp', 90]}}")]);
    let [range, single] = project.services["a"].ports.as_slice() else { panic!("two ports") };
    assert_eq!((range.published.as_deref(), range.target.as_str()), (Some("8000-8002"), "80-82"));
    assert_eq!((range.host_ip.as_deref(), range.protocol.as_str()), (Some("127.0.0.1"), "udp"));
    assert_eq!(sources.slice(range.at), "'127.0.0.1:8000-8002:80-82/udp'");
    assert_eq!((single.published.as_deref(), single.target.as_str()), (None, "90"));
}

#[test]
fn a_build_knows_its_dockerfile_relative_to_the_root_of_the_stack() {
    let mut sources = SourceMap::new();
    let tree = MemoryTree::new([(
        "sub/compose.yml",
        "services: {a: {build: ./api}, b: {build: {context: .., dockerfile: x/D, args: [A=1, B]}}, c: {build: 'https://h/r.git'}, d: {build: {dockerfile_inline: FROM x}}}",
    )]);
    let selection = Selection { files: vec!["sub/compose.yml".to_owned()], ..Selection::default() };
    let project = load_project(&tree, &mut sources, &selection, Mode::Lenient);
    let built = |name: &str| {
        let build = project.services[name].build.as_ref().expect("it is built");
        (build.context.clone(), build.dockerfile.as_ref().map(|file| file.value.clone()))
    };
    assert_eq!(built("a"), (Some("sub/api".to_owned()), Some("sub/api/Dockerfile".to_owned())));
    assert_eq!(built("b"), (Some(String::new()), Some("x/D".to_owned())));
    assert_eq!(built("c"), (None, None));
    assert_eq!(built("d"), (Some("sub".to_owned()), None));
    let args = &project.services["b"].build.as_ref().expect("it is built").args;
    assert!(args["A"].is_some() && args["B"].is_none());
}

#[test]
fn limits_are_read_from_deploy_first_and_in_bytes() {
    let service = service(
        "    mem_limit: 1g\n    shm_size: 64m\n    pids_limit: -1\n    deploy: {replicas: 2, resources: {limits: {memory: 1024M, cpus: '0.50'}}}\n",
    );
    assert_eq!(service.memory_limit.as_ref().and_then(Setting::known), Some(&(1 << 30)));
    assert_eq!(service.shm_size.as_ref().and_then(Setting::known), Some(&(64 << 20)));
    assert_eq!(service.cpu_limit.as_ref().and_then(Setting::known).map(String::as_str), Some("0.50"));
    assert_eq!(service.pids_limit.as_ref().and_then(Setting::known), Some(&-1));
    assert_eq!(service.replicas.as_ref().and_then(Setting::known), Some(&2));
}

#[test]
fn every_way_to_ask_for_a_gpu_is_seen() {
    for yaml in [
        "    gpus: all\n",
        "    gpus: [{driver: nvidia}]\n",
        "    runtime: nvidia\n",
        "    deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}\n",
    ] {
        assert_eq!(service(yaml).gpus.len(), 1, "{yaml}");
    }
    assert!(
        service("    deploy: {resources: {reservations: {devices: [{capabilities: [tpu]}]}}}\n")
            .gpus
            .is_empty()
    );
}

#[test]
fn features_name_the_first_version_that_reads_them() {
    let (project, sources) = load(&[(
        "compose.yml",
        "services:\n  a: {image: x, gpus: all, depends_on: {b: {condition: service_started, required: false}}}\n  b: {image: x, depends_on: [a]}\n",
    )]);
    let features: Vec<_> = project.features.iter().map(|f| (f.name, f.since, sources.slice(f.at))).collect();
    assert_eq!(features, [("depends_on.required", (2, 20, 0), "required"), ("gpus", (2, 30, 0), "gpus")]);
}

#[test]
fn what_is_wrong_with_one_service_leaves_the_others() {
    let (project, sources) = load(&[(
        "compose.yml",
        "services:\n  a: 5\n  b:\n    image: x\n    user: 1000\n    enviroment: {}\n    ports: ['nope:80', '81:81']\n",
    )]);
    assert_eq!(project.services["b"].ports.len(), 1);
    let shown: Vec<String> = project
        .problems
        .iter()
        .map(|problem| {
            let line = problem.at.map_or(0, |at| sources.line_col(at).line);
            format!("{}:{line}: {}", problem.file, problem.message)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    compose.yml:2: services.a: expected a mapping, found the number 5
    compose.yml:5: services.b.user: expected a string (quote it), found the number 1000
    compose.yml:6: services.b: unknown key "enviroment"; did you mean "environment"?
    compose.yml:7: services.b.ports: "nope" is not a host port or range of ports
    "#);
}

#[test]
fn strict_reading_gives_every_reason() {
    let tree = MemoryTree::new([("compose.yml", "services: {a: {image: 1}, b: {build: {contxt: .}}}")]);
    let problems = config(&tree, &mut SourceMap::new(), &Selection::default()).expect_err("it is refused");
    insta::assert_snapshot!(problems.iter().map(|p| p.message.as_str()).collect::<Vec<_>>().join("\n"), @r#"
    services.a.image: expected a string (quote it), found the number 1
    services.b.build: unknown key "contxt"; did you mean "context"?
    service "a": it has neither an image nor a build context; add one, or remove the service
    "#);
}

/// Fields and values that are near enough to Compose to reach every branch, and wrong in every way.
fn near_compose() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "image",
        "build",
        "ports",
        "volumes",
        "environment",
        "env_file",
        "command",
        "healthcheck",
        "deploy",
        "depends_on",
        "networks",
        "secrets",
        "tmpfs",
        "devices",
        "gpus",
        "extra_hosts",
        "ulimits",
        "links",
        "mem_limit",
        "cpus",
        "stop_grace_period",
        "develop",
        "label_file",
        "profiles",
        "network_mode",
        "extends",
    ]);
    let scalar = prop::sample::select(vec![
        "",
        "~",
        "1",
        "-1",
        "1.5",
        "1e99",
        "true",
        "a",
        "a:b",
        "a:b:c:d",
        "''",
        "':'",
        "'-'",
        "'/'",
        "'80-'",
        "'1-9:1-9'",
        "'${X}'",
        "'${X:-1}:80'",
        "'é'",
        "'=a'",
        "'a='",
        "'\\'",
        "'10m'",
        "'1h'",
        "service:a",
        "'~'",
        "99999999999999999999",
    ]);
    let value = scalar.prop_map(str::to_owned).prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map(
                prop::sample::select(vec![
                    "source",
                    "target",
                    "type",
                    "published",
                    "test",
                    "path",
                    "resources",
                    "limits",
                    "memory",
                    "context",
                    "args",
                    "a",
                    "condition",
                    "soft",
                    "hard",
                    "tmpfs",
                    "mode",
                    "watch",
                    "count",
                    "options",
                ]),
                inner,
                0..4
            )
            .prop_map(|map| {
                let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    });
    prop::collection::btree_map(key, value, 0..5).prop_map(|fields| {
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!("    {key}: {value}\n")).collect();
        format!("services:\n  a:\n    x-a: 1\n{}", fields.concat())
    })
}

proptest! {
    #[test]
    fn nothing_that_is_nearly_compose_breaks_the_reader(yaml in near_compose()) {
        let tree = MemoryTree::new([("compose.yml", yaml.as_str())]);
        let project = load_project(&tree, &mut SourceMap::new(), &Selection::default(), Mode::Lenient);
        for problem in &project.problems {
            prop_assert!(!problem.message.is_empty());
        }
        let _ = config(&tree, &mut SourceMap::new(), &Selection::default());
    }
}

#[test]
fn a_place_is_refused_once_and_what_can_be_read_stays() {
    let base = "services:\n  web:\n    image: web\n    cpus: lots\n    user: '7'\n    ports: ['80:80']\n";
    let tree = MemoryTree::new([("a.yml", base), ("b.yml", "services:\n  web:\n    ports: 5\n")]);
    let selection = Selection { files: vec!["a.yml".to_owned(), "b.yml".to_owned()], ..Selection::default() };
    let project = load_project(&tree, &mut SourceMap::new(), &selection, Mode::Lenient);
    let messages: Vec<&str> = project.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "services.web.cpus: expected a number, found `lots`",
            "services.web.ports: expected a list as in the files before, found something else",
        ]
    );
    assert_eq!(project.services["web"].ports.len(), 1);
    assert_eq!(
        project.services["web"].user.as_ref().and_then(|user| user.known()).map(String::as_str),
        Some("7")
    );
}

#[test]
fn names_of_services_that_no_profile_enables_are_warned_of() {
    let file = "services:\n  web:\n    image: web\n  shell:\n    image: shell\n    profiles: [debug]\n    \
                networks: [gone]\n    depends_on: [ghost, tool]\n  tool:\n    image: tool\n    profiles: [debug]\n";
    let tree = MemoryTree::new([("compose.yml", file)]);
    let selection = Selection { files: vec!["compose.yml".to_owned()], ..Selection::default() };
    let project = load_project(&tree, &mut SourceMap::new(), &selection, Mode::Lenient);
    assert!(project.problems.iter().all(|problem| problem.warning));
    let messages: Vec<&str> = project.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "service \"shell\": network \"gone\" is not defined; add it under networks",
            "service \"shell\": it depends on service \"ghost\", which is not defined",
        ]
    );
    assert!(config(&tree, &mut SourceMap::new(), &selection).is_ok());
}
