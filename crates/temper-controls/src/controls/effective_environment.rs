//! Every variable that the files give a value reaches the container.
//!
//! ## What it flags
//! An entry of `environment` such as `TOKEN: ${TOKEN}` whose variable has no value here, while `env_file` gives `TOKEN`
//! one: Compose puts an empty string into the container, and it beats the file; `${TOKEN:-}` and a name alone
//! (`- TOKEN`) do the same. Also a credential, by its name (`…_TOKEN`, `…_PASSWORD`), that hangs on a variable which
//! `.env` is there for and does not give. An env file whose credentials go to five services or more is flagged once.
//! What hangs on a file that is not in the repository is unknown, and so is a credential that is written as empty, by
//! an empty default or by itself: no file says whether the program then lets everybody in.
//!
//! ## Why it matters
//! Many programs take an empty password or token for "no authentication" and start without a word. One env file for all
//! services hands every key to whoever takes over the weakest of them.
//!
//! ## Fix safety
//! Needs proof: the entry is removed from `environment`, so that the value of `env_file` holds; a deployment that sets
//! the variable in its shell would then get the file's value. Refused where another service has the same variable empty
//! and would keep it so: a token that only one side knows is an outage. Credentials without any value, and shared env
//! files, are refused: only a person knows the values and who needs them.
//!
//! ## References
//! - NIST SP 800-190, 4.1.4 and 4.4.3
//! - <https://docs.docker.com/compose/how-tos/environment-variables/envvars-precedence/>
//! - <https://docs.docker.com/reference/compose-file/interpolation/>

use std::collections::BTreeSet;

use temper_model::compose::{EnvFile, Project, Service, Variable};
use temper_text::Loc;

use super::shared::credentials::kind_of;
use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{Control, ProjectContext, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct EffectiveEnvironment;

static META: Meta = Meta {
    id: "effective-environment",
    title: "no variable is emptied on its way into the container",
    severity: Severity::High,
    surfaces: &[Surface::Compose],
    references: &["nist-sp-800-190:4.1.4", "nist-sp-800-190:4.4.3"],
    requires: &[],
    source: include_str!("effective_environment.rs"),
};

/// An env file for this many services is one for all.
const SHARED_BY: usize = 5;

impl Control for EffectiveEnvironment {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        let Some(first) = service.environment.values().map(|variable| variable.at).next() else {
            missing_files(context, verdicts);
            return;
        };
        let all_files = missing_files(context, verdicts);
        let none_emptied = emptied(context, verdicts);
        // Without a file, what `environment` lacks has been told already.
        if !all_files {
            return;
        }
        if without_value(context, verdicts) && none_emptied {
            let place = service.value.get("environment").map(|value| value.at);
            let place = place.or_else(|| service.env_files.first().map(|file| file.at)).unwrap_or(first);
            verdicts.pass(place, what_holds(service));
        }
    }

    fn project(&self, context: &ProjectContext<'_>, verdicts: &mut Verdicts) {
        shared_files(context, verdicts);
    }
}

/// Env files that are not in the repository. True when there are none.
fn missing_files(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let service = context.service;
    // An empty default says that there may be no value; whether the file gives one is not known.
    let (credentials, emptied): (Vec<_>, Vec<_>) = written(service)
        .filter(|(_, variable)| is_valueless(variable))
        .partition(|(name, variable)| is_credential(name) && is_emptied(variable));
    // A file that may be absent matters only where an empty entry would beat it.
    let matters =
        |file: &&EnvFile| !file.found && (file.required || !credentials.is_empty() || !emptied.is_empty());
    let missing: Vec<_> = service.env_files.iter().filter(matters).collect();
    let Some(first) = missing.first() else { return true };
    // Whatever the file gives, the entry beats it: without the variable in the shell, authentication is off.
    for (name, variable) in &credentials {
        let unset = missing_variables(&variable.missing);
        let message = format!(
            "{name} is empty in the container whatever `env_file` gives: {unset}, and the entry beats it"
        );
        verdicts.fail(variable.at, message).see(first.at, absence(first)).fix(refused(
            format!("remove {name} from `environment`, so that `env_file` gives it"),
            format!("check first that {} gives it: that file is not in the repository", first.path),
        ));
    }
    if !credentials.is_empty() && emptied.is_empty() {
        return false;
    }
    let emptied = names(emptied.iter().map(|(name, _)| name.as_str()));
    let message = if emptied.is_empty() {
        "what `env_file` gives the service cannot be told".to_owned()
    } else {
        format!("entries of `environment` without a value beat what `env_file` gives: {emptied}")
    };
    let absent: Vec<String> = missing.iter().map(|file| absence(file)).collect();
    let judgement = verdicts.unknown(first.at, message, absent.join(", "));
    for file in missing.iter().skip(1) {
        judgement.see(file.at, absence(file));
    }
    false
}

