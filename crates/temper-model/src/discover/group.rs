use std::collections::{BTreeMap, BTreeSet};

use super::names::{BASES, OVERRIDES, is_compose};
use super::outline::Outline;
use super::standalone::{Defined, Missing, Outlines};
use crate::{Problem, path};

/// First line of the overlay that temper writes; only a file that begins so is taken, and replaced, as temper's own.
pub const MARKER: &str = "# Written by temper";

/// A project whose files somebody named.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    pub(super) directory: String,
    pub(super) files: Vec<String>,
    pub(super) profiles: Vec<String>,
    pub(super) env_files: Vec<String>,
    pub(super) name: Option<String>,
    pub(super) reason: String,
}

/// What decides how files are grouped.
pub(super) struct Input<'a> {
    pub(super) outlines: &'a Outlines,
    /// Projects of `temper.toml` and of `COMPOSE_FILE`.
    pub(super) named: Vec<Named>,
    /// Files that begin with [`MARKER`].
    pub(super) marked: &'a BTreeSet<String>,
    /// Name of the hardened overlay of a base that `docker compose` picks by itself.
    pub(super) output: &'a str,
}

/// Files that make up one project, and what lies on top of it.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) project: Named,
    pub(super) overlays: Vec<Overlay>,
    /// Where temper's overlay of this project is, or would be.
    pub(super) hardened_path: String,
    /// That overlay is there, and temper wrote it.
    pub(super) hardened: bool,
    defined: Defined,
}

/// A file on top of a project, and why it is taken so, for people.
#[derive(Debug, Clone)]
pub(super) struct Overlay {
    pub(super) file: String,
    pub(super) reason: String,
}

/// Groups the Compose files of a tree into projects.
///
/// The order of the decisions: what somebody named; the file that `docker compose` picks in each directory; files that
/// change services of one of those; files that stand alone; and last those that only make sense on top of another.
pub(super) fn group(input: Input<'_>) -> (Vec<Group>, Vec<Problem>) {
    let mut grouper = Grouper { outlines: input.outlines, output: input.output, groups: Vec::new() };
    let mut rest = candidates(input.outlines);
    for project in input.named {
        rest.retain(|file| !project.files.iter().any(|named| named == file));
        grouper.add(project);
    }
    let pulled_in = pulled_in(&rest, input.outlines);
    rest.retain(|file| !pulled_in.contains(file) && !input.marked.contains(*file));
    grouper.bases(&mut rest);
    let rest = grouper.beside_a_base(rest);
    let mut problems = grouper.on_top_of_another(rest);
    problems.extend(grouper.hardened(input.marked));
    grouper.groups.sort_by(|a, b| a.project.files.cmp(&b.project.files));
    (grouper.groups, problems)
}

fn candidates(outlines: &Outlines) -> Vec<&str> {
    let candidate = |(file, outline): &(&String, &Outline)| is_compose(file) || outline.is_plain();
    outlines.iter().filter(candidate).map(|(file, _)| file.as_str()).collect()
}

/// Files that another one includes or extends. One of a ring of files that include each other is kept, so that
/// the ring is read and its fault is told.
fn pulled_in<'a>(files: &[&'a str], outlines: &'a Outlines) -> BTreeSet<&'a str> {
    let mut referred = BTreeSet::new();
    for file in files {
        let Some(outline) = outlines.get(*file) else { continue };
        referred.extend(outline.includes.iter().map(String::as_str).filter(|other| other != file));
        let extends = outline.extends.iter().map(String::as_str).filter(|other| other != file);
        // A service may be borrowed from a project that also runs by itself.
        referred.extend(extends.filter(|other| !BASES.contains(&path::file_name(other))));
    }
    let mut reached =
        with_references(files.iter().copied().filter(|file| !referred.contains(file)), outlines);
    for file in files {
        if !reached.contains(file) {
            referred.remove(file);
            reached.extend(with_references([*file], outlines));
        }
    }
    referred
}

fn with_references<'a>(
    files: impl IntoIterator<Item = &'a str>,
    outlines: &'a Outlines,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = files.into_iter().collect();
    while let Some(file) = open.pop() {
        if let (true, Some(outline)) = (seen.insert(file), outlines.get(file)) {
            open.extend(outline.includes.iter().chain(&outline.extends).map(String::as_str));
        }
    }
    seen
}

