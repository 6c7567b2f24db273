//! A build that copies its whole context leaves secrets out of it.
//!
//! ## What it flags
//! A Dockerfile that copies the whole build context (`COPY . …`, `ADD . …`, `COPY * …`) when neither
//! `<Dockerfile>.dockerignore` nor `.dockerignore` at the top of the context excludes `.env`, or, where the context
//! holds the repository, `.git`. That `.env` is not there now proves nothing: it is not in a fresh clone and is in the
//! directory that images are built from. A Dockerfile that copies a secret by its name (`COPY .env …`, `COPY .* …`) fails
//! too; one that copies only other things that it names passes. A Dockerfile that no
//! service is built from is looked at in its own directory, and its fix is refused, because its context is not known.
//! Where only the ignore file of the root leaves secrets out, the verdict is unknown. `dockerfile_inline` is not looked
//! at.
//!
//! ## Why it matters
//! Whoever can pull the image can read every file in its layers, also one that a later instruction deletes. With `.git`
//! the image holds everything that was ever committed.
//!
//! ## Fix safety
//! Needs proof: a new `.dockerignore` is written, and the build may need a file that it leaves out. An ignore file that
//! is there is not changed, because the order of its patterns matters: the fix says which line to add.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 4.10: ensure secrets are not stored in Dockerfiles
//! - NIST SP 800-190, 4.1.4
//! - <https://docs.docker.com/build/concepts/context/#dockerignore-files>

use std::collections::BTreeSet;

use temper_dockerfile::{InstructionKind, Word};
use temper_model::compose::Service;
use temper_model::{BuildContext, Dockerfile, IgnoreFile};
use temper_text::{Loc, Span};

use super::shared::targets::is_built_by_a_service;
use super::shared::{needs_proof, refused};
use super::{Control, DockerfileContext, ProjectContext};
use crate::{Change, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct Dockerignore;

static META: Meta = Meta {
    id: "dockerignore",
    title: "builds leave secrets and the repository out of the image",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose, Surface::Dockerfile],
    references: &["cis-docker-1.7:4.10", "nist-sp-800-190:4.1.4"],
    requires: &[],
    source: include_str!("dockerignore.rs"),
};

impl Control for Dockerignore {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn project(&self, context: &ProjectContext<'_>, verdicts: &mut Verdicts) {
        let mut seen = BTreeSet::new();
        for service in context.project.services.values() {
            let Some(build) = &service.build else { continue };
            if build.inline.is_some() {
                continue;
            }
            let (Some(directory), Some(path)) = (&build.context, &build.dockerfile) else {
                out_of_sight(service, build.at, verdicts);
                continue;
            };
            let key = (directory.clone(), path.value.clone());
            let dockerfile = context.stack.dockerfiles.get(&path.value);
            let (Some(dockerfile), Some(files)) = (dockerfile, context.stack.build_contexts.get(&key)) else {
                out_of_sight(service, path.at, verdicts);
                continue;
            };
            if seen.insert(key) {
                judge(dockerfile, directory, files, Known::Written, verdicts);
            }
        }
    }

    fn dockerfile(&self, context: &DockerfileContext<'_>, verdicts: &mut Verdicts) {
        let DockerfileContext { stack, dockerfile } = *context;
        if is_built_by_a_service(stack, &dockerfile.path) {
            return;
        }
        let parent = dockerfile.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let of = |directory: &str| stack.build_contexts.get(&(directory.to_owned(), dockerfile.path.clone()));
        let (Some(beside), Some(root)) = (of(parent), of("")) else { return };
        let could_be_root = beside.ignore.is_none()
            && root.ignore.as_ref().is_some_and(|ignore| kept(ignore, wanted("", root)).is_empty());
        match copies(dockerfile).iter().find(|copy| copy.whole).filter(|_| could_be_root) {
            Some(copy) => {
                let at = Loc { file: dockerfile.file, span: copy.span };
                let message =
                    "copies the whole build context: secrets stay out only when it is built from the root";
                verdicts.unknown(at, message, "the directory that it is built from");
            }
            None => judge(dockerfile, parent, beside, Known::Assumed, verdicts),
        }
    }
}