fn absence(file: &EnvFile) -> String {
    if file.missing.is_empty() {
        format!("{} is not there", file.path)
    } else {
        missing_variables(&file.missing)
    }
}

/// Variables of `environment` in the order of the files.
fn written(service: &Service) -> impl Iterator<Item = (&String, &Variable)> {
    service.environment.iter().filter(|(_, variable)| !variable.from_env_file)
}

/// True when an entry is there only for variables that have no value: the container gets an empty string.
fn is_emptied(variable: &Variable) -> bool {
    !variable.missing.is_empty() && variable.value.as_deref().is_none_or(str::is_empty)
}

/// True when the value is known and empty: `""`, `${TOKEN:-}`, `TOKEN=` in a file.
fn is_blank(variable: &Variable) -> bool {
    variable.missing.is_empty() && variable.value.as_deref().is_some_and(str::is_empty)
}

/// True when an entry gives the container nothing and nobody wrote an empty value. A name alone that the shell gives no
/// value also beats `env_file`: `docker compose config` shows `null` for it.
fn is_valueless(variable: &Variable) -> bool {
    is_emptied(variable) || variable.value.is_none() || (is_blank(variable) && !variable.asks().is_empty())
}

/// What can be said of a service without findings. An empty value that is written out is what somebody wants.
fn what_holds(service: &Service) -> &'static str {
    let on_purpose = |(_, variable): (&String, &Variable)| {
        is_blank(variable) && variable.shadows.as_ref().is_some_and(|lost| !lost.value.is_empty())
    };
    if written(service).any(on_purpose) {
        "no credential is empty; what beats `env_file` with an empty value says so"
    } else {
        "no credential is empty, and no empty entry beats `env_file`"
    }
}

/// Entries that are empty and should not be. True when there are none.
fn emptied(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let mut nothing = true;
    for (name, variable) in written(context.service).filter(|(_, variable)| is_valueless(variable)) {
        let lost = variable.shadows.as_ref().filter(|shadowed| !shadowed.value.is_empty());
        if let Some(lost) = lost {
            let message = if variable.value.is_none() && variable.missing.is_empty() {
                format!(
                    "{name} is not set in the container: the shell gives no value, and the entry beats `env_file`"
                )
            } else {
                let missing = missing_variables(&asked(name, variable));
                format!("{name} is empty in the container: {missing}, and the entry beats `env_file`")
            };
            verdicts
                .fail(variable.at, message)
                .see(lost.at, "the value that is lost")
                .fix(leave_it_to_the_file(context, name, variable, &lost.value));
            nothing = false;
        }
    }
    nothing
}

/// The variables to blame for an empty value: those without one, else those that the entry asks for.
fn asked(name: &str, variable: &Variable) -> Vec<String> {
    let asks = || Some(variable.asks()).filter(|asks| !asks.is_empty());
    match variable.missing.as_slice() {
        [] => asks().unwrap_or_else(|| vec![name.to_owned()]),
        missing => missing.to_vec(),
    }
}

