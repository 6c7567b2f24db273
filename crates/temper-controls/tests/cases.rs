//! Runs the cases in `tests/controls/<id>.md`: prose, input files, expected judgements with their fixes.
//!
//! A case is a `##` section. A code fence whose info string is `<language> <path>` is an input file; the fence
//! `findings` is what the control says of it. A fence `json container` holds what was observed of a running container of
//! the service `api`; the control then judges that. `TEMPER_UPDATE=1 cargo test -p temper-controls --test cases`
//! writes the `findings` fences; read what was written before you commit it.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

mod case;
mod show;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use temper_controls::{ALL, Meta, Surface};

#[test]
fn every_control_says_what_its_cases_expect() {
    let update = std::env::var_os("TEMPER_UPDATE").is_some();
    let mut wrong = Vec::new();
    for control in ALL {
        let meta = control.meta();
        let path = cases_of(meta);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = case::CaseFile::parse(&text);
        let actual = file.with_findings(|case| show::judgements(meta, case));
        if actual == text {
            continue;
        }
        if update {
            std::fs::write(&path, actual).unwrap();
        } else {
            wrong.push(diff(&path, &text, &actual));
        }
    }
    assert!(wrong.is_empty(), "{}\nTEMPER_UPDATE=1 writes what the controls say now", wrong.join("\n"));
}

#[test]
fn every_control_is_registered_documented_and_has_cases() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/controls");
    let files: BTreeSet<String> = names_in(&source, "rs").into_iter().filter(|name| name != "mod").collect();
    let helpers = BTreeSet::from(["shared".to_owned()]);
    let registered: BTreeSet<String> =
        ALL.iter().map(|control| control.meta().id.replace('-', "_")).collect();
    assert_eq!(registered.len(), ALL.len(), "two controls have the same identifier");
    assert_eq!(files.difference(&helpers).cloned().collect::<BTreeSet<_>>(), registered);
    for control in ALL {
        let meta = control.meta();
        for heading in ["What it flags", "Why it matters", "Fix safety", "References"] {
            assert!(
                meta.section(heading).is_some_and(|text| !text.is_empty()),
                "{}: no section {heading}",
                meta.id
            );
        }
        let text = std::fs::read_to_string(cases_of(meta)).unwrap();
        let fences = case::CaseFile::parse(&text).findings();
        let has = |word: &str| fences.iter().any(|fence| fence.lines().any(|line| line.starts_with(word)));
        assert!(has("fail "), "{}: no case that fires", meta.id);
        assert!(has("pass ") || fences.iter().any(String::is_empty), "{}: no quiet case", meta.id);
        assert!(has("  fix "), "{}: no case with a fix", meta.id);
        if meta.surfaces.contains(&Surface::Container) {
            assert!(has("fail container/"), "{}: no case of a container that fires", meta.id);
            assert!(has("pass container/"), "{}: no quiet case of a container", meta.id);
        }
    }
}

#[test]
fn every_case_file_belongs_to_a_control() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/controls");
    for name in names_in(&directory, "md") {
        assert!(temper_controls::find(&name).is_some(), "tests/controls/{name}.md: there is no such control");
    }
}

fn cases_of(meta: &Meta) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/controls").join(format!("{}.md", meta.id))
}

fn names_in(directory: &Path, extension: &str) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|found| found == extension));
    files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

fn diff(path: &Path, expected: &str, actual: &str) -> String {
    temper_text::unified_diff(&path.display().to_string(), Some(expected), actual)
}
