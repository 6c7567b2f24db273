//! Whole projects, from files to the merged tree. The comparison with Docker Compose is in `tests/differential.rs`.

use temper_text::SourceMap;

use super::load::load;
use super::loaded::{Loaded, Mode};
use super::{Definition, Selection};
use crate::yaml_files::YamlFiles;
use crate::{Data, MemoryTree, Origin, Value};

struct Read {
    loaded: Loaded,
    sources: SourceMap,
}

fn read(mode: Mode, files: &[(&str, &str)], order: &[&str]) -> Read {
    let tree = MemoryTree::new(files.iter().copied());
    let selection =
        Selection { files: order.iter().map(|file| (*file).to_owned()).collect(), ..Selection::default() };
    let mut sources = SourceMap::new();
    let loaded = load(&YamlFiles::new(&tree), &mut sources, &selection, mode);
    Read { loaded, sources }
}

fn one(mode: Mode, text: &str) -> Read {
    read(mode, &[("compose.yml", text)], &["compose.yml"])
}

impl Read {
    fn at(&self, path: &[&str]) -> &Value {
        self.loaded.root.path(path).unwrap_or_else(|| panic!("{path:?} is not there"))
    }

    fn file_of(&self, path: &[&str]) -> &str {
        self.sources.file(self.at(path).at.file).path()
    }

    /// `file:line:column message` of every problem.
    fn problems(&self) -> String {
        let show = |problem: &crate::Problem| {
            let place = problem.at.map(|at| self.sources.line_col(at));
            let place = place.map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
            let kind = if problem.warning { "warning: " } else { "" };
            format!("{}{place}: {kind}{}", problem.file, problem.message)
        };
        self.loaded.problems.iter().map(show).collect::<Vec<_>>().join("\n")
    }
}

