//! `extends`: a service takes over another, of the same file or of another one.
//!
//! Compose resolves it file by file before files are merged, so a service that only another `-f` file has is not
//! found. Everything is inherited, `depends_on` and `profiles` too (Compose 2.26; older versions left some out).

use indexmap::IndexMap;
use temper_text::Loc;

use super::Definition;
use super::document::{Budget, Fault};
use super::load_path::KeyPath;
use super::merge::merge;
use super::tags::{Removal, remove};
use crate::{Data, Member, Origin, Value};

/// The services of one file, before their `extends` are resolved.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServiceFile {
    /// Path relative to the root of the stack.
    pub(crate) path: String,
    /// The directory that relative paths in it mean.
    pub(crate) base: String,
    /// The services.
    pub(crate) services: IndexMap<String, Member>,
    /// The tags of the file.
    pub(crate) removals: Vec<Removal>,
    /// Where each service is defined.
    pub(crate) definitions: IndexMap<String, Vec<Definition>>,
}

/// Opens the file that an `extends` names, with its variables substituted.
pub(crate) trait Open {
    /// The file at a path relative to the root of the stack; `None` when it cannot be read, which is then reported.
    fn open(&mut self, path: &str, at: Loc) -> Option<ServiceFile>;

    /// The path relative to the root of the stack that `written` means, as seen from `directory`.
    fn locate(&self, directory: &str, written: &str) -> String;

    /// How many more values may be made.
    fn budget(&mut self) -> &mut Budget;

    /// Reports what Compose refuses.
    fn refuse(&mut self, fault: Fault);

    /// Reports what cannot be known because variables have no value.
    fn unknown(&mut self, fault: Fault);
}

/// Resolves every `extends` of `file`.
pub(crate) fn resolve(file: ServiceFile, open: &mut dyn Open) -> ServiceFile {
    let names: Vec<String> = file.services.keys().cloned().collect();
    let mut resolver = Resolver { files: vec![file], open };
    for name in names {
        resolver.service(&name);
    }
    resolver.files.swap_remove(0)
}

struct Resolver<'o> {
    /// The file itself, then those that it extends from. A chain of files is opened once.
    files: Vec<ServiceFile>,
    open: &'o mut dyn Open,
}

/// One step of a chain: this service extends the next one.
struct Link {
    file: usize,
    service: String,
    at: Loc,
}

/// What an `extends` says.
struct Reference {
    file: Option<String>,
    service: String,
    at: Loc,
}

