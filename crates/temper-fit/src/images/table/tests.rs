use std::collections::HashSet;

use super::*;
use crate::images::CAPABILITIES;

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
