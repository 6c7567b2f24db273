use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::shell;
use crate::workspace::Workspace;

pub(crate) const DEFAULT_SECONDS: u32 = 60;

/// One input may take this long, in seconds. A reader that needs more for one small file has a fault.
const TIMEOUT: u32 = 10;

/// Reads how long to fuzz. libFuzzer takes 0 as "for ever", which is never meant here.
pub(crate) fn seconds(text: &str) -> Result<u32> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0);
    seconds.ok_or_else(|| Failure::Usage(format!("not a number of seconds: {text}")))
}

/// Fuzzes one target. Fails when it finds an input that breaks the target's assertions.
pub(crate) fn run(workspace: &Workspace, target: &str, seconds: u32) -> Result<()> {
    let fuzz = workspace.root.join("fuzz");
    let known = targets(&fuzz.join("fuzz_targets"))?;
    if !known.iter().any(|name| name == target) {
        return Err(Failure::Usage(format!("no fuzz target {target}; there are: {}", known.join(", "))));
    }
    install(workspace)?;
    let corpus = fuzz.join("corpus").join(target);
    fs::create_dir_all(&corpus).map_err(|error| Failure::io("make the folder", &corpus, &error))?;
    let mut command = workspace.command("rustup", &["run", "nightly", "cargo", "fuzz", "run", target]);
    // libFuzzer writes what it finds to the first folder, and only reads the second.
    command.arg(&corpus).args(seeds(&fuzz, target)).args([
        "--".to_owned(),
        format!("-max_total_time={seconds}"),
        format!("-timeout={TIMEOUT}"),
    ]);
    shell::run(command.args(dictionary(&fuzz, target)))
}

fn install(workspace: &Workspace) -> Result<()> {
    if !shell::succeeds(&mut workspace.command("rustup", &["run", "nightly", "rustc", "--version"])) {
        return Err(Failure::step(
            "fuzzing needs the nightly toolchain, which is not here: run `rustup toolchain install nightly --profile minimal`",
        ));
    }
    if shell::succeeds(&mut workspace.cargo(&["fuzz", "--version"])) {
        return Ok(());
    }
    shell::say("fuzz: installing cargo-fuzz");
    shell::run(&mut workspace.cargo(&["install", "--locked", "cargo-fuzz"]))
}

/// The names of all fuzz targets, in order.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let unreadable = |error| Failure::io("list", folder, &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if let (Some("rs"), Some(stem)) = (path.extension().and_then(|e| e.to_str()), path.file_stem()) {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn seeds(fuzz: &Path, target: &str) -> Option<PathBuf> {
    Some(fuzz.join("seeds").join(target)).filter(|folder| folder.is_dir())
}

fn dictionary(fuzz: &Path, target: &str) -> Option<String> {
    let path = fuzz.join("dictionaries").join(format!("{target}.dict"));
    path.is_file().then(|| format!("-dict={}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{dictionary, seconds, targets};

    #[test]
    fn zero_seconds_would_be_for_ever_and_is_refused() {
        assert_eq!(seconds("30").ok(), Some(30));
        assert!(seconds("0").is_err() && seconds("-1").is_err() && seconds("long").is_err());
    }

    #[test]
    fn targets_are_the_programs_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.rs", "a.rs", "notes.md"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(targets(folder.path()).unwrap(), ["a", "b"]);
    }

    #[test]
    fn dictionary_is_used_when_there_is_one() {
        let fuzz = tempfile::tempdir().unwrap();
        assert_eq!(dictionary(fuzz.path(), "a"), None);
        fs::create_dir(fuzz.path().join("dictionaries")).unwrap();
        fs::write(fuzz.path().join("dictionaries/a.dict"), "").unwrap();
        assert!(dictionary(fuzz.path(), "a").unwrap().starts_with("-dict=/"));
    }
}