/// Whether a service says what the build context is.
#[derive(Clone, Copy)]
enum Known {
    Written,
    Assumed,
}

fn out_of_sight(service: &Service, at: Loc, verdicts: &mut Verdicts) {
    let message = format!("what the build of {} copies cannot be told", service.name);
    verdicts.unknown(at, message, "a build context and a Dockerfile that are in the repository");
}

fn judge(
    dockerfile: &Dockerfile,
    directory: &str,
    context: &BuildContext,
    known: Known,
    verdicts: &mut Verdicts,
) {
    let place = |span: Span| Loc { file: dockerfile.file, span };
    let copies = copies(dockerfile);
    let Some(first) = copies.first() else { return };
    if let Some((copy, name)) = copies.iter().find_map(|copy| Some((copy, copy.secret.as_ref()?))) {
        let reason = "give it to the container when it starts (`env_file`, `secrets`), or to one RUN by \
                      `--mount=type=secret`, and remove the COPY; images that exist already hold it";
        verdicts
            .fail(place(copy.span), format!("copies `{name}` into the image"))
            .fix(refused(format!("do not copy `{name}`"), reason));
        return;
    }
    let Some(whole) = copies.iter().find(|copy| copy.whole) else {
        match copies.iter().find(|copy| copy.hangs_on_variable) {
            Some(copy) => verdicts.unknown(
                place(copy.span),
                "what is copied from the build context hangs on a variable",
                "the value of the variable",
            ),
            None => verdicts.pass(place(first.span), "copies only what it names from the build context"),
        };
        return;
    };
    let wanted = wanted(directory, context);
    match &context.ignore {
        None => {
            let message = format!(
                "copies the whole build context, and no .dockerignore leaves out {}",
                listed(&wanted)
            );
            verdicts.fail(place(whole.span), message).fix(match known {
                Known::Written => new_file(directory),
                Known::Assumed => refused(
                    "write a .dockerignore",
                    "which directory it is built from is not known: put the file at the top of that one",
                ),
            });
        }
        Some(ignore) => {
            let kept = kept(ignore, wanted);
            judge_ignore(place(whole.span), ignore, &kept, verdicts);
        }
    }
}

fn judge_ignore(at: Loc, ignore: &IgnoreFile, kept: &[&str], verdicts: &mut Verdicts) {
    let top = Loc { file: ignore.file, span: Span::new(0, 0) };
    if kept.is_empty() {
        verdicts
            .pass(at, format!("{} leaves secrets out of the build context", ignore.path))
            .see(top, "the ignore file in force");
        return;
    }
    let message =
        format!("copies the whole build context, and {} does not leave out {}", ignore.path, listed(kept));
    let reason = format!("the order of its patterns matters: add {} at its end by hand", listed(kept));
    verdicts
        .fail(at, message)
        .see(top, "the ignore file in force")
        .fix(refused(format!("complete {}", ignore.path), reason));
}

/// What an ignore file has to exclude: `.env` always, and what is there.
fn wanted<'c>(directory: &str, context: &'c BuildContext) -> Vec<&'c str> {
    let mut wanted = vec![".env"];
    // The root of the stack is the root of a repository, even where `.git` itself was not read.
    if directory.is_empty() {
        wanted.push(".git");
    }
    for name in &context.sensitive {
        if !wanted.contains(&name.as_str()) {
            wanted.push(name);
        }
    }
    wanted
}

