//! Every service that keeps running has a health check that can pass.
//!
//! ## What it flags
//! Services without `healthcheck` whose image brings none, `disable: true` and `NONE`, a test whose first word is not
//! `CMD`, `CMD-SHELL` or `NONE`, `test: NONE` as a string (it runs a program of that name), and a test that can never
//! pass because the image (`scratch`, distroless) has no shell or no such tool. A test that can never fail (`true`,
//! `curl … || true`) is flagged too. Official images of Docker Hub declare
//! no health check as a rule of that programme, and base images start nothing to check; what other images declare that
//! are not described here is unknown. Jobs that end (others wait for `service_completed_successfully`, or `restart:
//! "no"` beside a command) are not judged. A Dockerfile is judged by its last stage, and only when no service is built
//! from it: else the service decides.
//!
//! In a running container: what its health check says now.
//!
//! ## Why it matters
//! Without a health check a process that hangs counts as running: nothing restarts it, `depends_on` with
//! `service_healthy` cannot wait for it, and a roll-out cannot tell that it broke.
//!
//! ## Fix safety
//! Needs proof: for well-known images the test comes from what is known of the image, and a test that fails by mistake
//! holds back every service that waits for it. For other images the fix is refused: which request proves that an
//! application works, only its authors know.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 4.6 and 5.27
//! - <https://docs.docker.com/reference/compose-file/services/#healthcheck>
//! - <https://github.com/docker-library/faq#healthcheck>

use std::str::FromStr;

use temper_dockerfile::TargetFacts;
use temper_dockerfile::facts::{BaseImage, HealthcheckFact};
use temper_dockerfile::shell::{SimpleCommand, script_file};
use temper_fit::images::{self, ImageRef, Role};
use temper_fit::{Evidence, EvidenceKind, ImageSource, canonical, holds};
use temper_model::Setting;
use temper_model::compose::{Healthcheck as Check, Service};
use temper_model::container::Health;
use temper_text::Loc;

use super::shared::image::service_entry;
use super::shared::targets::{is_built_by_a_service, last_from};
use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, DockerfileContext, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct Healthcheck;

static META: Meta = Meta {
    id: "healthcheck",
    title: "the service has a health check",
    severity: Severity::Low,
    surfaces: &[Surface::Compose, Surface::Dockerfile, Surface::Container],
    references: &["cis-docker-1.7:4.6", "cis-docker-1.7:5.27"],
    requires: &[],
    source: include_str!("healthcheck.rs"),
};

impl Control for Healthcheck {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        if is_job(context) {
            return;
        }
        match &context.service.healthcheck {
            Some(check) if !check.missing.is_empty() => {
                verdicts.unknown(
                    check.at,
                    "the health check hangs on a variable",
                    missing_variables(&check.missing),
                );
            }
            Some(check) if check.disabled => {
                let reason = "remove the line that switches it off";
                verdicts
                    .fail(place(context, check), "the health check is switched off")
                    .fix(refused("switch the health check on", reason));
            }
            Some(check) if !check.test.is_empty() => written(context, check, verdicts),
            Some(_) | None => inherited(context, verdicts),
        }
    }

    fn dockerfile(&self, context: &DockerfileContext<'_>, verdicts: &mut Verdicts) {
        let dockerfile = context.dockerfile;
        if is_built_by_a_service(context.stack, &dockerfile.path) {
            return;
        }
        let Ok(facts) = dockerfile.tree.facts(None, &Default::default()) else { return };
        let at = |span| Loc { file: dockerfile.file, span };
        match declared(&facts) {
            Declared::Here(span) => {
                verdicts.pass(at(span), "declares a health check");
            }
            Declared::Off(span) => {
                verdicts.fail(at(span), "switches the health check off");
            }
            Declared::InBase(detail) => {
                verdicts.pass(at(facts.base.span), detail);
            }
            Declared::NeverFails(span) => {
                verdicts.fail(at(span), NEVER_FAILS).fix(refused("replace the test", LET_IT_FAIL));
            }
            Declared::Nowhere => {
                let reason = "write HEALTHCHECK CMD with a request that proves that the application works";
                verdicts
                    .fail(at(last_from(&facts)), "the last stage has no HEALTHCHECK")
                    .fix(refused("add a HEALTHCHECK", reason));
            }
            Declared::Unknown(missing) => {
                verdicts.unknown(
                    at(facts.base.span),
                    "the last stage has no HEALTHCHECK of its own",
                    missing,
                );
            }
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        if is_job(&context.service) {
            return;
        }
        let service = context.service.service;
        let at = service.healthcheck.as_ref().map_or(service.at, |check| check.at);
        match context.container.state.health {
            Health::Healthy => verdicts.pass(at, "its health check passes"),
            Health::Unhealthy => verdicts.fail(at, "its health check fails"),
            Health::None => verdicts.fail(at, "it has no health check"),
            Health::Starting => verdicts.unknown(
                at,
                "its health check has not answered yet",
                "the answer: verify again later",
            ),
        };
    }
}

