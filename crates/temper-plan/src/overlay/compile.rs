use indexmap::IndexMap;
use temper_model::ProjectGroup;

use super::add::{Base, add, volumes_of};
use super::body::{Body, Entry, leaf_paths};
use super::keep::{Others, keep};
use super::read::{Earlier, earlier};
use super::render::{Overlay, render};
use super::target::Target;
use crate::planner::{Compiled, Refused, Situation, Text};
use crate::wish::{Wish, Wishes};

/// The overlays of all projects.
pub(crate) struct Overlays<'a> {
    pub(crate) situation: &'a Situation,
    pub(crate) wishes: &'a Wishes,
    /// What fixes want that nobody asked for this time.
    pub(crate) unasked: Wishes,
    /// What fixes of waived findings want.
    pub(crate) waived: Wishes,
}

impl Overlays<'_> {
    /// Writes them.
    ///
    /// # Errors
    /// When an overlay cannot say what a fix wants.
    pub(crate) fn compile(&self, compiled: &mut Compiled) -> Result<(), Refused> {
        let groups = self.situation.base.projects.iter().zip(&self.situation.targets);
        for (index, (group, target)) in groups.enumerate() {
            self.project(index, group, target, compiled)?;
        }
        Ok(())
    }

    fn project(
        &self,
        index: usize,
        group: &ProjectGroup,
        target: &Target,
        compiled: &mut Compiled,
    ) -> Result<(), Refused> {
        let earlier = target.old.as_deref().map(earlier).unwrap_or_default();
        let services = self.services(index, group, &earlier)?;
        let volumes = self.volumes(index, group, &earlier, &services);
        let Some(path) = &target.path else {
            let owner = services.keys().find_map(|name| Some(self.of(index, name).first()?.owner));
            let reason = target.note.clone().unwrap_or_default();
            return owner.map_or(Ok(()), |owner| Err(Refused { owner, reason }));
        };
        if services.is_empty() && volumes.is_empty() && target.old.is_none() {
            return Ok(());
        }
        for (name, body) in &services {
            intend(index, name, body, compiled);
        }
        compiled.intended.volumes.extend(volumes.keys().map(|name| (index, name.clone())));
        let overlay = Overlay {
            base: self.base_names(group, path),
            name: file_name(path).to_owned(),
            services,
            builds: group.project.services.values().any(|service| service.build.is_some()),
            volumes,
        };
        compiled.files.insert(path.clone(), Text { old: target.old.clone(), new: render(&overlay) });
        Ok(())
    }

    fn of(&self, index: usize, service: &str) -> &[Wish] {
        self.wishes.services.get(&(index, service.to_owned())).map_or(&[], Vec::as_slice)
    }

    fn services(
        &self,
        index: usize,
        group: &ProjectGroup,
        earlier: &Earlier,
    ) -> Result<IndexMap<String, Body>, Refused> {
        let mut services = IndexMap::new();
        for (name, service) in &group.project.services {
            let base = Base { stack: &self.situation.base, project: &group.project, service };
            let mut body = Body::new();
            for wish in self.of(index, name) {
                add(&mut body, base, wish).map_err(|reason| Refused { owner: wish.owner, reason })?;
            }
            if let Some(old) = earlier.services.get(name) {
                let key = (index, name.clone());
                let others = Others {
                    unasked: lenient_body(base, self.unasked.services.get(&key)),
                    waived: lenient_body(base, self.waived.services.get(&key)),
                };
                keep(&mut body, old, service, &others);
            }
            if !body.is_empty() {
                services.insert(name.clone(), body);
            }
        }
        Ok(services)
    }

    /// New named volumes: those that are wanted, and those of the earlier overlay that a service still mounts.
    fn volumes(
        &self,
        index: usize,
        group: &ProjectGroup,
        earlier: &Earlier,
        services: &IndexMap<String, Body>,
    ) -> IndexMap<String, Option<String>> {
        let wanted = self.wishes.volumes.iter().filter(|((project, _), _)| *project == index);
        let wanted = wanted.map(|((_, name), reason)| (name.clone(), Some(reason.clone())));
        let mut volumes: IndexMap<String, Option<String>> = wanted.collect();
        for (name, reason) in &earlier.volumes {
            if services.values().any(|body| mounts(body, name)) {
                volumes.insert(name.clone(), reason.clone());
            }
        }
        volumes.retain(|name, _| !volumes_of(&group.project).any(|there| there == name));
        volumes
    }

    fn base_names(&self, group: &ProjectGroup, overlay: &str) -> Vec<String> {
        let sources = &self.situation.base.sources;
        let paths = group.project.files.iter().map(|file| sources.file(*file).path());
        let directory = overlay.rsplit_once('/').map_or("", |(directory, _)| directory);
        paths.filter(|path| *path != overlay).map(|path| seen_from(directory, path)).collect()
    }
}

fn lenient_body(base: Base<'_>, wishes: Option<&Vec<Wish>>) -> Body {
    let mut body = Body::new();
    for wish in wishes.into_iter().flatten() {
        // What cannot be said was not said in the earlier overlay either.
        let _ = add(&mut body, base, wish);
    }
    body
}

fn intend(index: usize, service: &str, body: &Body, compiled: &mut Compiled) {
    let key = (index, service.to_owned());
    compiled.intended.paths.entry(key.clone()).or_default().extend(leaf_paths(body));
    let lists = body.iter().filter(|(key, entry)| matches!(entry, Entry::List { .. }) && *key != "volumes");
    compiled.intended.growing.entry(key).or_default().extend(lists.map(|(key, _)| key.clone()));
}

fn mounts(body: &Body, volume: &str) -> bool {
    let Some(Entry::List { items } | Entry::Override { items, .. }) = body.get("volumes") else {
        return false;
    };
    items.iter().any(|item| match &item.value {
        temper_yaml::Snippet::Scalar(text) => text.split(':').next() == Some(volume),
        _ => false,
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A path as seen from a directory, both relative to the root of the stack.
fn seen_from(directory: &str, path: &str) -> String {
    let mut from: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    let mut to: Vec<&str> = path.split('/').collect();
    while !from.is_empty() && to.len() > 1 && from.first() == to.first() {
        from.remove(0);
        to.remove(0);
    }
    "../".repeat(from.len()) + &to.join("/")
}
