use std::collections::HashSet;

use super::*;
use crate::frameworks::Recognise;
use temper_model::container::CAPABILITIES;

#[test]
fn every_file_is_read() {
    for (name, text) in FILES {
        let frameworks = parse(text).unwrap_or_else(|error| panic!("frameworks/{name}.toml: {error}"));
        assert!(!frameworks.is_empty(), "frameworks/{name}.toml has no framework");
    }
}

#[test]
fn every_file_of_the_folder_is_embedded() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("frameworks");
    let on_disk: HashSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let embedded: HashSet<String> = FILES.iter().map(|(name, _)| format!("{name}.toml")).collect();
    assert_eq!(on_disk, embedded);
}

#[test]
fn ids_are_unique_and_every_fact_has_a_source_and_a_reason() {
    let mut ids = HashSet::new();
    for framework in all() {
        assert!(ids.insert(&framework.id), "{} twice", framework.id);
        assert!(!framework.sources.is_empty(), "{}", framework.id);
        assert!(framework.sources.iter().all(|source| source.starts_with("https://")), "{}", framework.id);
        assert!(framework.writes.iter().all(|write| !write.reason.is_empty()), "{}", framework.id);
        assert_ne!(framework.recognise, Recognise::default(), "{} cannot be recognised", framework.id);
    }
}

#[test]
fn a_redirect_is_a_variable_or_an_argument() {
    for framework in all() {
        for redirect in framework.writes.iter().flat_map(|write| &write.redirects) {
            assert_ne!(redirect.variable.is_some(), redirect.argument.is_some(), "{}", framework.id);
            let name = redirect.variable.as_deref().unwrap_or("X");
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{}: {name}", framework.id);
        }
    }
}

#[test]
fn capability_names_are_those_of_the_kernel() {
    for framework in all() {
        for name in &framework.capabilities {
            assert!(CAPABILITIES.contains(&name.as_str()), "{}: {name}", framework.id);
        }
    }
}