/// A service that ends by design has no health to check.
fn is_job(context: &ServiceContext<'_>) -> bool {
    let service = context.service;
    let awaited = context.project.services.values().any(|other| {
        let dependency = other.depends_on.get(&service.name);
        dependency.is_some_and(|dependency| dependency.condition == "service_completed_successfully")
    });
    let restart = service.value.get("restart").and_then(|restart| restart.as_str());
    awaited || (restart == Some("no") && (service.command.is_some() || service.entrypoint.is_some()))
}

fn place(context: &ServiceContext<'_>, check: &Check) -> Loc {
    let value = &context.service.value;
    let narrow = ["disable", "test"].into_iter().find_map(|key| value.path(&["healthcheck", key]));
    narrow.map_or(check.at, |value| value.at)
}

fn written(context: &ServiceContext<'_>, check: &Check, verdicts: &mut Verdicts) {
    let test = context.service.value.path(&["healthcheck", "test"]);
    let at = test.map_or(check.at, |value| value.at);
    let first = check.test.first().map_or("", String::as_str);
    if !matches!(first, "CMD" | "CMD-SHELL") {
        let message = format!("the test begins with `{first}`; expected CMD, CMD-SHELL or NONE");
        let reason = format!("write [\"CMD\", \"{first}\", …]");
        verdicts.fail(at, message).fix(refused("correct the test", reason));
        return;
    }
    if let [_, command] = check.test.as_slice()
        && first == "CMD-SHELL"
        && matches!(command.trim(), "" | "NONE")
    {
        let message = format!(
            "the test can never pass: a string is given to the shell, which has no command `{command}`"
        );
        let reason = "write [\"NONE\"] to switch the check off, or a real test";
        verdicts.fail(at, message).fix(refused("replace the test", reason));
        return;
    }
    if let Some(tool) = missing_tool(context, &check.test) {
        let message = format!("the test can never pass: the image has no {tool}");
        let reason = "let the program itself offer a check, and call it with CMD";
        verdicts.fail(at, message).fix(refused("replace the test", reason));
        return;
    }
    if never_fails(&check.test) {
        verdicts.fail(at, NEVER_FAILS).fix(refused("replace the test", LET_IT_FAIL));
        return;
    }
    verdicts.pass(at, "has a health check");
}

const NEVER_FAILS: &str = "the test can never fail: it ends well whatever the service does";
const LET_IT_FAIL: &str =
    "let the test end with the status of the request that it makes, as `|| exit 1` does";

/// True for a test of Compose that always ends with status 0.
fn never_fails(test: &[String]) -> bool {
    match test {
        [first, command] if first == "CMD-SHELL" => ends_well(&script_file(command).commands),
        [_, program, arguments @ ..] => match (program.rsplit('/').next(), arguments) {
            (Some("true" | "echo"), _) => true,
            (Some("sh" | "bash" | "ash" | "dash"), [option, command, ..]) if option == "-c" => {
                ends_well(&script_file(command).commands)
            }
            _ => false,
        },
        _ => false,
    }
}

/// True when the last command always ends well and is reached in any case: alone, or behind the only `||`.
fn ends_well(commands: &[SimpleCommand]) -> bool {
    let Some((last, others)) = commands.split_last() else { return false };
    let status = last.args.first().map_or("0", |status| status.text.as_str());
    let is_well = match last.program() {
        "true" | ":" | "echo" => true,
        "exit" => status == "0" && !last.args.is_empty(),
        _ => false,
    };
    // `test … && exit 0` ends badly when the test does, so what stands behind a test is not judged.
    let decides = |program: &str| matches!(program, "exit" | "test" | "[" | "[[");
    let is_reached = others.iter().all(|other| !other.conditional && !decides(other.program()));
    is_well && !last.piped && is_reached && (others.is_empty() || last.conditional)
}

