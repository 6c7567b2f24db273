//! No credential is a default that everybody knows, and no login is switched off.
//!
//! ## What it flags
//! In the effective environment of a service (its image when built here, `env_file`, `environment`): a password, secret or
//! key whose value is a well-known default, the name of its user or a placeholder; the literal in `${VAR:-literal}` when
//! nothing sets `VAR`; such a password inside a URL; a known image that falls back to a published password or to none at all
//! because nothing is set; a variable that switches authentication off; a published Redis without a password. Variables
//! that name a file (`…_FILE`) are not flagged. Values are never shown.
//!
//! In a running container: the names of its variables and the hashes of their values. A credential that is empty, or whose
//! value is a well-known default, fails.
//!
//! ## Why it matters
//! Defaults are the first thing that anybody tries who reaches a port, and every container on the same network reaches it.
//! What stands in the repository is also known to everybody who can read that.
//!
//! ## Fix safety
//! Refused: only a person can choose a secret and put it where the service and its clients find it. The reason gives the
//! line to write.
//!
//! ## References
//! - NIST SP 800-190, 4.1.4: embedded clear text secrets
//! - CIS Docker Benchmark 1.7, 4.10 (for credentials in Dockerfiles)
//! - <https://docs.docker.com/compose/how-tos/use-secrets/>

use std::collections::BTreeSet;

use temper_fit::images::{self, AuthOff, Credential, KnownImage, WhenAbsent};
use temper_fit::{Evidence, EvidenceKind, ImageSource};
use temper_model::Setting;
use temper_model::compose::{Port, Variable};
use temper_model::container::hash_of;
use temper_text::Loc;

use super::shared::credentials::{
    Kind, has_well_known_hash, is_placeholder, is_stand_in, is_well_known, kind_of, user_info,
};
use super::shared::image::service_entry;
use super::shared::{missing_variables, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{Fix, Meta, Severity, Surface, Verdict, Verdicts};

/// See the documentation of this module.
pub(super) struct DefaultCredentials;

static META: Meta = Meta {
    id: "default-credentials",
    title: "no credential is a well-known default",
    severity: Severity::Critical,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["nist-sp-800-190:4.1.4", "cis-docker-1.7:4.10"],
    requires: &[],
    source: include_str!("default_credentials.rs"),
};

impl Control for DefaultCredentials {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let mut look = Look { context, verdicts, failed: false, credentials: 0, open: Vec::new() };
        look.variables();
        look.of_image();
        look.left_out();
        look.redis();
        look.conclude();
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = context.service.service.at;
        let mut is_clean = true;
        let environment = &context.container.settings.environment;
        let credentials = environment.iter().filter(|(name, _)| kind_of(name).is_some());
        let mut number = 0;
        for (name, hash) in credentials {
            number += 1;
            let at = context.service.service.environment.get(name).map_or(at, |variable| variable.at);
            if hash.is_empty() {
                is_clean = false;
                verdicts.fail(at, format!("{name} is empty in the container"));
            } else if has_well_known_hash(hash) {
                is_clean = false;
                verdicts.fail(at, format!("{name} has a well-known default as value in the container"));
            }
        }
        for (name, at, message) in weak_in_file(self, &context.service) {
            let of_file = context.service.service.environment.get(&name).and_then(known_value);
            let hash = environment.get(&name);
            let told = hash.is_some_and(|hash| hash.is_empty() || has_well_known_hash(hash));
            if !told && of_file.is_some_and(|value| hash == Some(&hash_of(value))) {
                is_clean = false;
                verdicts.fail(at, format!("the container has the value of the files: {message}"));
            }
        }
        if is_clean {
            verdicts.pass(
                at,
                format!("none of the {number} credentials in its environment is a well-known default"),
            );
        }
    }
}

/// Variables whose value in the files is no secret, with their places and what is said of them. Only hashes of a container's
/// values are known, so this is how a weak one is recognised there.
fn weak_in_file(control: &DefaultCredentials, context: &ServiceContext<'_>) -> Vec<(String, Loc, String)> {
    let mut verdicts = Verdicts::new(&META, Surface::Compose, String::new(), None);
    control.service(context, &mut verdicts);
    let found = verdicts.into_judgements();
    let failed = found.into_iter().filter(|judgement| judgement.verdict == Verdict::Fail);
    failed
        .filter_map(|judgement| {
            let mut variables = context.service.environment.iter();
            let (name, _) = variables.find(|(_, variable)| variable.at == judgement.at)?;
            Some((name.clone(), judgement.at, judgement.message))
        })
        .collect()
}

