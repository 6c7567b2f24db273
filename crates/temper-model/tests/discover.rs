//! Whole stacks, read from disk and from memory.

use std::collections::BTreeMap;
use std::path::Path;

use temper_model::{DiskTree, FileTree, LoadOptions, MARKER, MemoryTree, OverlaidTree, ProjectGroup, Stack};

fn load(tree: &dyn FileTree) -> Stack {
    Stack::load(tree, &LoadOptions::default()).expect("the settings can be read")
}

fn shop() -> DiskTree {
    DiskTree::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/discover/shop"))
}

fn files<'a>(stack: &'a Stack, group: &ProjectGroup) -> Vec<&'a str> {
    group.project.files.iter().map(|file| stack.sources.file(*file).path()).collect()
}

#[test]
fn a_stack_is_its_projects_overlays_and_dockerfiles() {
    let stack = load(&shop());
    let [group] = &stack.projects[..] else { panic!("{} projects", stack.projects.len()) };
    assert_eq!(files(&stack, group), ["docker-compose.yml"]);
    assert_eq!(group.project.services.keys().collect::<Vec<_>>(), ["api", "db"]);
    assert_eq!(stack.dockerfiles.keys().collect::<Vec<_>>(), ["services/api/Dockerfile"]);
    assert_eq!(stack.skipped, ["vendor-env"]);
}

#[test]
fn an_overlay_says_what_it_changes_adds_and_what_nothing_defines() {
    let stack = load(&shop());
    let [gpu, hardened] = &stack.projects[0].overlays[..] else { panic!("two overlays") };
    assert_eq!((&gpu.changes[..], &gpu.adds[..]), (&["api".to_owned()][..], &["trainer".to_owned()][..]));
    assert_eq!(hardened.changes, ["api"]);
    let (ghost, at) = &hardened.ghosts[0];
    assert_eq!((ghost.as_str(), stack.sources.slice(*at)), ("publisher", "publisher"));
    assert_eq!(stack.sources.file(at.file).path(), "docker-compose.hardened.yml");
}

#[test]
fn the_merged_overlay_names_files_as_the_stack_does() {
    let stack = load(&shop());
    let gpu = &stack.projects[0].overlays[0];
    let merged = gpu.merged.as_ref().unwrap();
    assert_eq!(merged.services.keys().collect::<Vec<_>>(), ["api", "db", "trainer"]);
    let trainer = &merged.services["trainer"];
    assert_eq!(stack.sources.slice(trainer.at), "trainer");
    assert_eq!(trainer.at.file, gpu.file);
}

#[test]
fn a_broken_file_is_told_with_its_place_and_the_rest_is_read() {
    let stack = load(&shop());
    let [problem] = &stack.problems[..] else { panic!("{:?}", stack.problems) };
    assert_eq!((problem.file.as_str(), problem.warning), ("docs/compose.yml", false));
    assert_eq!(stack.sources.line_col(problem.at.unwrap()).line, 2);
}

#[test]
fn a_stack_can_be_read_as_it_would_be_after_a_change() {
    let disk = shop();
    let ours = format!("{MARKER}\nservices:\n  api:\n    read_only: true\n");
    let changed = BTreeMap::from([("docker-compose.hardened.yml".to_owned(), ours)]);
    let stack = load(&OverlaidTree::new(&disk, changed));
    let group = &stack.projects[0];
    assert_eq!(files(&stack, group), ["docker-compose.yml", "docker-compose.hardened.yml"]);
    assert_eq!(group.overlays.len(), 1);
    let read_only = group.project.services["api"].read_only.as_ref().and_then(|setting| setting.known());
    assert_eq!(read_only, Some(&true));
}

#[test]
fn files_that_are_named_make_up_one_project() {
    let options = LoadOptions {
        files: vec!["docker-compose.yml".to_owned(), "./docker-compose.gpu.yml".to_owned()],
        ..LoadOptions::default()
    };
    let stack = Stack::load(&shop(), &options).unwrap();
    let [group] = &stack.projects[..] else { panic!("{} projects", stack.projects.len()) };
    assert_eq!(group.project.services.len(), 3);
    assert_eq!((group.overlays.len(), stack.dockerfiles.len()), (0, 1));
}

#[test]
fn a_mistake_in_the_settings_stops_the_reading() {
    let tree = MemoryTree::new([
        ("temper.toml", "[user]\nuid = 0\n"),
        ("compose.yml", "services:\n  a:\n    image: a\n"),
    ]);
    let error = Stack::load(&tree, &LoadOptions::default()).unwrap_err();
    assert_eq!((error.line, error.column), (2, 7));
}

#[test]
fn compose_file_of_an_env_file_names_the_project() {
    let service = |name: &str| format!("services:\n  {name}:\n    image: {name}\n");
    let tree = MemoryTree::new([
        (".env".to_owned(), "COMPOSE_FILE=a.yml:b.yml\n".to_owned()),
        ("a.yml".to_owned(), service("one")),
        ("b.yml".to_owned(), service("two")),
    ]);
    let stack = load(&tree);
    assert_eq!(stack.projects.len(), 1);
    assert_eq!(files(&stack, &stack.projects[0]), ["a.yml", "b.yml"]);
    assert_eq!(stack.projects[0].project.services.len(), 2);
}

#[test]
fn a_build_context_knows_its_ignore_file_and_what_should_not_be_built_in() {
    let tree = MemoryTree::new([
        (
            "compose.yml",
            "services:\n  api: {build: api}\n  web: {build: {context: web, dockerfile: Containerfile}}\n",
        ),
        ("api/Dockerfile", "FROM scratch\nCOPY . /\n"),
        ("api/.env", "A=1\n"),
        ("web/Containerfile", "FROM scratch\nCOPY . /\n"),
        ("web/.dockerignore", "*\n"),
        ("web/Containerfile.dockerignore", ".env\n"),
    ]);
    let stack = load(&tree);
    let context = |context: &str, dockerfile: &str| {
        stack.build_contexts.get(&(context.to_owned(), dockerfile.to_owned())).unwrap()
    };
    let api = context("api", "api/Dockerfile");
    assert_eq!((api.ignore.is_none(), &api.sensitive[..]), (true, &[".env".to_owned()][..]));
    let web = context("web", "web/Containerfile").ignore.as_ref().unwrap();
    assert_eq!(web.path, "web/Containerfile.dockerignore");
    assert_eq!((web.excludes(".env"), web.excludes("main.py")), (true, false));
}
