//! Reading the files of a project up to the merged tree.
//!
//! Relative paths stay as written. What they are relative to hangs on the file they stand in: a file of `extends` on
//! its own directory, a file of `include` on the project directory of the include, all others on that of the project.
//! A file that is read for two directories is therefore two files of the [`SourceMap`], and [`Loaded::bases`] has the
//! directory of each.

use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;
use temper_text::{FileId, Loc, SourceFile, SourceMap, Span};
use temper_yaml::{Kind, Node, Style};

use super::document::{self, Budget, Document, Fault};
use super::extends::{self, Open, ServiceFile};
use super::interpolate::Required;
use super::interpolate_tree::Interpolation;
use super::load_path::KeyPath;
use super::load_start::{self, Start};
use super::loaded::{Loaded, Mode};
use super::merge::merge;
use super::merge_empty::{Emptied, empty, empty_again};
use super::merge_unicity::enforce;
use super::report::Report;
use super::tags::{Removal, remove};
use super::{Definition, Selection, canonical, paths, schema};
use crate::yaml_files::YamlFiles;
use crate::{Data, FileTree, Problem, Value, path};

/// Services that one project may have. What is known and judged of a service takes some 60 kB, so that so many take
/// about 175 MB. A large stack has a hundred.
pub(crate) const MAX_SERVICES: usize = 3_000;

/// Reads the files of a selection and merges them.
///
/// It always comes back: what Compose would refuse is among the problems, and the rest of the project is there.
pub(crate) fn load(
    yaml: &YamlFiles<'_>,
    sources: &mut SourceMap,
    selection: &Selection,
    mode: Mode,
) -> Loaded {
    let mut loader = Loader::new(yaml, sources, mode);
    let Start { files, directory, name, environment } = load_start::start(&mut loader, selection);
    let scope = Scope { directory, environment: Rc::new(environment), chain: Vec::new() };
    let model = loader.model(&files, &scope);
    match &model.root {
        None => std::mem::take(&mut loader.empty).into_iter().for_each(|fault| loader.refuse(fault)),
        // After another refusal it may only be empty because of that.
        Some(root) if loader.problems.is_empty() && root.as_map().is_some_and(IndexMap::is_empty) => {
            let message = "expected a Compose file, found an empty mapping".to_owned();
            loader.refuse(Fault { at: root.at, message });
        }
        Some(_) => {}
    }
    let root = model.root.filter(|root| loader.has_bearable_size(root));
    let root = root.unwrap_or_else(|| loader.nothing(&files));
    let format = std::mem::replace(&mut loader.format, Report::new(true)).into_problems(loader.sources);
    loader.problems.extend(format);
    Loaded {
        name,
        files: model.files,
        directory: scope.directory,
        bases: loader.bases,
        root,
        definitions: model.definitions,
        environment: IndexMap::clone(&scope.environment),
        uses: loader.uses,
        problems: loader.problems,
    }
}

/// What the files of one project, or of one `include`, share.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// The project directory, relative to the root of the stack.
    pub(super) directory: String,
    /// The variables.
    pub(super) environment: Rc<IndexMap<String, String>>,
    /// The files whose `include` led here, outermost first.
    pub(super) chain: Vec<String>,
}

/// Files merged.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// The tree; `None` when no file could be read.
    pub(super) root: Option<Value>,
    /// Where each service is defined.
    pub(super) definitions: IndexMap<String, Vec<Definition>>,
    files: Vec<FileId>,
}

/// One file, read once for each directory that its paths are relative to.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) file: FileId,
    pub(super) documents: Vec<Document>,
}

/// Reads files and collects what is wrong with them.
pub(super) struct Loader<'l> {
    pub(super) tree: &'l dyn FileTree,
    pub(super) sources: &'l mut SourceMap,
    yaml: &'l YamlFiles<'l>,
    pub(super) mode: Mode,
    pub(super) budget: Budget,
    problems: Vec<Problem>,
    /// What does not fit the file format.
    format: Report,
    /// Files without a document. Compose minds them only when nothing else is left.
    empty: Vec<Fault>,
    bases: HashMap<FileId, String>,
    uses: Vec<(&'static str, Loc)>,
    parsed: HashMap<(String, String), Option<Rc<Parsed>>>,
    /// The project directory.
    project: String,
}