/// The data alone, for comparison.
fn plain(value: &Value) -> String {
    match &value.data {
        Data::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, member)| format!("{key}: {}", plain(&member.value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Data::Seq(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Data::Str(text) => text.value.clone(),
        Data::Null => "~".to_owned(),
        Data::Bool(flag) => flag.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
    }
}

#[test]
fn merged_values_keep_the_file_they_come_from() {
    let read = read(
        Mode::Strict,
        &[
            ("a.yml", "services: {web: {image: i, user: u, environment: {A: 1, B: 2}}}"),
            ("b.yml", "services: {web: {user: v, environment: {B: 3}}}"),
        ],
        &["a.yml", "b.yml"],
    );
    let web = ["services", "web"];
    assert_eq!(plain(read.at(&web)), "{image: i, user: v, environment: {A: 1, B: 3}}");
    assert_eq!(read.file_of(&["services", "web", "image"]), "a.yml");
    assert_eq!(read.file_of(&["services", "web", "user"]), "b.yml");
    assert_eq!(read.file_of(&["services", "web", "environment", "A"]), "a.yml");
    assert_eq!(read.file_of(&["services", "web", "environment", "B"]), "b.yml");
    let definitions: &[Definition] = &read.loaded.definitions["web"];
    assert_eq!(definitions.len(), 2);
}

#[test]
fn alias_and_merge_key_tell_how_a_value_came() {
    let text = "x-a: &a {user: u}\nservices:\n  web:\n    <<: *a\n    labels: &l [x]\n  api: {labels: *l}\n";
    let read = one(Mode::Strict, text);
    assert!(matches!(read.at(&["services", "web", "user"]).origin, Origin::MergeKey(_)));
    let Origin::Alias(at) = read.at(&["services", "api", "labels"]).origin else { panic!("not an alias") };
    assert_eq!(read.sources.slice(at), "*l");
    assert_eq!(read.at(&["services", "web", "labels"]).origin, Origin::Written);
}

#[test]
fn alias_bomb_is_refused() {
    let mut text = "x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!("x-{level}: &a{level} [{}]\n", vec![before; 10].join(", ")));
    }
    let read = one(Mode::Lenient, &text);
    assert!(read.problems().contains("expected at most 250000 values"), "{}", read.problems());
}

#[test]
fn anchor_that_holds_itself_is_refused_and_its_value_unknown() {
    let read = one(Mode::Lenient, "services:\n  web: &w\n    image: i\n    labels: *w\n");
    insta::assert_snapshot!(read.problems(), @"compose.yml:4:13: the value of anchor `w` contains itself");
    assert_eq!(read.at(&["services", "web", "labels"]).missing(), ["*w"]);
}

#[test]
fn key_written_twice_is_refused_with_both_places() {
    let read = one(Mode::Strict, "services:\n  web:\n    image: i\n    image: j\n");
    insta::assert_snapshot!(read.problems(), @r#"
    compose.yml:4:5: key `image` is written twice in this mapping, first in line 3; remove one
    "#);
}

#[test]
fn keys_have_to_be_strings() {
    let read = one(Mode::Strict, "services:\n  web:\n    image: i\n    environment: {1: x}\n");
    insta::assert_snapshot!(read.problems(), @"compose.yml:4:19: expected a string as key, found `1`; put it in quotes");
}

#[test]
fn invalid_interpolation_is_pointed_at_inside_its_text() {
    let read = one(Mode::Strict, "services:\n  web:\n    image: \"a:${TAG!}\"\n");
    insta::assert_snapshot!(read.problems(), @"compose.yml:3:15: services.web.image: invalid interpolation `${TAG!}`; expected `$VAR`, `${VAR}`, `${VAR:-default}` or `${VAR:?message}`; a plain `$` is written `$$`");
}

#[test]
fn variable_without_a_value_is_a_warning_when_strict_and_unknown_when_lenient() {
    let text = "services: {web: {image: \"a:${TAG}\", read_only: \"${RO}\", user: \"${U:?why}\"}}";
    insta::assert_snapshot!(one(Mode::Strict, text).problems(), @r#"
    compose.yml:1:48: services.web.read_only: expected `true` or `false`, found ``
    compose.yml:1:64: services.web.user: required variable U is missing a value: why
    compose.yml:1:25: warning: variable TAG is not set; Compose takes an empty string
    compose.yml:1:48: warning: variable RO is not set; Compose takes an empty string
    "#);
    let lenient = one(Mode::Lenient, text);
    assert_eq!(lenient.problems(), "");
    assert_eq!(lenient.at(&["services", "web", "image"]).missing(), ["TAG"]);
    assert_eq!(lenient.at(&["services", "web", "read_only"]).missing(), ["RO"]);
    assert_eq!(lenient.at(&["services", "web", "user"]).missing(), ["U"]);
}

#[test]
fn text_gets_the_type_of_its_path_after_interpolation() {
    let read =
        one(Mode::Strict, "services: {web: {read_only: \"${RO:-true}\", pids_limit: \"100\", user: \"1\"}}");
    assert_eq!(plain(read.at(&["services", "web"])), "{read_only: true, pids_limit: 100, user: 1}");
    assert_eq!(read.at(&["services", "web", "read_only"]).data, Data::Bool(true));
    assert!(read.at(&["services", "web", "user"]).as_str().is_some());
}

#[test]
fn circular_extends_names_the_chain_and_the_rest_is_read() {
    let read =
        one(Mode::Lenient, "services:\n  a: {extends: b, user: u}\n  b: {extends: a}\n  c: {image: i}\n");
    insta::assert_snapshot!(read.problems(), @"compose.yml:3:16: circular `extends`: `a` in compose.yml extends `b` in compose.yml extends `a` in compose.yml");
    assert_eq!(plain(read.at(&["services"])), "{a: {user: u}, b: {}, c: {image: i}}");
}

#[test]
fn long_chain_of_extends_is_followed() {
    let mut text = "services:\n  s0: {image: i}\n".to_owned();
    for index in (1..3000).rev() {
        text.push_str(&format!("  s{index}: {{extends: s{}}}\n", index - 1));
    }
    let read = one(Mode::Strict, &text);
    assert_eq!(plain(read.at(&["services", "s2999"])), "{image: i}");
}

#[test]
fn paths_of_an_extended_file_are_relative_to_it() {
    let files = [
        ("compose.yml", "services: {a: {extends: {file: sub/base.yml, service: b}, env_file: x}}"),
        ("sub/base.yml", "services: {b: {image: i, env_file: y}}"),
    ];
    let read = read(Mode::Strict, &files, &["compose.yml"]);
    let files = read.at(&["services", "a", "env_file"]).as_seq().expect("two env files");
    let base = |value: &Value| read.loaded.bases.get(&value.at.file).cloned();
    assert_eq!(files.iter().map(base).collect::<Vec<_>>(), [Some("sub".to_owned()), None]);
    assert!(matches!(read.at(&["services", "a", "image"]).origin, Origin::Extends(_)));
}

#[test]
fn missing_files_are_reported_where_they_are_named() {
    let text = "include: [no.yml]\nservices:\n  a: {image: i, extends: {file: gone.yml, service: b}}\n";
    let read = one(Mode::Lenient, text);
    insta::assert_snapshot!(read.problems(), @r#"
    compose.yml:3:26: gone.yml: no such file
    compose.yml:1:11: no.yml: no such file
    "#);
    assert_eq!(plain(read.at(&["services"])), "{a: {image: i}}");
}

#[test]
fn circular_include_names_the_chain() {
    let files = [
        ("compose.yml", "include: [b.yml]\n"),
        ("b.yml", "include: [compose.yml]\nservices: {b: {image: i}}\n"),
    ];
    let read = read(Mode::Lenient, &files, &["compose.yml"]);
    insta::assert_snapshot!(read.problems(), @"b.yml:1:11: circular `include`: compose.yml includes b.yml includes compose.yml");
}

#[test]
fn included_project_has_its_own_variables_and_directory() {
    let files = [
        ("compose.yml", "include: [sub/c.yml]\nservices: {a: {image: \"${V:-none}\"}}\n"),
        ("sub/c.yml", "services: {b: {image: \"${V}\", env_file: e}}\n"),
        ("sub/.env", "V=sub\n"),
    ];
    let read = read(Mode::Strict, &files, &["compose.yml"]);
    assert_eq!(plain(read.at(&["services", "a", "image"])), "none");
    assert_eq!(plain(read.at(&["services", "b", "image"])), "sub");
    let file = read.at(&["services", "b", "env_file"]).at.file;
    assert_eq!(read.loaded.bases.get(&file).map(String::as_str), Some("sub"));
}

#[test]
fn tags_take_away_and_are_named() {
    let files = [
        ("a.yml", "services: {a: {image: i, ports: [\"1:1\"], cap_add: [A], user: u}}"),
        ("b.yml", "services: {a: {ports: !reset [], cap_add: !override [B]}}"),
    ];
    let read = read(Mode::Strict, &files, &["a.yml", "b.yml"]);
    assert_eq!(plain(read.at(&["services", "a"])), "{image: i, user: u, cap_add: [B]}");
    assert_eq!(read.loaded.uses.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["!reset", "!override"]);
}

#[test]
fn file_and_name_come_from_the_env_file() {
    let files = [
        (".env", "COMPOSE_FILE=x.yml:y.yml\nCOMPOSE_PROJECT_NAME=p\n"),
        ("x.yml", "services: {a: {image: i}}"),
        ("y.yml", "services: {a: {user: \"${COMPOSE_PROJECT_NAME}\"}}"),
    ];
    let read = read(Mode::Strict, &files, &[]);
    assert_eq!(read.loaded.name, "p");
    assert_eq!(plain(read.at(&["services", "a"])), "{image: i, user: p}");
}

#[test]
fn nothing_to_read_is_a_problem() {
    assert!(read(Mode::Lenient, &[], &[]).problems().contains("no Compose file"));
    insta::assert_snapshot!(one(Mode::Lenient, "# only a comment\n").problems(), @"compose.yml:1:1: expected a Compose file, found only comments");
    insta::assert_snapshot!(one(Mode::Lenient, "- a\n").problems(), @"compose.yml:1:1: expected a mapping at the top of a Compose file");
    insta::assert_snapshot!(one(Mode::Lenient, "services: [a]\n").problems(), @"compose.yml:1:1: services: expected a mapping of services by name");
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("x-a: {}{}", "[".repeat(120), "]".repeat(120));
    assert!(one(Mode::Lenient, &text).problems().contains("at most 100 levels deep"));
}

proptest::proptest! {
    #[test]
    fn merging_with_an_empty_file_changes_nothing(
        user in "[a-z]{1,5}", ports in proptest::collection::vec("[1-9]{2}", 0..4), names in proptest::collection::vec("[A-C]", 0..4),
    ) {
        let base = format!("services: {{web: {{user: {user}, ports: {ports:?}, labels: {names:?}, cap_add: {names:?}}}}}");
        let alone = read(Mode::Strict, &[("a.yml", &base)], &["a.yml"]);
        for empty in ["{}", "services: {}", "services: {web: {}}", "services: {web: }"] {
            let merged = read(Mode::Strict, &[("a.yml", &base), ("b.yml", empty)], &["a.yml", "b.yml"]);
            proptest::prop_assert_eq!(plain(&alone.loaded.root), plain(&merged.loaded.root));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(?s)[a-c&*<!:\\[\\]{}$\\-\"'| \\n]{0,60}") {
        let _ = one(Mode::Lenient, &text);
        let _ = one(Mode::Strict, &format!("services:\n  a:\n    {text}"));
    }
}

#[test]
fn project_of_too_many_services_is_refused_as_a_whole() {
    let services =
        |count: usize| (0..count).map(|index| format!("  s{index}: {{image: x}}\n")).collect::<String>();
    let most = super::load::MAX_SERVICES;
    let bearable = one(Mode::Lenient, &format!("services:\n{}", services(most)));
    assert_eq!(bearable.problems(), "");
    assert_eq!(bearable.at(&["services"]).as_map().map(indexmap::IndexMap::len), Some(most));

    // An overlay may bring the one service that is too many.
    let files = [
        ("a.yml", format!("services:\n{}", services(most))),
        ("b.yml", "services:\n  one-more: {image: x}\n".to_owned()),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    for mode in [Mode::Lenient, Mode::Strict] {
        let refused = read(mode, &files, &["a.yml", "b.yml"]);
        assert_eq!(
            refused.problems(),
            "a.yml:2:3: expected at most 3000 services in a project, found 3001; split it into several projects"
        );
        assert!(matches!(refused.loaded.root.data, Data::Null));
    }
}