struct Grouper<'a> {
    outlines: &'a Outlines,
    output: &'a str,
    groups: Vec<Group>,
}

impl<'a> Grouper<'a> {
    fn add(&mut self, project: Named) {
        let base = project.files.first().map_or("", String::as_str);
        let hardened_path = hardened_path(base, self.output);
        let defined = Defined::by(project.files.iter().map(String::as_str), self.outlines);
        self.groups.push(Group { project, overlays: Vec::new(), hardened_path, hardened: false, defined });
    }

    /// The file that `docker compose` picks in each directory, with its override file.
    fn bases(&mut self, rest: &mut Vec<&'a str>) {
        let mut by_directory: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for file in rest.iter() {
            by_directory.entry(path::parent(file)).or_default().push(file);
        }
        for (directory, files) in by_directory {
            let named = |name: &str| files.iter().find(|file| path::file_name(file) == name).copied();
            let pick = |names: &[&str]| names.iter().find_map(|name| named(name));
            let Some(base) = pick(&BASES) else { continue };
            let mut chosen = vec![base];
            chosen.extend(pick(&OVERRIDES));
            rest.retain(|file| !chosen.contains(file));
            self.add(Named {
                directory: directory.to_owned(),
                reason: format!("`docker compose` picks {} in this directory", listed(&chosen)),
                files: chosen.into_iter().map(ToOwned::to_owned).collect(),
                ..Named::default()
            });
        }
    }

    /// Files that change a project in their own directory, and files that stand alone. Returns what is neither.
    fn beside_a_base(&mut self, rest: Vec<&'a str>) -> Vec<&'a str> {
        let mut undecided = Vec::new();
        let mut alone = Vec::new();
        for file in rest {
            match (self.changed_by(file), Missing::of(file, self.outlines).is_nothing()) {
                (Some(index), complete) => self.changes(index, file, complete),
                (None, true) => alone.push(file),
                (None, false) => undecided.push(file),
            }
        }
        for file in alone {
            self.single(file, "stands alone and changes no other file's services".to_owned());
        }
        undecided
    }

    fn changes(&mut self, index: usize, file: &str, complete: bool) {
        let reason = if complete {
            "changes services of its base; it would also stand alone: if it is used so, name it in `[[project]]`"
        } else {
            "changes services of its base"
        };
        self.overlay(index, file, reason.to_owned());
    }

    /// Files that Compose cannot load by themselves: on top of the nearest project that has what they lack.
    fn on_top_of_another(&mut self, rest: Vec<&'a str>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for file in rest {
            let missing = Missing::of(file, self.outlines);
            match self.base_of(file, &missing) {
                Some(index) => self.overlay(index, file, format!("does not stand alone: {missing}")),
                // Compose refuses the file, yet what its services run is known and can be looked at.
                None if missing.incomplete.is_empty() => {
                    self.single(file, format!("has no base that defines what it refers to: {missing}"));
                }
                None => problems.push(without_base(file, &missing)),
            }
        }
        problems
    }

    /// A file that is a project by itself.
    fn single(&mut self, file: &str, reason: String) {
        self.add(Named {
            directory: path::parent(file).to_owned(),
            files: vec![file.to_owned()],
            reason: format!("{} {reason}", path::file_name(file)),
            ..Named::default()
        });
    }

    fn overlay(&mut self, index: usize, file: &str, reason: String) {
        if let Some(group) = self.groups.get_mut(index) {
            group.overlays.push(Overlay { file: file.to_owned(), reason });
        }
    }

    /// The project in the same directory that has most of the services that a file names.
    fn changed_by(&self, file: &str) -> Option<usize> {
        let outline = self.outlines.get(file)?;
        let shared = |group: &Group| {
            outline.services.keys().filter(|name| group.defined.services.contains(*name)).count()
        };
        self.best(path::parent(file), shared)
    }

