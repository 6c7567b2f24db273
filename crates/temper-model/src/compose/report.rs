use temper_text::{Loc, SourceMap};

use crate::Problem;

/// Collects what is wrong with a project while it is read.
#[derive(Debug)]
pub(crate) struct Report {
    lenient: bool,
    faults: Vec<Fault>,
}

#[derive(Debug)]
struct Fault {
    at: Loc,
    message: String,
}

impl Report {
    /// An empty report. `lenient`: a value that hangs on a variable without a value is no fault.
    pub(crate) fn new(lenient: bool) -> Self {
        Self { lenient, faults: Vec::new() }
    }

    /// True when values that hang on variables without a value are passed over.
    pub(crate) fn is_lenient(&self) -> bool {
        self.lenient
    }

    /// Notes something that Docker Compose refuses. The same fault at the same place is noted once.
    pub(crate) fn refuse(&mut self, at: Loc, message: String) {
        if !self.faults.iter().any(|fault| fault.at == at && fault.message == message) {
            self.faults.push(Fault { at, message });
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
                warning: false,
            })
            .collect()
    }
}
