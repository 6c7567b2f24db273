use temper_plan::Plan;

use super::load::Loaded;
use super::plan;
use super::write::write;
use crate::args::Apply;
use crate::error::{Error, Exit};
use crate::output;

/// `temper apply`.
pub(crate) fn run(args: &Apply) -> Result<Exit, Error> {
    let loaded = Loaded::new(&args.stack)?;
    let plan = plan::make(&loaded, &args.select, &args.change)?;
    output::tell(&temper_report::plan(&loaded.stack, &plan, args.dry_run, output::width()))?;
    if args.dry_run {
        output::tell("\nnothing was written (--dry-run)\n")?;
        return Ok(plan::exit(&loaded));
    }
    write(&loaded.root.path, &loaded.tree, &loaded.stack.sources, &plan.files)?;
    output::tell(&report(&loaded, &plan))?;
    Ok(plan::exit(&loaded))
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
