use rayon::prelude::*;
use temper_text::{SourceFile, SourceMap};

use crate::compose::{Mode, Project, Selection, load_from};
use crate::yaml_files::YamlFiles;

/// A project, and the files that it read and the map did not have.
type Loaded = (Project, Vec<SourceFile>);

/// Loads projects on all cores, in the order of `selections`.
///
/// A place names its file by number, so all must count alike although each load may read files (included ones, env
/// files) that the others do not. Each load therefore runs on a copy of the map, which is cheap: copies share the
/// texts. A load that read nothing new is right as it is. The files that the others read are added to the one map, and
/// then those are loaded again; most projects read only what discovery has read already.
pub(super) fn load_projects(
    files: &YamlFiles<'_>,
    sources: &mut SourceMap,
    selections: &[Selection],
) -> Vec<Project> {
    let first: Vec<Loaded> = load_on_copies(files, sources, selections);
    for file in first.iter().flat_map(|(_, new)| new) {
        if sources.by_path(file.path()).is_none() {
            sources.add(file.clone());
        }
    }
    let again: Vec<Selection> = first
        .iter()
        .zip(selections)
        .filter(|((_, new), _)| !new.is_empty())
        .map(|(_, again)| again.clone())
        .collect();
    let mut second = load_on_copies(files, sources, &again).into_iter().zip(&again);
    let finish = |(project, new): Loaded| {
        if new.is_empty() {
            return Some(project);
        }
        let ((project, new), selection) = second.next()?;
        // A file that is read anew each time cannot be shared: load into the one map itself.
        let settled = new.is_empty();
        Some(if settled { project } else { load_from(files, sources, selection, Mode::Lenient) })
    };
    first.into_iter().filter_map(finish).collect()
}

fn load_on_copies(files: &YamlFiles<'_>, sources: &SourceMap, selections: &[Selection]) -> Vec<Loaded> {
    let known = sources.iter().count();
    let load = |selection: &Selection| {
        let mut own = sources.clone();
        let project = load_from(files, &mut own, selection, Mode::Lenient);
        let new = own.iter().skip(known).map(|(_, file)| file.clone()).collect();
        (project, new)
    };
    selections.par_iter().map(load).collect()
}