/// One look at a service.
struct Look<'a, 'c, 'v> {
    context: &'a ServiceContext<'c>,
    verdicts: &'v mut Verdicts,
    /// Whether something failed.
    failed: bool,
    /// Credentials that were seen.
    credentials: usize,
    /// Credentials of which the value is not known.
    open: Vec<Open>,
}

/// A credential of which the value is not known.
struct Open {
    name: String,
    at: Loc,
    /// What would have to be known, for people.
    missing: String,
}

/// What is wrong with a value.
#[derive(Clone, Copy)]
enum Weakness {
    WellKnown,
    Placeholder,
    SameAsUser,
}

impl Weakness {
    fn as_str(self) -> &'static str {
        match self {
            Self::WellKnown => "a well-known default",
            Self::Placeholder => "a placeholder that everybody can read",
            Self::SameAsUser => "the name of its user",
        }
    }
}

impl Look<'_, '_, '_> {
    fn fail(&mut self, at: Loc, message: String, fix: Fix) -> &mut crate::Judgement {
        self.failed = true;
        self.verdicts.fail(at, message).fix(fix)
    }

    fn leave_open(&mut self, name: &str, at: Loc, missing: String) {
        self.open.push(Open { name: name.to_owned(), at, missing });
    }

    /// Everything that is set in Compose.
    fn variables(&mut self) {
        let context = self.context;
        for (name, variable) in &context.service.environment {
            if let Some(effect) = switches_auth_off(context, name, variable) {
                let message = format!("`{name}` switches authentication off: {effect}");
                let reason = "remove it and set a password; clients have to be given the password too";
                self.fail(variable.at, message, refused("switch authentication on", reason));
            } else if let Some(kind) = credential_kind(context, name).filter(|_| !is_url(variable)) {
                self.credential(name, variable, kind);
            } else {
                self.url(name, variable);
            }
        }
    }

    fn credential(&mut self, name: &str, variable: &Variable, kind: Kind) {
        let Some(value) = known_value(variable) else {
            self.credentials += 1;
            self.leave_open(name, variable.at, missing_of(name, variable));
            return;
        };
        // An empty value is no credential: `effective-environment` says so, and `left_out` what a known image then does.
        if value.is_empty() {
            return;
        }
        self.credentials += 1;
        if let Some(weakness) = weakness(self.context, name, value, kind) {
            self.weak(name, variable, weakness);
        }
    }

    fn weak(&mut self, name: &str, variable: &Variable, weakness: Weakness) {
        let message = match unset_default(variable) {
            Some(unset) => format!(
                "`{name}` is {}: nothing sets `{unset}`, so the default in the file holds",
                weakness.as_str()
            ),
            None => format!("`{name}` is {}", weakness.as_str()),
        };
        let judgement = self.fail(variable.at, message, required(name, variable));
        if let Some(shadowed) = &variable.shadows {
            judgement.see(shadowed.at, "the value of the env file, which this one beats");
        }
    }

    fn url(&mut self, name: &str, variable: &Variable) {
        // The text before interpolation shows whether the password itself hangs on a variable.
        let raw = variable.raw.as_deref().filter(|_| !variable.missing.is_empty());
        let Some(text) = raw.or(variable.value.as_deref()) else { return };
        if raw.and_then(raw_user_info).is_some_and(|info| info.contains('$')) {
            self.credentials += 1;
            self.leave_open(name, variable.at, missing_of(name, variable));
            return;
        }
        let Some((user, password)) = user_info(text).filter(|(_, password)| !password.contains('$')) else {
            return;
        };
        self.credentials += 1;
        let weakness = match () {
            () if is_well_known(password) => Weakness::WellKnown,
            () if is_placeholder(password) => Weakness::Placeholder,
            () if password == user => Weakness::SameAsUser,
            () => return,
        };
        let message = format!("the password inside the URL of `{name}` is {}", weakness.as_str());
        let reason = format!(
            "only a person can choose a secret; build the URL from `${{VAR:?set VAR}}`, set VAR in a file that is not \
             committed, and give the server of `{name}` the same password"
        );
        self.fail(variable.at, message, refused("take the password out of the repository", reason));
    }

    /// `ENV` of an image that is built here, as far as Compose does not set the same variable.
    fn of_image(&mut self) {
        let context = self.context;
        let ImageSource::Built { dockerfile, facts, .. } = &context.profile.image else { return };
        let Some(file) = context.stack.dockerfiles.get(dockerfile).map(|dockerfile| dockerfile.file) else {
            return;
        };
        for (name, value) in &facts.env {
            let Some(kind) = credential_kind(context, name) else { continue };
            let Some(text) = value.value.known().filter(|_| !context.service.environment.contains_key(name))
            else {
                continue;
            };
            self.credentials += 1;
            let Some(weakness) = weakness(context, name, text, kind) else { continue };
            let message = format!("`{name}` is {}, set by {dockerfile}", weakness.as_str());
            let reason = format!("remove the ENV and give the service `{}` at run time", required_line(name));
            let fix = refused("take the password out of the image", reason);
            self.fail(Loc { file, span: value.span }, message, fix);
        }
    }

    /// What a known image does when a credential is not set.
    fn left_out(&mut self) {
        let context = self.context;
        let Some(entry) = service_entry(context.profile) else { return };
        let image = &entry.image;
        for credential in &image.credentials {
            self.credentials += usize::from(credential.when_absent != WhenAbsent::Unused);
            if is_set(context, credential) || is_user(&credential.variable) {
                continue;
            }
            match credential.when_absent {
                WhenAbsent::Default if has_login_default(credential) => {
                    let message = format!(
                        "`{}` is not set, and image {} then uses a published default",
                        credential.variable, image.id
                    );
                    self.absent(credential, image, message);
                }
                WhenAbsent::Open => {
                    let effect = effect_of_absence(image, &credential.variable);
                    let message = format!("`{}` has no value: {effect}", credential.variable);
                    self.absent(credential, image, message);
                }
                _ => {}
            }
        }
    }

    fn absent(&mut self, credential: &Credential, image: &KnownImage, message: String) {
        let service = self.context.service;
        let empty = service.environment.get(&credential.variable);
        let at = empty.map_or(service.at, |variable| variable.at);
        if let Some(why) = may_be_set_elsewhere(self.context, &credential.variable) {
            self.leave_open(&credential.variable, at, format!("it may come from {why}"));
            return;
        }
        let reason = format!(
            "only a person can choose a secret; add `{}` to `environment`, and set it in a file that is not committed",
            required_line(&credential.variable)
        );
        let evidence = Evidence::general(EvidenceKind::KnownImage, format!("image {}", image.id));
        self.fail(at, message, refused("set a password", reason)).because([evidence]);
    }

    /// Redis and its forks let everybody in without `requirepass`. Inside the project only the network protects them; this
    /// is about those that publish their port.
    fn redis(&mut self) {
        let context = self.context;
        let service = context.service;
        let Some(entry) = service_entry(context.profile) else { return };
        let open = entry.image.auth_off.iter().find(|off| off.argument.as_deref() == Some("--requirepass"));
        let Some((open, port)) = open.zip(service.ports.iter().find(|port| is_public(port))) else { return };
        self.credentials += 1;
        let words = match (&service.entrypoint, &service.command) {
            (None, None) => &[][..],
            (None, Some(Setting::Known(command))) => &command.value,
            _ => return self.leave_open("requirepass", service.at, "the command is not known".to_owned()),
        };
        let mentions = |text: &str| words.iter().any(|word| word.contains(text));
        if mentions("requirepass") || mentions("aclfile") {
            return;
        }
        if mentions(".conf") || !service.environment.is_empty() || !service.env_files.is_empty() {
            return self.leave_open("requirepass", service.at, "the configuration may set it".to_owned());
        }
        let message = format!("publishes its port and asks for no password: {}", open.effect);
        let reason = "add `--requirepass` with a secret of `${REDIS_PASSWORD:?set REDIS_PASSWORD}` to `command` and give \
                      it to the clients, or do not publish the port";
        self.fail(port.at, message, refused("ask for a password", reason));
    }

    fn conclude(self) {
        let service = self.context.service;
        let lacking = service.env_files.iter().find(|file| !file.found);
        if let Some(first) = self.open.first() {
            let names: Vec<&str> = self.open.iter().map(|open| open.name.as_str()).collect();
            let missing: BTreeSet<&str> = self.open.iter().map(|open| open.missing.as_str()).collect();
            let missing: Vec<&str> = missing.into_iter().collect();
            let message = format!("{} cannot be judged", names.join(", "));
            let judgement = self.verdicts.unknown(first.at, message, missing.join("; "));
            for open in self.open.iter().skip(1) {
                judgement.see(open.at, format!("`{}`", open.name));
            }
        } else if let Some(file) = lacking.filter(|_| !self.failed && self.credentials > 0) {
            let message = "not all of its environment is known";
            self.verdicts.unknown(file.at, message, format!("env file {} is not there", file.path));
        } else if !self.failed && self.credentials > 0 {
            self.verdicts.pass(service.at, "no credential in its environment is a well-known default");
        }
    }
}