    /// In the same directory the project that has most of what a file lacks, above it one that has all of it: from
    /// afar, one name in common is more likely chance.
    fn base_of(&self, file: &str, missing: &Missing<'_>) -> Option<usize> {
        let mut directory = path::parent(file);
        let beside = self.best(directory, |group| missing.found_in(&group.defined));
        if beside.is_some() {
            return beside;
        }
        while !directory.is_empty() {
            directory = path::parent(directory);
            let all = |group: &Group| usize::from(missing.is_all_in(&group.defined));
            if let Some(index) = self.best(directory, all) {
                return Some(index);
            }
        }
        self.picked_in(path::parent(file))
    }

    /// The project in a directory for which `score` is highest and not zero; of equals the one that was found first,
    /// which puts what `docker compose` picks before the others.
    fn best(&self, directory: &str, score: impl Fn(&Group) -> usize) -> Option<usize> {
        let groups = self.groups.iter().enumerate();
        let inside = groups.filter(|(_, group)| group.project.directory == directory);
        let scored = inside.map(|(index, group)| (score(group), index)).filter(|(score, _)| *score > 0);
        scored.max_by_key(|(score, index)| (*score, usize::MAX - index)).map(|(_, index)| index)
    }

    /// The project that `docker compose` picks in a directory.
    fn picked_in(&self, directory: &str) -> Option<usize> {
        let picked = |group: &Group| {
            let base = group.project.files.first();
            usize::from(base.is_some_and(|file| BASES.contains(&path::file_name(file))))
        };
        self.best(directory, picked)
    }

    /// Gives temper's own overlays to their projects; an overlay whose base is gone is a problem.
    fn hardened(&mut self, marked: &BTreeSet<String>) -> Vec<Problem> {
        for group in &mut self.groups {
            let named = group.project.files.contains(&group.hardened_path);
            group.hardened = !named && marked.contains(&group.hardened_path);
        }
        let owned = |file: &&String| {
            self.groups
                .iter()
                .any(|group| group.hardened_path == **file || group.project.files.contains(file))
        };
        let orphans = marked.iter().filter(|file| !owned(file));
        let message = "temper wrote this overlay for a base that is not there any more: delete it";
        orphans
            .map(|file| Problem { file: file.clone(), at: None, message: message.to_owned(), warning: true })
            .collect()
    }
}

fn without_base(file: &str, missing: &Missing<'_>) -> Problem {
    let message = format!(
        "an overlay without a base: {missing}, and no project beside or above it has them; it was not analysed: name \
         its base and it in `[[project]]` of temper.toml, or leave it out in `scan.exclude`"
    );
    Problem { file: file.to_owned(), at: None, message, warning: true }
}

/// Where temper's overlay of a base is: beside it, under the name of the settings for a file that `docker compose`
/// picks by itself, else under its own name with `.hardened`, because a directory may hold several projects.
fn hardened_path(base: &str, output: &str) -> String {
    let directory = path::parent(base);
    let name = path::file_name(base);
    if BASES.contains(&name) {
        return path::join(directory, output);
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "yml"));
    path::join(directory, &format!("{stem}.hardened.{extension}"))
}