/// What the test calls and an image without a distribution does not have.
fn missing_tool<'t>(context: &ServiceContext<'_>, test: &'t [String]) -> Option<&'t str> {
    const TOOLS: [&str; 7] = ["sh", "bash", "curl", "wget", "nc", "grep", "pgrep"];
    let ImageSource::Built { facts, .. } = &context.profile.image else { return None };
    if !is_bare(facts) {
        return None;
    }
    let called = match test {
        [first, ..] if first == "CMD-SHELL" => "sh",
        [_, program, ..] => program.rsplit('/').next().unwrap_or(program),
        _ => return None,
    };
    (TOOLS.contains(&called) && !brings(facts, called)).then_some(called)
}

/// True for `scratch` and for the distroless images without a shell.
fn is_bare(facts: &TargetFacts) -> bool {
    match &facts.base.value {
        BaseImage::Scratch => true,
        BaseImage::Known(name) => ImageRef::from_str(name).is_ok_and(|image| {
            let debug = image.tag.as_deref().is_some_and(|tag| tag.contains("debug"));
            image.registry == "gcr.io" && image.repository.starts_with("distroless/") && !debug
        }),
        BaseImage::Unknown { .. } => false,
    }
}

/// True when a COPY may bring the tool: a file of that name, BusyBox, or whole directories of programs.
fn brings(facts: &TargetFacts, tool: &str) -> bool {
    const PROGRAMS: [&str; 6] = ["/", "/bin", "/usr", "/usr/bin", "/usr/local/bin", "/busybox"];
    facts.copies.iter().any(|copy| {
        let Some(dest) = copy.dest.known() else { return true };
        let named = |path: &str| path.ends_with(&format!("/{tool}")) || path.contains("busybox");
        let sources = || copy.sources.iter().map(|source| source.known());
        let folder = sources().any(|source| {
            source.is_none_or(|source| PROGRAMS.contains(&source.trim_end_matches('/')) || source == "/")
        });
        named(dest) || folder || sources().flatten().any(named)
    })
}

fn inherited(context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
    let at = context.service.at;
    let declared = match &context.profile.image {
        ImageSource::Built { facts, .. } => declared(facts),
        ImageSource::Known { reference, .. } | ImageSource::Foreign { reference } => of_image(reference),
        ImageSource::Unknown { why } => Declared::Unknown(why.clone()),
    };
    match declared {
        Declared::Here(_) => {
            verdicts.pass(at, "the Dockerfile declares a health check");
        }
        Declared::InBase(detail) => {
            verdicts.pass(at, detail);
        }
        Declared::Off(_) => {
            let reason = "write `healthcheck` with a request that proves that the application works";
            verdicts
                .fail(at, "no `healthcheck`, and the Dockerfile switches it off")
                .fix(refused("add a health check", reason));
        }
        Declared::NeverFails(_) => {
            let message = format!("no `healthcheck`, and that of the Dockerfile is none: {NEVER_FAILS}");
            verdicts.fail(at, message).fix(refused("replace the test", LET_IT_FAIL));
        }
        Declared::Nowhere => {
            let message = "no `healthcheck`, and the image brings none";
            let judgement = verdicts.fail(at, message);
            judgement.because(service_entry(context.profile).and_then(|entry| {
                let check = entry.image.healthcheck.as_ref()?;
                Some(Evidence::general(EvidenceKind::KnownImage, check.reason.clone()))
            }));
            judgement.fix(suggested(context));
        }
        Declared::Unknown(missing) => {
            verdicts.unknown(at, "no `healthcheck` is written", missing);
        }
    }
}

/// Where a health check is declared.
enum Declared {
    Here(temper_text::Span),
    Off(temper_text::Span),
    InBase(String),
    NeverFails(temper_text::Span),
    Nowhere,
    Unknown(String),
}

fn declared(facts: &TargetFacts) -> Declared {
    match &facts.healthcheck {
        Some(found) => match &found.value {
            HealthcheckFact::Disabled => Declared::Off(found.span),
            HealthcheckFact::Command(command) if ends_well(&command.commands()) => {
                Declared::NeverFails(found.span)
            }
            HealthcheckFact::Command(_) => Declared::Here(found.span),
        },
        None => match &facts.base.value {
            BaseImage::Scratch => Declared::Nowhere,
            BaseImage::Known(name) => of_image(name),
            BaseImage::Unknown { missing } => Declared::Unknown(missing_variables(missing)),
        },
    }
}