fn credential_kind(context: &ServiceContext<'_>, name: &str) -> Option<Kind> {
    if is_user(name) {
        return None;
    }
    let listed = credential_of(context, name).map(|_| Kind::Own);
    listed.or_else(|| kind_of(name))
}

fn credential_of<'a>(context: &'a ServiceContext<'_>, name: &str) -> Option<&'a Credential> {
    service_entry(context.profile)?.image.credentials.iter().find(|credential| credential.variable == name)
}

fn is_user(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    upper.ends_with("USER") || upper.ends_with("USERNAME")
}

fn is_url(variable: &Variable) -> bool {
    let text = variable.raw.as_deref().or(variable.value.as_deref());
    text.is_some_and(|text| text.contains("://"))
}

/// A name alone takes its value from the shell that starts the project.
fn missing_of(name: &str, variable: &Variable) -> String {
    match variable.missing.as_slice() {
        [] => missing_variables(&[name.to_owned()]),
        missing => missing_variables(missing),
    }
}

/// The value, when all of it is known.
fn known_value(variable: &Variable) -> Option<&str> {
    variable.value.as_deref().filter(|_| variable.missing.is_empty())
}

fn weakness(context: &ServiceContext<'_>, name: &str, value: &str, kind: Kind) -> Option<Weakness> {
    let listed = credential_of(context, name);
    let is_listed = listed.is_some_and(|credential| {
        credential.well_known.iter().chain(&credential.default).any(|known| known == value)
    });
    // `user/password`, as Neo4j writes both.
    let password =
        value.split_once('/').filter(|_| name.ends_with("_AUTH")).map_or(value, |(_, password)| password);
    if is_listed || is_well_known(password) {
        // Emulators of cloud services take any key; these are what their documentation writes.
        let is_emulator = name.starts_with("AWS_") && !password.to_ascii_lowercase().contains("minio");
        let is_dummy = is_emulator || (kind == Kind::Token && is_stand_in(password));
        return (!is_dummy).then_some(Weakness::WellKnown);
    }
    if kind == Kind::Own && is_placeholder(password) {
        return Some(Weakness::Placeholder);
    }
    is_user_name(context, name, value).then_some(Weakness::SameAsUser)
}