/// `a`, `a and b`, `a, b and c`; of paths only the last part.
fn listed(names: &[&str]) -> String {
    let names: Vec<&str> = names.iter().map(|name| path::file_name(name)).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use temper_text::SourceMap;

    use super::super::names::is_wanted;
    use super::super::read::read_compose_files;
    use super::{Input, Named, group};
    use crate::yaml_files::YamlFiles;
    use crate::{FileTree as _, MemoryTree, WalkRequest};

    const BASE: &str = "services:\n  web:\n    image: web\n  db:\n    image: db\nnetworks:\n  back:\n";

    /// Each project with its overlays, one a line, and the problems.
    fn grouped_with(files: &[(&str, &str)], named: Vec<Named>) -> String {
        let tree = MemoryTree::new(files.iter().copied());
        let found = tree.walk(&WalkRequest { wanted: &is_wanted, exclude: &[] });
        let read = read_compose_files(&YamlFiles::new(&tree), &found.files, &mut SourceMap::new());
        let input = Input {
            outlines: &read.outlines,
            named,
            marked: &read.marked,
            output: "docker-compose.hardened.yml",
        };
        let (groups, mut problems) = group(input);
        problems.splice(0..0, read.problems);
        let mut shown = String::new();
        for group in groups {
            let own = if group.hardened { " + " } else { " > " };
            let files = group.project.files.join(" ");
            let _ = writeln!(shown, "{files}{own}{}: {}", group.hardened_path, group.project.reason);
            for overlay in group.overlays {
                let _ = writeln!(shown, "  {}: {}", overlay.file, overlay.reason);
            }
        }
        for problem in problems {
            let _ = writeln!(shown, "! {}: {}", problem.file, problem.message);
        }
        shown
    }

    fn grouped(files: &[(&str, &str)]) -> String {
        grouped_with(files, Vec::new())
    }

    #[test]
    fn the_base_is_the_one_that_compose_picks_with_its_override() {
        insta::assert_snapshot!(grouped(&[
            ("docker-compose.yml", BASE),
            ("compose.yml", BASE),
            ("docker-compose.override.yml", "services:\n  web:\n    user: '1'\n"),
        ]), @r"
        compose.yml docker-compose.override.yml > docker-compose.hardened.yml: `docker compose` picks compose.yml and docker-compose.override.yml in this directory
          docker-compose.yml: changes services of its base; it would also stand alone: if it is used so, name it in `[[project]]`
        ");
    }

    #[test]
    fn an_overlay_names_services_of_the_base_or_services_that_nothing_defines() {
        insta::assert_snapshot!(grouped(&[
            ("docker-compose.yml", BASE),
            ("docker-compose.gpu.yml", "services:\n  web:\n    gpus: all\n"),
            ("docker-compose.images.yml", "services:\n  web:\n    image: other\n"),
            ("docker-compose.ghost.yml", "services:\n  nobody:\n    read_only: true\n"),
            ("docker-compose.extra.yml", "services:\n  job:\n    image: job\n    networks: [back]\n"),
            ("docker-compose.tools.yml", "services:\n  shell:\n    image: shell\n"),
        ]), @r"
        docker-compose.tools.yml > docker-compose.tools.hardened.yml: docker-compose.tools.yml stands alone and changes no other file's services
        docker-compose.yml > docker-compose.hardened.yml: `docker compose` picks docker-compose.yml in this directory
          docker-compose.gpu.yml: changes services of its base
          docker-compose.images.yml: changes services of its base; it would also stand alone: if it is used so, name it in `[[project]]`
          docker-compose.extra.yml: does not stand alone: network back is not defined
          docker-compose.ghost.yml: does not stand alone: service nobody has neither image nor build
        ");
    }

    #[test]
    fn an_overlay_of_a_file_that_stands_alone_lies_on_that_file() {
        insta::assert_snapshot!(grouped(&[
            ("docker-compose.yml", BASE),
            ("docker-compose.external.yml", "services:\n  jellyfin:\n    image: j\n"),
            ("docker-compose.hosts.yml", "services:\n  jellyfin:\n    extra_hosts: [a:1.2.3.4]\n"),
        ]), @r"
        docker-compose.external.yml > docker-compose.external.hardened.yml: docker-compose.external.yml stands alone and changes no other file's services
          docker-compose.hosts.yml: does not stand alone: service jellyfin has neither image nor build
        docker-compose.yml > docker-compose.hardened.yml: `docker compose` picks docker-compose.yml in this directory
        ");
    }

    #[test]
    fn only_a_file_with_the_mark_is_taken_as_our_own() {
        let ours = "# Written by temper 0.1.0\nservices:\n  web:\n    read_only: true\n";
        let theirs = "services:\n  web:\n    read_only: true\n";
        insta::assert_snapshot!(grouped(&[
            ("a/docker-compose.yml", BASE),
            ("a/docker-compose.hardened.yml", ours),
            ("b/docker-compose.yml", BASE),
            ("b/docker-compose.hardened.yml", theirs),
            ("c/docker-compose.prod.yml", BASE),
            ("c/docker-compose.prod.hardened.yml", ours),
            ("d/docker-compose.hardened.yml", ours),
        ]), @r"
        a/docker-compose.yml + a/docker-compose.hardened.yml: `docker compose` picks docker-compose.yml in this directory
        b/docker-compose.yml > b/docker-compose.hardened.yml: `docker compose` picks docker-compose.yml in this directory
          b/docker-compose.hardened.yml: changes services of its base
        c/docker-compose.prod.yml + c/docker-compose.prod.hardened.yml: docker-compose.prod.yml stands alone and changes no other file's services
        ! d/docker-compose.hardened.yml: temper wrote this overlay for a base that is not there any more: delete it
        ");
    }

    #[test]
    fn files_in_other_directories_lie_on_a_base_above_only_if_it_has_all_that_they_lack() {
        insta::assert_snapshot!(grouped(&[
            ("docker-compose.yml", BASE),
            ("overlays/compose.gpu.yml", "services:\n  web:\n    gpus: all\n"),
            ("overlays/compose.alone.yml", "services:\n  web:\n    image: web\n"),
            ("docs/compose.half.yml", "services:\n  web:\n    gpus: all\n  nobody:\n    gpus: all\n"),
            ("kit/compose.net.yml", "services:\n  jellyfin:\n    image: j\n    networks: [elsewhere]\n"),
        ]), @r"
        docker-compose.yml > docker-compose.hardened.yml: `docker compose` picks docker-compose.yml in this directory
        kit/compose.net.yml > kit/compose.net.hardened.yml: compose.net.yml has no base that defines what it refers to: network elsewhere is not defined
        overlays/compose.alone.yml > overlays/compose.alone.hardened.yml: compose.alone.yml stands alone and changes no other file's services
          overlays/compose.gpu.yml: does not stand alone: service web has neither image nor build
        ! docs/compose.half.yml: an overlay without a base: services nobody, web have neither image nor build, and no project beside or above it has them; it was not analysed: name its base and it in `[[project]]` of temper.toml, or leave it out in `scan.exclude`
        ");
    }

    #[test]
    fn included_and_extended_files_are_no_projects() {
        insta::assert_snapshot!(grouped(&[
            ("compose.yml", "include: [db/compose.yml]\nservices:\n  web:\n    extends: {file: common-compose.yml, service: b}\n"),
            ("common-compose.yml", "services:\n  b:\n    image: b\n"),
            ("db/compose.yml", "services:\n  db:\n    image: db\n"),
            ("compose.debug.yml", "services:\n  db:\n    user: '1'\n"),
        ]), @r"
        compose.yml > docker-compose.hardened.yml: `docker compose` picks compose.yml in this directory
          compose.debug.yml: changes services of its base
        ");
    }

    #[test]
    fn of_a_ring_of_includes_one_is_kept() {
        insta::assert_snapshot!(grouped(&[
            ("a-compose.yml", "include: [b-compose.yml]\n"),
            ("b-compose.yml", "include: [a-compose.yml]\n"),
        ]), @r"a-compose.yml > a-compose.hardened.yml: a-compose.yml stands alone and changes no other file's services");
    }

    #[test]
    fn named_projects_win_over_discovery() {
        let named = Named {
            files: vec!["docker-compose.yml".to_owned(), "docker-compose.gpu.yml".to_owned()],
            reason: "temper.toml names them".to_owned(),
            ..Named::default()
        };
        insta::assert_snapshot!(grouped_with(&[
            ("docker-compose.yml", BASE),
            ("docker-compose.gpu.yml", "services:\n  web:\n    gpus: all\n"),
            ("docker-compose.debug.yml", "services:\n  web:\n    tty: true\n"),
        ], vec![named]), @r"
        docker-compose.yml docker-compose.gpu.yml > docker-compose.hardened.yml: temper.toml names them
          docker-compose.debug.yml: changes services of its base
        ");
    }

    #[test]
    fn files_for_other_programs_are_left_out_and_told_when_their_name_promises_more() {
        insta::assert_snapshot!(grouped(&[
            ("mcp/compose.yaml", "id: compose\n"),
            ("config/services.yaml", "services:\n  _defaults: {autowire: true}\n  App:\n    resource: src\n"),
            ("ci.yml", "services: [docker]\n"),
            ("stack.yml", "services:\n  web:\n    image: web\n"),
            ("broken/compose.yml", "services:\n  web: [\n"),
            ("broken.yml", "services: [\n"),
        ]), @r"
        stack.yml > stack.hardened.yml: stack.yml stands alone and changes no other file's services
        ! broken/compose.yml: unclosed bracket '['
        ! mcp/compose.yaml: named like a Compose file, but it has no `services` at the top; it was left out
        ");
    }
}