/// Credentials that are empty because somebody wrote so. True when there are none.
fn blank(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let is_lost = |variable: &Variable| {
        let lost = variable.shadows.as_ref().is_some_and(|shadowed| !shadowed.value.is_empty());
        lost && is_valueless(variable)
    };
    let all = context.service.environment.iter();
    let found: Vec<_> = all
        .filter(|(name, variable)| is_credential(name) && is_blank(variable) && !is_lost(variable))
        .collect();
    let Some((_, first)) = found.first() else { return true };
    let shown = names(found.iter().map(|(name, _)| name.as_str()));
    let message = format!("a credential is empty in the container: {shown}");
    let judgement = verdicts.unknown(first.at, message, "whether the program lets everybody in without it");
    for (name, variable) in found.iter().skip(1) {
        judgement.see(variable.at, format!("{name} is empty too"));
    }
    false
}

/// Credentials without a value. True when there are none.
fn without_value(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let lacking: Vec<(&String, &Variable)> =
        written(context.service).filter(|(name, variable)| lacks_credential(name, variable)).collect();
    let none_blank = blank(context, verdicts);
    let Some((_, first)) = lacking.first() else { return none_blank };
    if has_dotenv(context) {
        for (name, variable) in &lacking {
            refuse_empty(name, variable, verdicts);
        }
        return false;
    }
    let shown = names(lacking.iter().map(|(name, _)| name.as_str()));
    let mut missing: Vec<String> =
        lacking.iter().flat_map(|(_, variable)| variable.missing.clone()).collect();
    missing.sort();
    missing.dedup();
    let message = format!("a credential is empty unless the shell or .env gives it: {shown}");
    verdicts.unknown(first.at, message, missing_variables(&missing));
    false
}

fn refuse_empty(name: &str, variable: &Variable, verdicts: &mut Verdicts) {
    let missing = missing_variables(&variable.missing);
    let message = if is_emptied(variable) {
        format!("{name} is empty in the container: {missing}")
    } else {
        format!("{name} lacks a credential in the container: {missing}")
    };
    let needed = variable.missing.first().map_or(name, String::as_str);
    let reason =
        format!("give it a value in .env, or write `${{{needed}:?}}` so that Compose stops without one");
    verdicts.fail(variable.at, message).fix(refused(format!("give {needed} a value"), reason));
}

/// True when a credential hangs on a variable without a value, and no value of `env_file` is lost with it.
fn lacks_credential(name: &str, variable: &Variable) -> bool {
    let is_lost = variable.shadows.as_ref().is_some_and(|shadowed| !shadowed.value.is_empty());
    let empty = is_emptied(variable) && is_credential(name);
    !(is_lost && is_valueless(variable))
        && (empty || variable.missing.iter().any(|missing| is_credential(missing)))
}

/// True when the `.env` file of the project was read: what it does not say is not said anywhere.
fn has_dotenv(context: &ServiceContext<'_>) -> bool {
    let directory = &context.project.directory;
    let path = if directory.is_empty() { ".env".to_owned() } else { format!("{directory}/.env") };
    context.stack.sources.by_path(&path).is_some()
}

fn leave_it_to_the_file(context: &ServiceContext<'_>, name: &str, variable: &Variable, lost: &str) -> Fix {
    let summary = format!("remove {name} from `environment`, so that `env_file` gives it");
    if let Some(other) = left_behind(context, name, variable, lost) {
        let needed = asked(name, variable).into_iter().next().unwrap_or_else(|| name.to_owned());
        let reason = format!(
            "{other} is given it too and would still have it empty, so that the two no longer agree; give {needed} a \
             value in .env, which reaches both"
        );
        return refused(summary, reason);
    }
    let with = same_token(context, name, variable);
    let action = ComposeAction::UnsetVariable { name: name.to_owned(), at: variable.at, with };
    let safety = needs_proof("a deployment that sets the variable in its shell would get the file's value");
    fix(context, safety, summary, [(action, "an empty entry beats env_file".to_owned())])
}

