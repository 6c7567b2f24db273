//! The facts of each Dockerfile in `fixtures/`, written as text beside it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use temper_dockerfile::facts::{CopyFact, HealthcheckFact, PathFact, Spanned, UserFact};
use temper_dockerfile::{Command, Resolved, TargetFacts, parse};

fn value(resolved: &Resolved) -> String {
    match resolved {
        Resolved::Known(text) => text.clone(),
        Resolved::Unknown { missing } => format!("unknown({})", missing.join(", ")),
    }
}

fn option(resolved: Option<&Resolved>) -> String {
    resolved.map_or_else(|| "-".to_owned(), value)
}

fn spanned(found: Option<&Spanned<Resolved>>, text: &str) -> String {
    found.map_or_else(
        || "-".to_owned(),
        |found| format!("{} ⟵ {}", value(&found.value), found.span.slice(text)),
    )
}

fn command(found: Option<&Spanned<Command>>) -> String {
    match found.map(|found| &found.value) {
        None => "-".to_owned(),
        Some(Command::Shell { text, .. }) => text.clone(),
        Some(Command::Exec(words)) => {
            format!("{:?}", words.iter().map(|word| &word.text).collect::<Vec<_>>())
        }
    }
}

fn flag(name: &str, is_set: bool) -> String {
    if is_set { format!(" {name}") } else { String::new() }
}

fn user(user: &UserFact) -> String {
    format!(
        "user {} uid={} group={} groups={} home={} shell={} create-home={:?} {:?}{}{}",
        value(&user.name),
        option(user.uid.as_ref()),
        option(user.group.as_ref()),
        user.groups.iter().map(value).collect::<Vec<_>>().join(","),
        value(&user.home_or_default()),
        option(user.shell.as_ref()),
        user.creates_home,
        user.source,
        flag("system", user.system),
        flag("conditional", user.conditional),
    )
}

fn path(path: &PathFact, text: &str) -> String {
    format!(
        "path {:?} {} owner={} mode={}{}{}{} ⟵ {}",
        path.action,
        value(&path.path),
        option(path.owner.as_ref()),
        option(path.mode.as_ref()),
        flag("recursive", path.recursive),
        flag("set-id", path.sets_id()),
        flag("conditional", path.conditional),
        path.span.slice(text),
    )
}

fn copy(copy: &CopyFact) -> String {
    format!(
        "copy {} to {} from={:?} chown={} chmod={}{}{}{}",
        copy.sources.iter().map(value).collect::<Vec<_>>().join(" "),
        value(&copy.dest),
        copy.from,
        option(copy.chown.as_ref()),
        option(copy.chmod.as_ref()),
        flag("into-folder", copy.into_folder),
        flag("code", copy.is_code),
        flag("set-id", copy.sets_id()),
    )
}