/// What an ignore file does not exclude.
fn kept<'n>(ignore: &IgnoreFile, names: Vec<&'n str>) -> Vec<&'n str> {
    names.into_iter().filter(|name| !ignore.excludes(name)).collect()
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A COPY or ADD from the build context.
struct ContextCopy {
    span: Span,
    whole: bool,
    /// The source that is, or takes in, a file of secrets.
    secret: Option<String>,
    hangs_on_variable: bool,
}

fn copies(dockerfile: &Dockerfile) -> Vec<ContextCopy> {
    let from_context =
        dockerfile.tree.instructions.iter().filter(|instruction| instruction.flag("from").is_none());
    from_context
        .filter_map(|instruction| match &instruction.kind {
            InstructionKind::Copy { sources, .. } | InstructionKind::Add { sources, .. } => {
                Some(ContextCopy {
                    span: instruction.span,
                    whole: sources.iter().any(is_whole),
                    secret: sources.iter().find_map(secret),
                    hangs_on_variable: sources.iter().any(|source| source.text.contains('$')),
                })
            }
            _ => None,
        })
        .collect()
}

fn is_whole(source: &Word) -> bool {
    let text = source.text.trim_matches(['"', '\'']);
    matches!(text.trim_start_matches("./").trim_start_matches('/'), "" | "." | "*") && !text.is_empty()
}

/// The source when its name is that of a secret, or when it takes in every name that begins with a dot.
fn secret(source: &Word) -> Option<String> {
    const SECRETS: [&str; 11] = [
        ".*",
        ".aws",
        ".env",
        ".env*",
        ".env.*",
        ".git",
        ".git-credentials",
        ".netrc",
        ".pypirc",
        ".ssh",
        "id_rsa",
    ];
    let text = source.text.trim_matches(['"', '\'']);
    let last = text.trim_end_matches('/').rsplit('/').next()?;
    let example = ["example", "sample", "template", "dist", "defaults"];
    let is_env = last.strip_prefix(".env.").is_some_and(|kind| !example.contains(&kind));
    (SECRETS.contains(&last) || is_env || last.starts_with("id_ed25519")).then(|| text.to_owned())
}

fn new_file(directory: &str) -> Fix {
    let path =
        if directory.is_empty() { ".dockerignore".to_owned() } else { format!("{directory}/.dockerignore") };
    let change = Change::NewFile {
        path: path.clone(),
        text: TEXT.to_owned(),
        reason: "keeps secrets out of image layers".to_owned(),
    };
    Fix {
        safety: needs_proof("the build may need a file that it leaves out"),
        summary: format!("write {path}"),
        changes: vec![change],
    }
}

/// A `.dockerignore` for any kind of application. Patterns without `**/` hold only at the top of the context.
const TEXT: &str = "\
# What builds must not see. Patterns: https://docs.docker.com/build/concepts/context/#dockerignore-files

# The repository's history
**/.git

# Secrets
**/.env
**/.env.*
!**/.env.example
**/.netrc
**/.aws
**/.ssh
**/id_rsa*
**/id_ed25519*
**/*.key
secrets

# What the build makes itself
**/node_modules
**/__pycache__
**/*.pyc
**/.venv
**/.pytest_cache
**/.mypy_cache
**/.ruff_cache
**/.coverage
";

#[cfg(test)]
mod tests {
    use temper_model::IgnoreFile;
    use temper_text::FileId;

    use super::TEXT;

    #[test]
    fn the_proposed_file_leaves_out_secrets_and_keeps_the_example() {
        let ignore = IgnoreFile::parse(FileId(0), ".dockerignore", TEXT);
        for path in [
            ".env",
            "api/.env.local",
            ".git",
            ".git/config",
            "tls/server.key",
            ".netrc",
            ".aws",
            ".ssh",
            "id_rsa",
            "secrets",
            ".env.production",
        ] {
            assert!(ignore.excludes(path), "{path}");
        }
        for path in [".env.example", "main.py", "secrets.py", "package.json"] {
            assert!(!ignore.excludes(path), "{path}");
        }
    }
}