/// Another service that has the same variable, empty as well, and does not get the value of `env_file`. A token that is
/// empty on both sides is no authentication; one that is empty on one side is an outage.
fn left_behind<'a>(
    context: &ServiceContext<'a>,
    name: &str,
    variable: &Variable,
    lost: &str,
) -> Option<&'a str> {
    let stays_empty = |other: &Variable| {
        let has_nothing = other.value.as_deref().is_none_or(str::is_empty);
        has_nothing && other.shadows.as_ref().is_none_or(|shadowed| shadowed.value != lost)
    };
    let others = context.project.services.values().filter(|other| other.name != context.service.name);
    let left = others.filter(|other| {
        let mut all = other.environment.iter();
        all.any(|(key, other)| is_same(name, variable, key, other) && stays_empty(other))
    });
    left.map(|service| service.name.as_str()).next()
}

/// True for the same variable in another service, by its own name or by the one that it is filled from.
fn is_same(name: &str, variable: &Variable, key: &str, other: &Variable) -> bool {
    let asks = asked(name, variable);
    key == name || asked(key, other).iter().any(|asked| asks.contains(asked))
}

/// Other services that have the same variable emptied: they all get the value of `env_file`, or none does.
fn same_token(context: &ServiceContext<'_>, name: &str, variable: &Variable) -> Vec<String> {
    let others = context.project.services.values().filter(|other| other.name != context.service.name);
    let emptied = others.filter(|other| {
        written(other).any(|(key, other)| is_valueless(other) && is_same(name, variable, key, other))
    });
    emptied.map(|service| service.name.clone()).collect()
}

fn shared_files(context: &ProjectContext<'_>, verdicts: &mut Verdicts) {
    let files = context.project.services.values().flat_map(|service| &service.env_files);
    let paths: BTreeSet<&str> =
        files.filter(|file| file.missing.is_empty()).map(|file| file.path.as_str()).collect();
    for path in paths {
        let users = users_of(context.project, path);
        if users.len() >= SHARED_BY {
            shared_file(context, path, &users, verdicts);
        }
    }
}

fn shared_file(context: &ProjectContext<'_>, path: &str, users: &[(&str, Loc)], verdicts: &mut Verdicts) {
    let Some((_, place)) = users.first() else { return };
    let message = format!("{path} gives each of {} services every key in it", users.len());
    let judgement = match context.stack.sources.by_path(path) {
        None => verdicts.unknown(*place, message, format!("the keys: {path} is not there")),
        Some(file) => {
            let credentials = credentials_of(context.project, file);
            if credentials.is_empty() {
                return;
            }
            verdicts.fail(*place, format!("{message}: {}", names(credentials.iter().map(String::as_str))))
        }
    };
    // Services that share an anchor name the file at one place.
    for (name, at) in users.iter().filter(|(_, at)| at != place) {
        judgement.see(*at, format!("also given to {name}"));
    }
    let reason = "give each service a file, or `environment` entries, with only the keys that it uses";
    judgement.fix(refused(format!("split {path}"), reason));
}

fn users_of<'p>(project: &'p Project, path: &str) -> Vec<(&'p str, Loc)> {
    let users = project.services.values().filter_map(|service| {
        let file = service.env_files.iter().find(|file| file.path == path)?;
        Some((service.name.as_str(), file.at))
    });
    users.collect()
}

/// Names of the credentials that come from a file, also of those that `environment` beats.
fn credentials_of(project: &Project, file: temper_text::FileId) -> BTreeSet<String> {
    let variables = project.services.values().flat_map(|service| &service.environment);
    let from_file = variables.filter(|(_, variable)| {
        let at = variable.shadows.as_ref().map_or(variable.at, |shadowed| shadowed.at);
        at.file == file
    });
    from_file.map(|(name, _)| name).filter(|name| is_credential(name)).cloned().collect()
}

/// Up to six names.
fn names<'n>(all: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 6;
    let all: Vec<&str> = all.collect();
    let shown = all.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match all.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// True for the name of a variable that carries a credential, or a setting of authentication (`NEO4J_AUTH`).
fn is_credential(name: &str) -> bool {
    kind_of(name).is_some() || name.to_ascii_uppercase().ends_with("_AUTH")
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn long_lists_of_names_are_cut() {
        assert_eq!(names(["A", "B"].into_iter()), "A, B");
        assert_eq!(
            names(["A", "B", "C", "D", "E", "F", "G", "H"].into_iter()),
            "A, B, C, D, E, F and 2 more"
        );
    }
}
