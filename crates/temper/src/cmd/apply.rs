use std::fs;
use std::io::{self, Write};
use std::path::Path;

use temper_model::FileTree;
use temper_plan::{FileChange, Plan};

use super::load::Loaded;
use super::plan;
use crate::args::Apply;
use crate::error::{Error, Exit};
use crate::output;

/// `temper apply`.
pub(crate) fn run(args: &Apply) -> Result<Exit, Error> {
    let loaded = Loaded::new(&args.stack)?;
    let plan = plan::make(&loaded, &args.select, &args.change)?;
    output::print(&temper_report::plan(&loaded.stack, &plan, args.dry_run, output::width()))?;
    if args.dry_run {
        output::print("\nnothing was written (--dry-run)\n")?;
        return Ok(plan::exit(&loaded));
    }
    unchanged_since_read(&loaded, &plan)?;
    for change in &plan.files {
        write(&loaded.root.path.join(&change.path), change)?;
    }
    output::print(&report(&loaded, &plan))?;
    Ok(plan::exit(&loaded))
}

/// Refuses the whole change when a file is not what was read: nothing is written over an edit made meanwhile.
fn unchanged_since_read(loaded: &Loaded, plan: &Plan) -> Result<(), Error> {
    for change in &plan.files {
        let now = loaded.tree.read(&change.path).ok();
        if now != change.old {
            let path = &change.path;
            return Err(Error::Usage(format!(
                "{path} changed since it was read; nothing was written, run apply again"
            )));
        }
    }
    Ok(())
}

/// Writes beside the file and renames, so that a reader sees the old text or the new and never half of one.
fn write(path: &Path, change: &FileChange) -> Result<(), Error> {
    let failed = |error: io::Error| Error::Write { path: change.path.clone(), reason: error.to_string() };
    // A link stays a link: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    file.write_all(change.new.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    keep_permissions(&path, &file).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The mode of the file that is replaced; `0644` for a new one, as an editor would give it.
fn keep_permissions(path: &Path, file: &tempfile::NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions(),
        Err(_) => fs::Permissions::from_mode(0o644),
    };
    file.as_file().set_permissions(permissions)
}

fn report(loaded: &Loaded, plan: &Plan) -> String {
    if plan.files.is_empty() {
        return "\nnothing to change\n".to_owned();
    }
    let mut out = String::from("\n");
    for change in &plan.files {
        let verb = if change.old.is_some() { "changed" } else { "wrote" };
        out.push_str(&format!("{verb} {}\n", change.path));
    }
    for group in &loaded.stack.projects {
        let overlay = plan.files.iter().any(|change| change.path == group.hardened_path);
        if overlay {
            let base = group.project.files.iter().map(|id| loaded.stack.sources.file(*id).path());
            let named: Vec<String> = base
                .filter(|path| *path != group.hardened_path)
                .chain([group.hardened_path.as_str()])
                .map(|path| format!("-f {path}"))
                .collect();
            let builds = group.project.services.values().any(|service| service.build.is_some());
            let build = if builds { " --build" } else { "" };
            out.push_str(&format!("start it with `docker compose {} up -d{build}`\n", named.join(" ")));
        }
    }
    out
}
