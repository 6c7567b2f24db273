use std::collections::HashSet;

use temper_text::{Loc, SourceMap};

use crate::{Data, Problem, Value};

/// Collects what is wrong with a project while it is read.
#[derive(Debug)]
pub(crate) struct Report {
    lenient: bool,
    /// The field that is being read, put before each message.
    field: Option<String>,
    /// What is refused now is only warned of.
    warning: bool,
    faults: Vec<Fault>,
    /// Empty lists that were made nothing of.
    emptied: HashSet<Loc>,
}

#[derive(Debug)]
struct Fault {
    at: Loc,
    message: String,
    warning: bool,
}

impl Report {
    /// An empty report. `lenient`: a value that hangs on a variable without a value is no fault.
    pub(crate) fn new(lenient: bool) -> Self {
        Self { lenient, field: None, warning: false, faults: Vec::new(), emptied: HashSet::new() }
    }

    /// True when values that hang on variables without a value are passed over.
    pub(crate) fn is_lenient(&self) -> bool {
        self.lenient
    }

    /// True for a value that hangs on a variable without a value, when such values are passed over.
    pub(crate) fn passes_over(&self, value: &Value) -> bool {
        self.lenient && !value.missing().is_empty()
    }

    /// Notes that Compose has made nothing of the empty list that is written there.
    pub(crate) fn emptied(&mut self, at: Loc) {
        self.emptied.insert(at);
    }

    /// True for nothing that is written as an empty list.
    pub(crate) fn was_emptied(&self, value: &Value) -> bool {
        matches!(value.data, Data::Null) && self.emptied.contains(&value.at)
    }

    /// Reads a field: messages of `read` begin with its name.
    pub(crate) fn in_field(&mut self, field: String, read: impl FnOnce(&mut Self)) {
        let outer = self.field.replace(field);
        read(self);
        self.field = outer;
    }

    /// What `check` refuses becomes a warning: Docker Compose does not look there with the selected profiles.
    pub(crate) fn as_warnings(&mut self, check: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.warning, true);
        check(self);
        self.warning = outer;
    }

    /// Notes something that Docker Compose refuses. The same fault at the same place is noted once.
    pub(crate) fn refuse(&mut self, at: Loc, message: String) {
        let message = match &self.field {
            Some(field) => format!("{field}: {message}"),
            None => message,
        };
        if !self.faults.iter().any(|fault| fault.at == at && fault.message == message) {
            self.faults.push(Fault { at, message, warning: self.warning });
        }
    }

    /// The faults with the paths of their files.
    pub(crate) fn into_problems(self, sources: &SourceMap) -> Vec<Problem> {
        self.faults
            .into_iter()
            .map(|fault| Problem {
                file: sources.file(fault.at.file).path().to_owned(),
                at: Some(fault.at),
                message: fault.message,
                warning: fault.warning,
            })
            .collect()
    }
}
