//! Interpolation of a whole file: values, never keys, then the types that Compose gives to some of them.

use temper_text::{Loc, SourceMap, Span};

use super::document::Fault;
use super::interpolate::{Required, TemplateFault, substitute};
use super::load_path::KeyPath;
use crate::{Data, Text, Value};

/// Substitutes the variables in every text below `root`.
pub(crate) struct Interpolation<'i> {
    /// The value of a variable.
    pub(crate) lookup: &'i dyn Fn(&str) -> Option<String>,
    /// Whether `${VAR:?}` is refused, and whether a value without its variables still gets its type.
    pub(crate) required: Required,
    /// The files, to point at the variable inside a text.
    pub(crate) sources: &'i SourceMap,
    /// What was refused.
    pub(crate) faults: Vec<Fault>,
    /// Variables without a value, with the place of the text.
    pub(crate) unset: Vec<(String, Loc)>,
}

impl Interpolation<'_> {
    /// Substitutes in place.
    pub(crate) fn apply(&mut self, value: &mut Value, path: &mut KeyPath) {
        let at = value.at;
        match &mut value.data {
            Data::Map(map) => {
                for (key, member) in map {
                    path.push(key);
                    self.apply(&mut member.value, path);
                    path.pop();
                }
            }
            Data::Seq(items) => {
                path.push("[]");
                for item in items {
                    self.apply(item, path);
                }
                path.pop();
            }
            Data::Str(text) => {
                if let Some(data) = self.text(text, at, path) {
                    value.data = data;
                }
            }
            Data::Null | Data::Bool(_) | Data::Int(_) | Data::Float(_) => {}
        }
    }

    /// The new data of a text, when it is another type.
    fn text(&mut self, text: &mut Text, at: Loc, path: &KeyPath) -> Option<Data> {
        match substitute(&text.value, self.lookup, self.required) {
            Ok(done) => {
                let names = done.missing.iter().map(|name| (name.clone(), at));
                self.unset.extend(names);
                if done.changed {
                    text.raw = Some(std::mem::replace(&mut text.value, done.value));
                }
                text.missing.extend(done.missing);
            }
            Err(fault) => {
                self.template_fault(&fault, &text.value, at, path);
                return None;
            }
        }
        if self.required == Required::Unknown && !text.missing.is_empty() {
            return None;
        }
        let kind = CASTS.iter().find(|(pattern, _)| path.matches(pattern)).map(|(_, kind)| *kind)?;
        let cast = kind.cast(&text.value);
        if cast.is_none() {
            let message = format!("{}: expected {}, found `{}`", path.show(), kind.expected(), text.value);
            self.faults.push(Fault { at, message });
        }
        cast
    }

    fn template_fault(&mut self, fault: &TemplateFault, text: &str, at: Loc, path: &KeyPath) {
        let message = format!("{}: {}", path.show(), fault.message);
        // Where the file holds the text letter by letter, the variable itself can be pointed at; not when it holds
        // escapes or folded lines.
        let start = self.sources.slice(at).find(text).map(|start| start + at.span.start as usize);
        let at = start.map_or(at, |start| Loc {
            file: at.file,
            span: Span::new(start + fault.range.start, start + fault.range.end),
        });
        self.faults.push(Fault { at, message });
    }
}

#[derive(Debug, Clone, Copy)]
enum Cast {
    Bool,
    Int,
    Float,
}

impl Cast {
    fn expected(self) -> &'static str {
        match self {
            Self::Bool => "`true` or `false`",
            Self::Int => "an integer",
            Self::Float => "a number",
        }
    }

    fn cast(self, text: &str) -> Option<Data> {
        match self {
            Self::Bool => boolean(text).map(Data::Bool),
            Self::Int => text.parse().ok().map(Data::Int),
            Self::Float => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Data::Float),
        }
    }
}

/// The words that Compose takes as booleans; those of YAML 1.1 with a warning.
fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Where Compose 2.26 gives a text another type after interpolation. Measured: a wrong word at each path of the
/// file format, and whether Compose says `failed to cast to expected type`.
const CASTS: &[(&str, Cast)] = &[
    ("configs.*.external", Cast::Bool),
    ("networks.*.attachable", Cast::Bool),
    ("networks.*.enable_ipv6", Cast::Bool),
    ("networks.*.external", Cast::Bool),
    ("networks.*.internal", Cast::Bool),
    ("secrets.*.external", Cast::Bool),
    ("volumes.*.external", Cast::Bool),
    ("services.*.configs.[].mode", Cast::Int),
    ("services.*.cpu_count", Cast::Int),
    ("services.*.cpu_percent", Cast::Float),
    ("services.*.cpu_period", Cast::Int),
    ("services.*.cpu_quota", Cast::Int),
    ("services.*.cpu_rt_period", Cast::Int),
    ("services.*.cpu_rt_runtime", Cast::Int),
    ("services.*.cpu_shares", Cast::Int),
    ("services.*.cpus", Cast::Float),
    ("services.*.deploy.placement.max_replicas_per_node", Cast::Int),
    ("services.*.deploy.replicas", Cast::Int),
    ("services.*.deploy.restart_policy.max_attempts", Cast::Int),
    ("services.*.deploy.rollback_config.max_failure_ratio", Cast::Float),
    ("services.*.deploy.rollback_config.parallelism", Cast::Int),
    ("services.*.deploy.update_config.max_failure_ratio", Cast::Float),
    ("services.*.deploy.update_config.parallelism", Cast::Int),
    ("services.*.healthcheck.disable", Cast::Bool),
    ("services.*.healthcheck.retries", Cast::Int),
    ("services.*.init", Cast::Bool),
    ("services.*.oom_kill_disable", Cast::Bool),
    ("services.*.oom_score_adj", Cast::Int),
    ("services.*.pids_limit", Cast::Int),
    ("services.*.ports.[].target", Cast::Int),
    ("services.*.privileged", Cast::Bool),
    ("services.*.read_only", Cast::Bool),
    ("services.*.scale", Cast::Int),
    ("services.*.secrets.[].mode", Cast::Int),
    ("services.*.stdin_open", Cast::Bool),
    ("services.*.tty", Cast::Bool),
    ("services.*.ulimits.*", Cast::Int),
    ("services.*.ulimits.*.hard", Cast::Int),
    ("services.*.ulimits.*.soft", Cast::Int),
    ("services.*.volumes.[].read_only", Cast::Bool),
    ("services.*.volumes.[].volume.nocopy", Cast::Bool),
];