/// True when `value` is also the name of the user that goes with the password: `DB_USER` for `DB_PASSWORD`.
fn is_user_name(context: &ServiceContext<'_>, name: &str, value: &str) -> bool {
    let Some(prefix) =
        ["_PASSWORD", "_PASS", "_PASSWD", "_PWD"].iter().find_map(|end| name.strip_suffix(end))
    else {
        return false;
    };
    let users = [format!("{prefix}_USER"), format!("{prefix}_USERNAME")];
    users
        .iter()
        .filter_map(|user| known_value(context.service.environment.get(user)?))
        .any(|user| user == value)
}

/// The variable of `${VAR:-literal}` when the literal is what holds.
fn unset_default(variable: &Variable) -> Option<&str> {
    let inner = variable.raw.as_deref()?.strip_prefix("${")?.strip_suffix('}')?;
    let (name, default) = inner.split_once(":-").or_else(|| inner.split_once('-'))?;
    (variable.value.as_deref() == Some(default)).then_some(name)
}

fn raw_user_info(raw: &str) -> Option<&str> {
    let (_, rest) = raw.split_once("://")?;
    rest.split_once('@').map(|(info, _)| info)
}

fn required_line(name: &str) -> String {
    format!("{name}: ${{{name}:?set {name}}}")
}