impl<'l> Loader<'l> {
    fn new(yaml: &'l YamlFiles<'l>, sources: &'l mut SourceMap, mode: Mode) -> Self {
        Self {
            tree: yaml.tree,
            sources,
            yaml,
            mode,
            budget: Budget::new(),
            problems: Vec::new(),
            format: Report::new(mode == Mode::Lenient),
            empty: Vec::new(),
            bases: HashMap::new(),
            uses: Vec::new(),
            parsed: HashMap::new(),
            project: String::new(),
        }
    }

    /// Says which directory is that of the project, before any Compose file is read.
    pub(super) fn set_project(&mut self, directory: &str) {
        directory.clone_into(&mut self.project);
    }

    /// The absolute directory that relative paths of a file mean.
    pub(super) fn directory_of(&self, file: FileId) -> String {
        let relative = self.bases.get(&file).unwrap_or(&self.project);
        paths::absolute(self.tree.root(), relative, None)
    }

    /// Notes what Compose refuses.
    pub(super) fn refuse(&mut self, fault: Fault) {
        self.problem(fault, false);
    }

    /// Notes what Compose warns of.
    pub(super) fn warn(&mut self, fault: Fault) {
        self.problem(fault, true);
    }

    fn problem(&mut self, fault: Fault, warning: bool) {
        let file = self.sources.file(fault.at.file).path().to_owned();
        let problem = Problem { file, at: Some(fault.at), message: fault.message, warning };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Notes a file that cannot be read: at the place that names it, or else as a whole.
    pub(super) fn unreadable(&mut self, file: &str, at: Option<Loc>, message: String) {
        match at {
            Some(at) => self.refuse(Fault { at, message }),
            None => self.problems.push(Problem { file: file.to_owned(), at: None, message, warning: false }),
        }
    }

    /// Notes a feature that is gone from the merged tree.
    pub(super) fn used(&mut self, name: &'static str, at: Loc) {
        if !self.uses.contains(&(name, at)) {
            self.uses.push((name, at));
        }
    }

    pub(super) fn required(&self) -> Required {
        match self.mode {
            Mode::Strict => Required::Refuse,
            Mode::Lenient => Required::Unknown,
        }
    }

    /// The path relative to the root of the stack that `written` means in `directory`.
    pub(super) fn locate(&self, directory: &str, written: &str) -> String {
        let root = self.tree.root().trim_end_matches('/');
        match written.strip_prefix(root) {
            Some(inside) if written.starts_with('/') && (inside.is_empty() || inside.starts_with('/')) => {
                path::normal(inside)
            }
            // Outside the stack: the way there, through the root of the file system.
            _ if written.starts_with('/') => {
                let up = "../".repeat(root.split('/').filter(|part| !part.is_empty()).count());
                path::normal(&format!("{up}{written}"))
            }
            _ => path::join(directory, written),
        }
    }

    /// A value for a project without a single readable file.
    fn nothing(&mut self, files: &[String]) -> Value {
        let path = files.first().map_or("compose.yaml", String::as_str);
        let file = self.sources.by_path(path).unwrap_or_else(|| self.sources.add(SourceFile::new(path, "")));
        Value::new(Data::Null, Loc { file, span: Span::at(0) })
    }

    /// False for a project of more than [`MAX_SERVICES`] services, which is refused as a whole: to look at some of them
    /// would pass over the others.
    fn has_bearable_size(&mut self, root: &Value) -> bool {
        let Some(services) = root.get("services") else { return true };
        let count = services.as_map().map_or(0, IndexMap::len);
        if count > MAX_SERVICES {
            let message = format!(
                "expected at most {MAX_SERVICES} services in a project, found {count}; split it into several projects"
            );
            self.refuse(Fault { at: services.at, message });
        }
        count <= MAX_SERVICES
    }

    /// The documents of a file whose relative paths mean `base`. `at`: the place that names the file.
    pub(super) fn parse(&mut self, path: &str, base: &str, at: Option<Loc>) -> Option<Rc<Parsed>> {
        let key = (path.to_owned(), base.to_owned());
        if let Some(known) = self.parsed.get(&key) {
            return known.clone();
        }
        let parsed = self.read(path, base, at).map(Rc::new);
        self.parsed.insert(key, parsed.clone());
        parsed
    }

    fn read(&mut self, path: &str, base: &str, at: Option<Loc>) -> Option<Parsed> {
        let read = match self.yaml.read(path) {
            Ok(read) => read,
            Err(error) => {
                self.unreadable(path, at, error.to_string());
                return None;
            }
        };
        let empty = read.source.text().trim_start_matches('\u{feff}').trim().is_empty();
        let file = self.sources.add(read.source.clone());
        if base != self.project {
            self.bases.insert(file, base.to_owned());
        }
        let yaml = match &read.yaml {
            Ok(yaml) => yaml,
            Err(error) => {
                self.refuse(Fault { at: Loc { file, span: error.span }, message: error.message.clone() });
                return None;
            }
        };
        let mut faults = Vec::new();
        let documents: Vec<&Node> = yaml.documents.iter().filter(|node| !is_nothing(node)).collect();
        if documents.is_empty() {
            let what = if empty { "an empty file" } else { "only comments" };
            let message = format!("expected a Compose file, found {what}");
            self.empty.push(Fault { at: Loc { file, span: Span::at(0) }, message });
        }
        let documents = documents.into_iter();
        let documents = documents
            .map(|node| document::document(file, &read.source, node, &mut self.budget, &mut faults))
            .collect();
        faults.into_iter().for_each(|fault| self.refuse(fault));
        Some(Parsed { file, documents })
    }

    /// Merges files, each with its `extends` and `include` resolved before.
    pub(super) fn model(&mut self, files: &[String], scope: &Scope) -> Model {
        let mut model = Model::default();
        for path in files {
            let Some(parsed) = self.parse(path, &scope.directory, None) else { continue };
            model.files.push(parsed.file);
            for document in &parsed.documents {
                if let Some(layer) = self.layer(path, document, scope) {
                    self.add_layer(&mut model, layer);
                }
            }
        }
        model
    }

    fn add_layer(&mut self, model: &mut Model, layer: Layer) {
        let Layer { root, removals, definitions } = layer;
        for (name, places) in definitions {
            model.definitions.entry(name).or_default().extend(places);
        }
        let mut faults = Vec::new();
        let mut merged = match model.root.take() {
            Some(mut base) => {
                remove(&mut base, &removals, &mut KeyPath::default());
                let emptied = self.empty_lists(&mut base);
                let mut merged = merge(base, root, &mut KeyPath::default(), &mut faults);
                empty_again(&mut merged, &emptied);
                merged
            }
            None => root,
        };
        enforce(&mut merged, &mut KeyPath::default(), &mut faults);
        // Compose checks after each file, and so refuses a fault that a later file would take away.
        if self.mode == Mode::Strict {
            schema::check_layer(&merged, &mut self.format);
        }
        canonical::external_names(&mut merged, &mut faults);
        faults.into_iter().for_each(|fault| self.refuse(fault));
        model.root = Some(merged);
    }

    /// Makes nothing of empty lists as Compose 2.26 does before it merges another file. Only an exact reading does so,
    /// for it makes Compose refuse what it takes in a single file.
    pub(super) fn empty_lists(&mut self, base: &mut Value) -> Vec<Emptied> {
        if self.mode == Mode::Lenient {
            return Vec::new();
        }
        let emptied = empty(base);
        emptied.iter().for_each(|list| self.format.emptied(list.at));
        emptied
    }

    /// One document with its variables, `extends` and `include` resolved.
    fn layer(&mut self, path: &str, document: &Document, scope: &Scope) -> Option<Layer> {
        let mut root = self.interpolated(&document.root, scope)?;
        for removal in &document.removals {
            self.used(removal.tag, removal.at);
        }
        let mut file = self.services(path, &scope.directory, &mut root, &document.removals)?;
        if file.services.values().any(|member| member.value.get("extends").is_some()) {
            file = extends::resolve(file, &mut Opener { loader: self, scope });
        }
        let ServiceFile { services, removals, mut definitions, .. } = file;
        if let Data::Map(map) = &mut root.data
            && let Some(member) = map.get_mut("services")
        {
            member.value.data = Data::Map(services);
        }
        super::include::resolve(self, path, &mut root, &mut definitions, scope);
        Some(Layer { root, removals, definitions })
    }

    /// A copy of a document with its variables substituted.
    fn interpolated(&mut self, root: &Value, scope: &Scope) -> Option<Value> {
        if root.as_map().is_none() {
            let message = "expected a mapping at the top of a Compose file".to_owned();
            self.refuse(Fault { at: root.at, message });
            return None;
        }
        if !self.budget.take(extends::count(root)) {
            let message = format!(
                "expected at most {} values in a project with all that it includes; split it into several projects",
                document::MAX_NODES
            );
            self.refuse(Fault { at: root.at, message });
            return None;
        }
        let mut root = root.clone();
        let lookup = |name: &str| scope.environment.get(name).cloned();
        let required = self.required();
        let sources = &*self.sources;
        let mut interpolation =
            Interpolation { lookup: &lookup, required, sources, faults: Vec::new(), unset: Vec::new() };
        interpolation.apply(&mut root, &mut KeyPath::default());
        let Interpolation { faults, unset, .. } = interpolation;
        faults.into_iter().for_each(|fault| self.refuse(fault));
        // When reading leniently the values themselves say what is missing.
        if self.mode == Mode::Strict {
            for (name, at) in unset {
                let message = format!("variable {name} is not set; Compose takes an empty string");
                self.warn(Fault { at, message });
            }
        }
        Some(root)
    }

    /// The services of a file, taken out of its tree.
    fn services(
        &mut self,
        path: &str,
        base: &str,
        root: &mut Value,
        removals: &[Removal],
    ) -> Option<ServiceFile> {
        let mut file = ServiceFile {
            path: path.to_owned(),
            base: base.to_owned(),
            removals: removals.to_vec(),
            ..ServiceFile::default()
        };
        let Data::Map(map) = &mut root.data else { return Some(file) };
        let Some(member) = map.get_mut("services") else { return Some(file) };
        let at = member.key;
        let Data::Map(services) = &mut member.value.data else {
            self.refuse(Fault { at, message: "services: expected a mapping of services by name".to_owned() });
            map.shift_remove("services");
            return Some(file);
        };
        file.services = std::mem::take(services);
        for (name, member) in &file.services {
            let definition = Definition { key: member.key, body: member.value.at };
            file.definitions.insert(name.clone(), vec![definition]);
        }
        Some(file)
    }
}

/// True for a document in which nothing is written, not even `null`.
fn is_nothing(document: &Node) -> bool {
    document.tag.is_none()
        && document.anchor.is_none()
        && matches!(&document.kind, Kind::Scalar(scalar) if scalar.style == Style::Plain && scalar.value.is_empty())
}

/// One document on the way to being merged.
struct Layer {
    root: Value,
    removals: Vec<Removal>,
    definitions: IndexMap<String, Vec<Definition>>,
}

/// Opens the files that `extends` names.
struct Opener<'o, 'l> {
    loader: &'o mut Loader<'l>,
    scope: &'o Scope,
}

impl Open for Opener<'_, '_> {
    fn open(&mut self, path: &str, at: Loc) -> Option<ServiceFile> {
        let base = path::parent(path).to_owned();
        let parsed = self.loader.parse(path, &base, Some(at))?;
        let mut opened = ServiceFile { path: path.to_owned(), base: base.clone(), ..ServiceFile::default() };
        let mut tree: Option<Value> = None;
        for document in &parsed.documents {
            let root = self.loader.interpolated(&document.root, self.scope)?;
            for removal in &document.removals {
                self.loader.used(removal.tag, removal.at);
            }
            opened.removals.extend(document.removals.iter().cloned());
            let mut faults = Vec::new();
            tree = Some(match tree {
                Some(mut before) => {
                    remove(&mut before, &document.removals, &mut KeyPath::default());
                    merge(before, root, &mut KeyPath::default(), &mut faults)
                }
                None => root,
            });
            faults.into_iter().for_each(|fault| self.loader.refuse(fault));
        }
        let mut tree = tree?;
        let file = self.loader.services(path, &base, &mut tree, &opened.removals)?;
        Some(file)
    }

    fn locate(&self, directory: &str, written: &str) -> String {
        self.loader.locate(directory, written)
    }

    fn budget(&mut self) -> &mut Budget {
        &mut self.loader.budget
    }

    fn refuse(&mut self, fault: Fault) {
        self.loader.refuse(fault);
    }

    fn unknown(&mut self, fault: Fault) {
        self.loader.warn(fault);
    }
}