fn show(facts: &TargetFacts, text: &str) -> String {
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect("a string takes all text");
    let chain: Vec<String> =
        facts.chain.iter().map(|link| link.name.clone().unwrap_or(link.stage.to_string())).collect();
    line(format!("base {:?} ⟵ {}", facts.base.value, facts.base.span.slice(text)));
    line(format!("chain {}", chain.join(" > ")));
    let evidence = facts.distribution.evidence.as_ref();
    let evidence =
        evidence.map_or_else(|| "-".to_owned(), |e| format!("{} ⟵ {}", e.value, e.span.slice(text)));
    line(format!("distribution {:?} {evidence}", facts.distribution.distribution));
    line(format!("user {}", spanned(facts.user.as_ref(), text)));
    line(format!("home {}", facts.home().map_or_else(|| "-".to_owned(), |home| value(&home.value))));
    line(format!("workdir {}", spanned(facts.workdir.as_ref(), text)));
    line(format!("entrypoint {}", command(facts.entrypoint.as_ref())));
    line(format!("cmd {}{}", command(facts.cmd.as_ref()), flag("cleared", facts.cmd_cleared)));
    facts.accounts.users.iter().for_each(|found| line(user(found)));
    for group in &facts.accounts.groups {
        let gid = option(group.gid.as_ref());
        line(format!("group {} gid={gid}{}", value(&group.name), flag("system", group.system)));
    }
    facts.accounts.opaque.iter().for_each(|span| line(format!("opaque accounts ⟵ {}", span.slice(text))));
    for port in &facts.ports {
        let range = port.range.map_or_else(|| value(&port.text), |(first, last)| format!("{first}-{last}"));
        line(format!("port {range}/{}{}", port.protocol, flag("privileged", port.is_privileged())));
    }
    facts.volumes.iter().for_each(|volume| line(format!("volume {}", value(&volume.value))));
    for (name, found) in &facts.env {
        line(format!("env {name}={}", value(&found.value)));
    }
    for arg in &facts.args {
        line(format!("arg {}={:?}{}", arg.name, arg.value, flag("global", arg.global)));
    }
    for used in &facts.packages {
        let action = used.action.as_deref().unwrap_or("-");
        line(format!("package {} {action} {}", used.manager.name(), used.operands.join(" ")));
    }
    facts.paths.iter().for_each(|found| line(path(found, text)));
    facts.copies.iter().for_each(|found| line(copy(found)));
    match facts.healthcheck.as_ref().map(|found| &found.value) {
        None => {}
        Some(HealthcheckFact::Disabled) => line("healthcheck disabled".to_owned()),
        Some(HealthcheckFact::Command(found)) => {
            let found = Spanned::new(found.clone(), temper_text::Span::at(0));
            line(format!("healthcheck {}", command(Some(&found))));
        }
    }
    facts.shell.iter().for_each(|shell| line(format!("shell {:?}", shell.value)));
    for script in &facts.start.scripts {
        line(format!("starts {} source={:?}", value(&script.path), script.source));
    }
    for found in &facts.start.wrappers {
        line(format!(
            "wrapper {:?}{} ⟵ {}",
            found.wrapper,
            flag("at-start", found.at_start),
            found.span.slice(text)
        ));
    }
    facts.onbuild.iter().for_each(|span| line(format!("onbuild ⟵ {}", span.slice(text))));
    facts.unread.iter().for_each(|span| line(format!("unread ⟵ {}", span.slice(text))));
    out
}

#[test]
fn facts_of_every_fixture_are_as_written_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut folders: Vec<_> =
        fs::read_dir(root).expect("the fixtures").map(|entry| entry.expect("a folder").path()).collect();
    folders.sort();
    assert!(folders.len() >= 12, "fixtures are missing: {folders:?}");
    for folder in folders {
        let text = fs::read_to_string(folder.join("Dockerfile")).expect("a Dockerfile");
        let file = parse(&text);
        assert_eq!(file.errors, [], "{}", folder.display());
        let facts = file.facts(None, &std::collections::BTreeMap::new()).expect("a stage");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("facts", show(&facts, &text)));
    }
}

#[test]
fn target_is_found_by_name_or_index_and_a_wrong_one_is_named() {
    let file = parse("FROM a AS One\nUSER x\nFROM b\n");
    let no_args = std::collections::BTreeMap::new();
    assert_eq!(file.facts(Some("one"), &no_args).map(|facts| facts.stage), Ok(0));
    assert_eq!(file.facts(Some("1"), &no_args).map(|facts| facts.stage), Ok(1));
    assert_eq!(
        file.facts(Some("two"), &no_args).map(|facts| facts.stage),
        Err("no build stage `two`; the stages are: One, 1".to_owned())
    );
}

#[test]
fn run_in_a_shell_that_is_not_posix_is_not_read() {
    let file = parse(
        "FROM a\nSHELL [\"pwsh\", \"-c\"]\nRUN useradd x\nSHELL [\"/bin/bash\", \"-c\"]\nRUN useradd y\n",
    );
    let facts = file.facts(None, &std::collections::BTreeMap::new()).expect("a stage");
    assert_eq!((facts.unread.len(), facts.accounts.users.len()), (1, 1));
}

#[test]
fn build_arguments_decide_the_user() {
    let file = parse("FROM a\nARG UID=1\nUSER $UID\n");
    let args = [("UID".to_owned(), "7".to_owned())].into();
    let facts = file.facts(None, &args).expect("a stage");
    assert_eq!(facts.user_name(), Some("7"));
}
