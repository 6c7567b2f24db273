use std::collections::HashSet;

use super::*;

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
