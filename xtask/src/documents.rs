//! What documents written by hand claim: links that lead somewhere, and output that is real.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::shell::{self, say};
use crate::workspace::Workspace;

/// Stands before a fence that shows the output of a command, abbreviated by lines with `…`.
const SHOWS: &str = "<!-- shows: temper ";

/// Fails when a link leads nowhere, or when a document shows what its command does not print.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut wrong = Vec::new();
    let documents = documents(&workspace.root)?;
    for path in &documents {
        let text = fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
        let folder = path.parent().unwrap_or(&workspace.root);
        let name = workspace.relative(path);
        let dead = links(&text).filter(|link| !folder.join(link).exists());
        wrong.extend(dead.map(|link| format!("{name}: the link {link} leads nowhere")));
        for (arguments, shown) in outputs(&text) {
            let words: Vec<&str> = arguments.split_whitespace().collect();
            let program = ["run", "--quiet", "--package", "temper", "--"];
            let real = shell::read(workspace.cargo(&[&program, &words[..]].concat()).env_remove("COLUMNS"))?;
            if let Some(missing) = not_printed(&shown, &real) {
                wrong.push(format!("{name}: `temper {arguments}` does not print this\n{missing}"));
            }
        }
    }
    say(&format!("documents: {} files, {} faults", documents.len(), wrong.len()));
    if wrong.is_empty() { Ok(()) } else { Err(Failure::step(wrong.join("\n"))) }
}

/// The Markdown files at the root and below `docs`, in order.
fn documents(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = markdown_in(root)?;
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        found.extend(markdown_in(&folder)?);
        folders.extend(entries(&folder)?.into_iter().filter(|path| path.is_dir()));
    }
    found.sort();
    Ok(found)
}

fn markdown_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_markdown = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    Ok(entries(folder)?.into_iter().filter(is_markdown).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error| Failure::io("list", folder, &error);
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(unreadable)).collect()
}

/// Targets of links to files, without the part behind `#`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let named = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ").map(|(_, to)| to));
    let file = |link: &str| !link.contains("://") && !link.starts_with('#');
    inline.chain(named).filter(move |link| file(link)).filter_map(|link| link.split('#').next())
}

/// Each command with the lines that a document shows of its output.
fn outputs(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(arguments) = line.strip_prefix(SHOWS).and_then(|rest| rest.strip_suffix(" -->")) {
            let fence = lines.by_ref().skip_while(|line| !line.starts_with("```")).skip(1);
            found.push((arguments, fence.take_while(|line| *line != "```").collect()));
        }
    }
    found
}

/// The first part between two `…` that does not stand in the output, after the parts before it.
fn not_printed(shown: &[&str], real: &str) -> Option<String> {
    let real: Vec<&str> = real.lines().map(str::trim_end).collect();
    let mut rest = &real[..];
    for part in shown.split(|line| line.trim() == "…") {
        let part = without_blank_ends(part);
        if part.is_empty() {
            continue;
        }
        match rest.windows(part.len()).position(|window| window == part) {
            // The window ends within `rest`.
            Some(at) => rest = &rest[at + part.len()..],
            None => return Some(part.join("\n")),
        }
    }
    None
}

/// Blank lines around `…` are there to be read more easily.
fn without_blank_ends<'a, 'b>(lines: &'b [&'a str]) -> &'b [&'a str] {
    let start = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(start, |last| last + 1);
    &lines[start..end]
}

#[cfg(test)]
mod tests {
    use super::{links, not_printed, outputs};

    #[test]
    fn links_to_files_are_found_in_both_forms() {
        let text = "[a](docs/a.md#part) [b](https://example.org) [c](#here)\n\n[d]: x/d.rs\n";
        assert_eq!(links(text).collect::<Vec<_>>(), ["docs/a.md", "x/d.rs"]);
    }

    #[test]
    fn output_belongs_to_the_command_before_it() {
        let text = "<!-- shows: temper scan x -->\n\n```text\none\n…\n```\n\n```\ntwo\n```\n";
        assert_eq!(outputs(text), [("scan x", vec!["one", "…"])]);
    }

    #[test]
    fn abbreviated_output_has_its_parts_in_order() {
        let real = "a\nb\n\nc\nd  \ne\n";
        assert_eq!(not_printed(&["a", "…", "", "c", "d"], real), None);
        assert_eq!(not_printed(&["b", "", "c", "", "…"], real), None);
        assert_eq!(not_printed(&["c", "…", "a"], real), Some("a".to_owned()));
        assert_eq!(not_printed(&["a", "c"], real), Some("a\nc".to_owned()));
        assert_eq!(not_printed(&["x"], ""), Some("x".to_owned()));
    }
}
