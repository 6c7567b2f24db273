//! A Compose project of any bytes is read to its end: every place it names exists, and what Compose would accept prints
//! the same twice.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use temper_fuzz::assert_fits;
use temper_model::compose::{Mode, Selection, config, load_project};
use temper_model::{Data, MemoryTree, Value};
use temper_text::{Loc, SourceMap};

#[derive(Debug, Arbitrary)]
struct Input {
    overlay: Option<String>,
    environment: Option<String>,
    base: String,
}

fuzz_target!(|input: Input| {
    let tree = tree(&input);
    let selection = selection(&input);
    for mode in [Mode::Lenient, Mode::Strict] {
        let mut sources = SourceMap::new();
        let project = load_project(&tree, &mut sources, &selection, mode);
        for problem in &project.problems {
            assert!(!problem.message.is_empty());
            problem.at.iter().for_each(|at| place(&sources, *at));
        }
        for name in &project.enabled {
            assert!(project.services.contains_key(name), "{name} is enabled and not a service");
        }
        value(&sources, &project.merged);
    }
    let print = || config(&tree, &mut SourceMap::new(), &selection).ok();
    assert_eq!(print(), print());
});

fn tree(input: &Input) -> MemoryTree {
    let files = [("compose.yml", Some(&input.base)), ("overlay.yml", input.overlay.as_ref())];
    let files = files.into_iter().chain([(".env", input.environment.as_ref())]);
    MemoryTree::new(files.filter_map(|(path, text)| Some((path, text?.as_str()))))
}

fn selection(input: &Input) -> Selection {
    let overlay = input.overlay.iter().map(|_| "overlay.yml".to_owned());
    Selection {
        files: std::iter::once("compose.yml".to_owned()).chain(overlay).collect(),
        ..Selection::default()
    }
}

fn place(sources: &SourceMap, at: Loc) {
    assert!(sources.iter().any(|(id, _)| id == at.file), "{at:?} is in no file");
    assert_fits(sources.file(at.file).text(), at.span);
}

fn value(sources: &SourceMap, node: &Value) {
    place(sources, node.at);
    match &node.data {
        Data::Seq(items) => items.iter().for_each(|item| value(sources, item)),
        Data::Map(members) => members.values().for_each(|member| value(sources, &member.value)),
        _ => {}
    }
}
