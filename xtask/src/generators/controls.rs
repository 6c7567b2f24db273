use std::collections::BTreeMap;
use std::fmt::Write;

use temper_controls::frameworks::{self, Item};
use temper_controls::{ALL, Meta};

use super::NOTE;
use crate::failure::Result;
use crate::generate::File;
use crate::workspace::Workspace;

/// A page for each control, from its doc comment, and an index of them all.
pub(super) fn files(_: &Workspace) -> Result<Vec<File>> {
    let metas: Vec<&Meta> = ALL.iter().map(|control| control.meta()).collect();
    let mut files: Vec<File> =
        metas.iter().map(|meta| File { path: path(meta.id), content: page(meta) }).collect();
    files.push(File { path: path("README"), content: index(&metas) });
    Ok(files)
}

fn path(name: &str) -> String {
    format!("docs/controls/{name}.md")
}

fn page(meta: &Meta) -> String {
    let documentation = meta.documentation();
    let (lead, sections) = documentation.split_once("\n## ").unwrap_or((&documentation, ""));
    let mut page = format!("{NOTE}\n# {}\n\n{}\n\n{}", meta.id, lead.trim(), facts(meta));
    for section in sections.split("\n## ").filter(|section| !section.is_empty()) {
        // Writing to a string cannot fail.
        let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
        let _ = write!(page, "\n## {}\n\n{}\n", heading.trim(), body.trim());
    }
    page + &benchmark_items(meta)
}

fn facts(meta: &Meta) -> String {
    let surfaces: Vec<&str> = meta.surfaces.iter().map(|surface| surface.as_str()).collect();
    let requires: Vec<String> = meta.requires.iter().map(|id| format!("[{id}]({id}.md)")).collect();
    let file = meta.id.replace('-', "_");
    let crate_path = "../../crates/temper-controls";
    let mut facts = format!("- Severity: {}\n- Looked at on: {}\n", meta.severity, surfaces.join(", "));
    if !requires.is_empty() {
        let _ = writeln!(facts, "- Fixed together with: {}", requires.join(", "));
    }
    let _ = writeln!(
        facts,
        "- [Source]({crate_path}/src/controls/{file}.rs), [cases]({crate_path}/tests/controls/{}.md)",
        meta.id
    );
    facts
}

fn benchmark_items(meta: &Meta) -> String {
    let mut list = String::new();
    for Item { framework, url, number, title } in frameworks::items(meta.references) {
        let _ = writeln!(list, "- [{framework}]({url}) {number}: {title}");
    }
    if list.is_empty() { list } else { format!("\n## Benchmark items\n\n{list}") }
}

fn index(metas: &[&Meta]) -> String {
    let mut page = format!(
        "{NOTE}\n# Controls\n\n{} controls, in the order in which findings are shown. `temper explain CONTROL` \
         prints the same page.\n\n\
         | control | severity | looked at on | what holds when it passes |\n|---|---|---|---|\n",
        metas.len()
    );
    for Meta { id, severity, surfaces, title, .. } in metas {
        let surfaces: Vec<&str> = surfaces.iter().map(|surface| surface.as_str()).collect();
        let (surfaces, title) = (surfaces.join(", "), cell(title));
        let _ = writeln!(page, "| [{id}]({id}.md) | {severity} | {surfaces} | {title} |");
    }
    page.push_str(
        "\n## Benchmark items\n\nThe items that at least one control looks at. A control need not cover the whole \
         of an item: its page says what it flags.\n",
    );
    let mut last = "";
    for ((framework, _, number), Row { title, controls }) in by_item(metas) {
        if framework != last {
            let _ = write!(page, "\n### {framework}\n\n| item | controls |\n|---|---|\n");
            last = framework;
        }
        let _ = writeln!(page, "| {number} {} | {} |", cell(title), controls.join(", "));
    }
    page
}

/// What orders the items: framework, the numbers between the dots, the item as it is written.
type ItemKey = (&'static str, Vec<u32>, &'static str);

struct Row {
    title: &'static str,
    controls: Vec<String>,
}

fn by_item(metas: &[&Meta]) -> BTreeMap<ItemKey, Row> {
    let mut rows = BTreeMap::new();
    for meta in metas {
        for Item { framework, number, title, .. } in frameworks::items(meta.references) {
            // 5.9 comes before 5.10. An item that is not a number sorts by its words.
            let numbers = number.split('.').map(|part| part.parse().unwrap_or(0)).collect();
            let row = rows.entry((framework, numbers, number)).or_insert(Row { title, controls: Vec::new() });
            row.controls.push(format!("[{id}]({id}.md)", id = meta.id));
        }
    }
    rows
}

/// Text in a cell of a table, where a bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use temper_controls::ALL;

    use super::{index, page};

    #[test]
    fn page_says_everything_that_the_control_says() {
        for control in ALL {
            let meta = control.meta();
            let page = page(meta);
            for line in meta.documentation().lines() {
                assert!(page.contains(line.trim()), "{}: {line}", meta.id);
            }
            assert_eq!(page.contains("## Benchmark items"), !meta.references.is_empty(), "{}", meta.id);
        }
    }

    #[test]
    fn index_links_every_control_and_orders_items_by_number() {
        let metas: Vec<_> = ALL.iter().map(|control| control.meta()).collect();
        let index = index(&metas);
        for meta in &metas {
            assert!(index.contains(&format!("| [{id}]({id}.md) | {}", meta.severity, id = meta.id)));
        }
        let place = |item: &str| index.find(item).unwrap_or_else(|| panic!("no {item}"));
        assert!(place("| 5.5 ") < place("| 5.13 "));
    }
}