fn required(name: &str, variable: &Variable) -> Fix {
    let place = if variable.from_env_file {
        "put a secret of your own into the env file, and do not commit that file".to_owned()
    } else {
        let inner = unset_default(variable).unwrap_or(name);
        format!("write `{name}: ${{{inner}:?set {inner}}}` and set {inner} in a file that is not committed")
    };
    refused("set a secret of your own", format!("only a person can choose a secret; {place}"))
}

/// What a variable with this value switches off, by any image that is known: the names are those of the images.
fn switches_auth_off<'a>(
    context: &'a ServiceContext<'_>,
    name: &str,
    variable: &Variable,
) -> Option<&'a str> {
    let value = known_value(variable)?;
    let turns_off = |off: &&AuthOff| {
        let listed = off.values.iter().any(|known| known.eq_ignore_ascii_case(value));
        let by_presence = off.values.is_empty() && !off.absent && !value.is_empty() && !is_no(value);
        off.variable.as_deref() == Some(name) && (listed || by_presence)
    };
    let own = service_entry(context.profile).and_then(|entry| entry.image.auth_off.iter().find(turns_off));
    let any = || images::all().iter().flat_map(|image| &image.auth_off).find(turns_off);
    own.or_else(any).map(|off| off.effect.as_str())
}

fn is_no(value: &str) -> bool {
    ["no", "false", "0", "off"].iter().any(|no| no.eq_ignore_ascii_case(value))
}

fn is_set(context: &ServiceContext<'_>, credential: &Credential) -> bool {
    let environment = &context.service.environment;
    // Images take an empty value for none.
    let is_empty = |variable: &Variable| known_value(variable).is_some_and(str::is_empty);
    let in_compose = |name: &String| environment.get(name).is_some_and(|variable| !is_empty(variable));
    let in_image = match &context.profile.image {
        ImageSource::Built { facts, .. } => facts.env.contains_key(&credential.variable),
        _ => false,
    };
    in_image || in_compose(&credential.variable) || credential.file_variable.as_ref().is_some_and(in_compose)
}

/// A default that lets somebody in; keys that only encrypt data of the service are something else.
fn has_login_default(credential: &Credential) -> bool {
    let upper = credential.variable.to_ascii_uppercase();
    let is_login = upper.contains("PASS") || upper.ends_with("_AUTH");
    is_login && credential.default.as_ref().is_some_and(|default| !default.is_empty())
}

fn effect_of_absence<'a>(image: &'a KnownImage, variable: &str) -> &'a str {
    let off = image.auth_off.iter().filter(|off| off.absent);
    let same = off.clone().find(|off| off.variable.as_deref() == Some(variable));
    same.or_else(|| off.clone().next())
        .map_or("every client on the network is let in", |off| off.effect.as_str())
}

/// Where a credential that `environment` lacks may come from: an env file that is not there, a command, a mounted file.
fn may_be_set_elsewhere(context: &ServiceContext<'_>, variable: &str) -> Option<String> {
    let service = context.service;
    if let Some(file) = service.env_files.iter().find(|file| !file.found) {
        return Some(format!("env file {}", file.path));
    }
    // What the arguments of these programs say is not read here; they may name a key or a configuration file.
    let word = variable.rsplit('_').next().unwrap_or(variable).to_ascii_lowercase();
    let words = [&service.command, &service.entrypoint].into_iter().flatten();
    let mut arguments = words.flat_map(|setting| setting.known().into_iter().flatten());
    if arguments
        .any(|argument| ["auth", "config", "users", word.as_str()].iter().any(|hint| argument.contains(hint)))
    {
        return Some("the command".to_owned());
    }
    let is_file = |target: &str| {
        [".yaml", ".yml", ".conf", ".toml", ".json", ".ini", ".cfg"].iter().any(|end| target.ends_with(end))
    };
    service.mounts.iter().find(|mount| is_file(&mount.target)).map(|mount| mount.target.clone())
}

/// True unless the port is published to the host itself only.
fn is_public(port: &Port) -> bool {
    !matches!(port.host_ip.as_deref(), Some("127.0.0.1" | "::1" | "localhost"))
}