impl Resolver<'_> {
    /// Follows the chain to its end, then merges on the way back. A loop, not a recursion: chains can be long.
    fn service(&mut self, name: &str) {
        let mut chain: Vec<Link> = Vec::new();
        let (mut file, mut service) = (0, name.to_owned());
        while let Some(reference) = self.reference(file, &service) {
            let link = Link { file, service: service.clone(), at: reference.at };
            chain.push(link);
            let Some(next) = self.target(file, &service, &reference) else {
                self.give_up(&chain);
                return;
            };
            let again = chain.iter().position(|link| link.file == next && link.service == reference.service);
            if again.is_some() {
                self.report_cycle(&chain, next, &reference.service);
                self.give_up(&chain);
                return;
            }
            (file, service) = (next, reference.service);
        }
        self.fold(&chain, file, &service);
    }

    fn reference(&mut self, file: usize, service: &str) -> Option<Reference> {
        let body = &self.files.get(file)?.services.get(service)?.value;
        let extends = body.get("extends")?;
        let at = extends.at;
        let (name, path) = match &extends.data {
            Data::Map(_) => (extends.get("service"), extends.get("file")),
            _ => (Some(extends), None),
        };
        let unknown = [name, path].into_iter().flatten().find(|value| !value.missing().is_empty());
        if let Some(value) = unknown {
            let message = format!(
                "cannot know what `{service}` extends: {} has no value here",
                value.missing().join(", ")
            );
            let at = value.at;
            self.open.unknown(Fault { at, message });
        }
        let reference = Reference {
            file: path.and_then(Value::as_str).map(str::to_owned),
            service: name.and_then(Value::as_str).unwrap_or_default().to_owned(),
            at,
        };
        Some(reference)
    }

    /// The file that holds the extended service.
    fn target(&mut self, file: usize, service: &str, reference: &Reference) -> Option<usize> {
        let next = match &reference.file {
            None => file,
            Some(written) => self.other_file(file, written, reference.at)?,
        };
        let target = self.files.get(next)?;
        if target.services.contains_key(&reference.service) {
            return Some(next);
        }
        let message = format!(
            "cannot extend service `{service}`: expected a service `{}` in {}, found none",
            reference.service, target.path
        );
        self.open.refuse(Fault { at: reference.at, message });
        None
    }

    fn other_file(&mut self, from: usize, written: &str, at: Loc) -> Option<usize> {
        let path = self.open.locate(&self.files.get(from)?.base, written);
        // Index 0 is the file as it stands among the `-f` files; opened by `extends` it is another reading.
        let known = self.files.iter().skip(1).position(|file| file.path == path);
        if let Some(index) = known {
            return Some(index + 1);
        }
        let opened = self.open.open(&path, at)?;
        self.files.push(opened);
        Some(self.files.len() - 1)
    }

    fn report_cycle(&mut self, chain: &[Link], file: usize, service: &str) {
        let mut names: Vec<String> = Vec::new();
        for link in chain {
            names.push(self.shown(link.file, &link.service));
        }
        names.push(self.shown(file, service));
        let message = format!("circular `extends`: {}", names.join(" extends "));
        if let Some(last) = chain.last() {
            self.open.refuse(Fault { at: last.at, message });
        }
    }

    fn shown(&self, file: usize, service: &str) -> String {
        let path = self.files.get(file).map(|file| file.path.as_str()).unwrap_or_default();
        format!("`{service}` in {path}")
    }

    /// Leaves the services of a chain that leads nowhere with what they have themselves.
    fn give_up(&mut self, chain: &[Link]) {
        for link in chain {
            if let Some(body) = self.body(link.file, &link.service) {
                without_extends(body);
            }
        }
    }

    fn body(&mut self, file: usize, service: &str) -> Option<&mut Value> {
        Some(&mut self.files.get_mut(file)?.services.get_mut(service)?.value)
    }

    /// Merges from the end of the chain back to its start.
    fn fold(&mut self, chain: &[Link], mut file: usize, service: &str) {
        let mut service = service.to_owned();
        for (index, link) in chain.iter().enumerate().rev() {
            let base = self.files.get(file).and_then(|file| file.services.get(&service));
            let base = base.map(|member| member.value.clone()).filter(|base| base.as_map().is_some());
            if let Some(base) = base {
                let before = chain.get(..=index).unwrap_or_default();
                self.merge(link, base, before, file);
                self.inherit_definitions(link, file, &service);
            } else if let Some(body) = self.body(link.file, &link.service) {
                without_extends(body);
            }
            (file, service) = (link.file, link.service.clone());
        }
    }

    fn merge(&mut self, link: &Link, base: Value, before: &[Link], base_file: usize) {
        if !self.open.budget().take(count(&base)) {
            let message =
                "too much is inherited through `extends`; expected a project of a normal size".to_owned();
            self.open.refuse(Fault { at: link.at, message });
            self.give_up(std::slice::from_ref(link));
            return;
        }
        let mut root = in_services(&link.service, base);
        // As in Compose, the tags of every file on the way count, for the name that is being extended.
        let mut files: Vec<usize> = before.iter().map(|link| link.file).collect();
        files.push(base_file);
        files.dedup();
        for file in files {
            let removals = self.files.get(file).map(|file| file.removals.as_slice()).unwrap_or_default();
            remove(&mut root, removals, &mut KeyPath::default());
        }
        let Some(mut base) = out_of_services(&link.service, root) else {
            self.give_up(std::slice::from_ref(link));
            return;
        };
        without_extends(&mut base);
        mark(&mut base, Origin::Extends(link.at));
        let Some(body) = self.body(link.file, &link.service) else { return };
        let at = body.at;
        let mut own = std::mem::replace(body, Value::new(Data::Null, at));
        without_extends(&mut own);
        let mut faults = Vec::new();
        let mut path = KeyPath::of(&["services", &link.service]);
        let origin = own.origin;
        let mut merged = merge(base, own, &mut path, &mut faults);
        (merged.at, merged.origin) = (at, origin);
        if let Some(body) = self.body(link.file, &link.service) {
            *body = merged;
        }
        faults.into_iter().for_each(|fault| self.open.refuse(fault));
    }

    fn inherit_definitions(&mut self, link: &Link, file: usize, service: &str) {
        let inherited = self.files.get(file).and_then(|file| file.definitions.get(service)).cloned();
        let Some(target) = self.files.get_mut(link.file) else { return };
        let own = target.definitions.entry(link.service.clone()).or_default();
        let later = std::mem::take(own);
        own.extend(inherited.unwrap_or_default());
        own.extend(later);
    }
}

fn without_extends(body: &mut Value) {
    if let Data::Map(map) = &mut body.data {
        map.shift_remove("extends");
    }
}

fn in_services(name: &str, body: Value) -> Value {
    let at = body.at;
    let wrap = |name: &str, value: Value| {
        let map = IndexMap::from([(name.to_owned(), Member { key: at, value })]);
        Value::new(Data::Map(map), at)
    };
    wrap("services", wrap(name, body))
}

/// The service again; `None` when it was removed as a whole.
fn out_of_services(name: &str, root: Value) -> Option<Value> {
    let Data::Map(mut root) = root.data else { return None };
    let Data::Map(mut services) = root.shift_remove("services")?.value.data else { return None };
    services.shift_remove(name).map(|member| member.value)
}

/// Sets where a value and everything below came through. What came another way before keeps that.
pub(crate) fn mark(value: &mut Value, origin: Origin) {
    if value.origin == Origin::Written {
        value.origin = origin;
    }
    match &mut value.data {
        Data::Map(map) => map.values_mut().for_each(|member| mark(&mut member.value, origin)),
        Data::Seq(items) => items.iter_mut().for_each(|item| mark(item, origin)),
        Data::Null | Data::Bool(_) | Data::Int(_) | Data::Float(_) | Data::Str(_) => {}
    }
}

/// The number of values, the value itself included.
pub(crate) fn count(value: &Value) -> usize {
    match &value.data {
        Data::Map(map) => 1 + map.values().map(|member| count(&member.value)).sum::<usize>(),
        Data::Seq(items) => 1 + items.iter().map(count).sum::<usize>(),
        _ => 1,
    }
}
