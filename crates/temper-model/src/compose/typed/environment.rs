use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;
use temper_text::{FileId, SourceFile, SourceMap};

use super::read::{Place, boolean, raw};
use crate::compose::canonical::text_of;
use crate::compose::dotenv::{self, Assignment};
use crate::compose::report::Report;
use crate::compose::{EnvFile, Variable};
use crate::{Data, FileTree, Spanned, Value};

/// Reads the env files of services, each file once, and computes what a container gets.
pub(crate) struct EnvironmentFiles<'e> {
    /// Where the files come from.
    pub(crate) tree: &'e dyn FileTree,
    /// Where files that were read are kept.
    pub(crate) sources: &'e mut SourceMap,
    /// Variables of the project.
    pub(crate) variables: &'e IndexMap<String, String>,
    /// What is wrong goes here.
    pub(crate) report: &'e mut Report,
    /// Files that were read: `None` when a file is not there.
    pub(crate) read: HashMap<String, Option<Rc<(FileId, String)>>>,
}

impl EnvironmentFiles<'_> {
    /// The effective environment of a service, and its env files.
    ///
    /// Source: the specification, `env_file`: later files win over earlier ones, `environment` wins over all.
    pub(super) fn environment(
        &mut self,
        service: &Value,
        place: &Place<'_>,
    ) -> (IndexMap<String, Variable>, Vec<EnvFile>) {
        let mut variables: IndexMap<String, Variable> = IndexMap::new();
        let mut files = Vec::new();
        for entry in service.get("env_file").and_then(Value::as_seq).unwrap_or_default() {
            let Some(file) = self.file(entry, place, &mut variables) else { continue };
            files.push(file);
        }
        let written = service.get("environment").and_then(Value::as_map);
        for (name, member) in written.into_iter().flatten() {
            let mut variable = self.written(name, &member.value);
            variable.shadows = variables
                .get(name)
                .and_then(|earlier| Some(Spanned::new(earlier.value.clone()?, earlier.at)));
            variables.insert(name.clone(), variable);
        }
        (variables, files)
    }

    /// Labels from the label files of a service; its own labels win over them.
    pub(crate) fn labels(&mut self, service: &Value, place: &Place<'_>) -> IndexMap<String, Variable> {
        let mut labels = IndexMap::new();
        for file in service.get("label_file").and_then(Value::as_seq).unwrap_or_default() {
            let Some(path) = file.as_str() else { continue };
            let path = place.resolve(file, path);
            match self.text(&path) {
                Some(text) => self.assign(&text, false, &mut labels),
                None if self.report.is_lenient() => {}
                None => self.report.refuse(file.at, format!("label file {path} is not there; create it")),
            }
        }
        labels
    }

    fn written(&self, name: &str, value: &Value) -> Variable {
        let given = match value.data {
            Data::Null => self.variables.get(name).cloned(),
            _ => text_of(value),
        };
        let interpolated = matches!(&value.data, Data::Str(text) if text.raw.is_some());
        Variable {
            value: given,
            at: value.at,
            from_env_file: false,
            missing: value.missing().to_vec(),
            shadows: None,
            raw: interpolated.then(|| raw(value)),
        }
    }

    fn file(
        &mut self,
        entry: &Value,
        place: &Place<'_>,
        variables: &mut IndexMap<String, Variable>,
    ) -> Option<EnvFile> {
        let written = entry.get("path")?;
        let path = place.resolve(written, written.as_str()?);
        let mut file = EnvFile {
            at: entry.at,
            path,
            required: entry.get("required").and_then(boolean).unwrap_or(true),
            found: false,
            missing: written.missing().to_vec(),
        };
        if !file.missing.is_empty() && self.report.is_lenient() {
            return Some(file);
        }
        let text = self.text(&file.path);
        file.found = text.is_some();
        match text {
            Some(text) => {
                let verbatim = entry.get("format").and_then(Value::as_str) == Some("raw");
                self.assign(&text, verbatim, variables);
            }
            None if file.required && !self.report.is_lenient() => {
                let message =
                    format!("env file {} is not there; create it, or set required: false", file.path);
                self.report.refuse(entry.at, message);
            }
            None => {}
        }
        Some(file)
    }

    fn text(&mut self, path: &str) -> Option<Rc<(FileId, String)>> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        let read = self.tree.read(path).ok();
        // A device, not a file; some name it for "no env file".
        let read = read.or_else(|| (path == "/dev/null").then(String::new)).map(|text| {
            let id = self.sources.add(SourceFile::new(path, text.clone()));
            Rc::new((id, text))
        });
        self.read.insert(path.to_owned(), read.clone());
        read
    }

    /// Takes over the variables of a file. Values may use those of earlier files and of the project.
    fn assign(
        &mut self,
        file: &(FileId, String),
        verbatim: bool,
        variables: &mut IndexMap<String, Variable>,
    ) {
        let (id, text) = file;
        let project = self.variables;
        let earlier = variables.clone();
        let lookup = |name: &str| {
            earlier
                .get(name)
                .and_then(|variable| variable.value.clone())
                .or_else(|| project.get(name).cloned())
        };
        for assignment in self.assignments(*id, text, verbatim, &lookup) {
            // A name alone that nothing gives a value is not set.
            if assignment.value.is_none() {
                continue;
            }
            let variable = Variable {
                value: assignment.value,
                at: assignment.at,
                from_env_file: true,
                missing: assignment.missing,
                shadows: None,
                raw: assignment.raw,
            };
            variables.insert(assignment.name, variable);
        }
    }

    fn assignments(
        &mut self,
        id: FileId,
        text: &str,
        verbatim: bool,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<Assignment> {
        let parsed =
            if verbatim { dotenv::parse_raw(id, text, lookup) } else { dotenv::parse(id, text, lookup) };
        match parsed {
            Ok(assignments) => assignments,
            Err(fault) => {
                self.report.refuse(fault.at, fault.message);
                Vec::new()
            }
        }
    }
}