/// What an image declares by itself.
fn of_image(reference: &str) -> Declared {
    let entry = images::lookup(reference);
    let known = entry.as_ref().and_then(|entry| Some((entry, entry.image.healthcheck.as_ref()?)));
    match known {
        Some((entry, check)) if check.declared => {
            return Declared::InBase(format!("image {} declares a health check", entry.image.id));
        }
        Some(_) => return Declared::Nowhere,
        // A base image starts no service of its own, so it has nothing to check; its entry would say so.
        None if entry.as_ref().is_some_and(|entry| entry.image.role == Role::Base) => {
            return Declared::Nowhere;
        }
        None => {}
    }
    let is_official = ImageRef::from_str(reference)
        .is_ok_and(|image| image.registry == "docker.io" && image.repository.starts_with("library/"));
    if is_official {
        // "Explicit health checks are not added to official images" (docker-library/faq).
        return Declared::Nowhere;
    }
    Declared::Unknown(format!("whether image {reference} declares a HEALTHCHECK"))
}

fn suggested(context: &ServiceContext<'_>) -> Fix {
    let summary = "add a health check";
    let Some(entry) = service_entry(context.profile) else {
        return refused(summary, "write `healthcheck` with a request that proves that the application works");
    };
    let of_build = match &context.profile.image {
        ImageSource::Built { facts, .. } => facts.entrypoint.is_some(),
        _ => false,
    };
    if of_build || context.service.entrypoint.is_some() {
        let reason =
            format!("the entrypoint of image {} is replaced: say what proves that it works", entry.image.id);
        return refused(summary, reason);
    }
    let check = entry.image.healthcheck.as_ref();
    let Some(test) = check.and_then(|check| check.test.clone()) else {
        let why = check.map_or("no test is known for the image", |check| check.reason.as_str());
        return refused(summary, format!("image {}: {why}", entry.image.id));
    };
    if let Some(argument) = check.and_then(|check| check.needs_argument.as_deref())
        && !has_argument(context.service, argument)
        && !check.is_some_and(|check| check.argument_by_default && context.service.command.is_none())
    {
        return refused(
            summary,
            format!(
                "image {} offers `{}`, which works once its command has `{argument}`",
                entry.image.id,
                test.join(" ")
            ),
        );
    }
    if let Some(why) = check.and_then(|check| not_as_shipped(context, check)) {
        return refused(summary, format!("image {} offers `{}`, but {why}", entry.image.id, test.join(" ")));
    }
    if context.service.healthcheck.is_some() {
        return refused(summary, format!("add `test: {test:?}` to the `healthcheck` that is there"));
    }
    let one = |text: &str| vec![text.to_owned()];
    let entries = vec![
        ("test", test),
        ("interval", one("30s")),
        ("timeout", one("5s")),
        ("retries", one("3")),
        ("start_period", one("30s")),
    ];
    let action = ComposeAction::SetNew { key: "healthcheck", entries };
    let safety = needs_proof("a test that fails by mistake holds back the services that wait for this one");
    fix(
        context,
        safety,
        summary,
        [(action, format!("what image {} offers (CIS Docker 5.27)", entry.image.id))],
    )
}

/// Why the test of a known image may fail here although the service works.
fn not_as_shipped(context: &ServiceContext<'_>, check: &images::Healthcheck) -> Option<String> {
    if let Some(name) = &check.needs_variable
        && !context.service.environment.contains_key(name)
    {
        return Some(format!("it always fails unless `{name}` is set: {}", check.reason));
    }
    let directory = check.needs_own_files_in.as_deref()?;
    let mounted = context.service.mounts.iter().any(|mount| holds(directory, &canonical(&mount.target)));
    let copied = match &context.profile.image {
        ImageSource::Built { facts, .. } => {
            let mut places = facts.copies.iter().filter_map(|copy| copy.dest.known());
            places.any(|place| holds(directory, &canonical(place)))
        }
        _ => false,
    };
    let configured = context.service.value.get("configs").and_then(|configs| configs.as_seq());
    let given = configured.into_iter().flatten().any(|config| {
        let target = config.get("target").and_then(|target| target.as_str());
        target.is_some_and(|target| holds(directory, &canonical(target)))
    });
    (mounted || copied || given).then(|| {
        format!("files of {directory} are not those of the image, so a person has to say which request works")
    })
}

/// Whether the command of the service has an argument, alone or switched on with a value.
fn has_argument(service: &Service, argument: &str) -> bool {
    let on = format!("{argument}=true");
    let command = service.command.as_ref().and_then(Setting::known);
    command.is_some_and(|words| words.iter().any(|word| word == argument || *word == on))
}
