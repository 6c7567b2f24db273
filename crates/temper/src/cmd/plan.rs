use temper_plan::{Options, Plan};

use super::load::{Loaded, known_controls};
use crate::args::{ChangeArgs, Plan as Args, PlanFormat, SelectArgs};
use crate::error::{Error, Exit};
use crate::output;

/// `temper plan`.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let loaded = Loaded::new(&args.stack)?;
    let plan = make(&loaded, &args.select, &args.change)?;
    let text = match args.format {
        PlanFormat::Human => temper_report::plan(&loaded.stack, &plan, true),
        PlanFormat::Diff => plan.files.iter().map(temper_plan::FileChange::diff).collect(),
        PlanFormat::Json => temper_report::plan_json(&plan),
    };
    output::print(&text)?;
    Ok(exit(&loaded))
}

/// The plan for a stack that was read.
pub(super) fn make(loaded: &Loaded, select: &SelectArgs, change: &ChangeArgs) -> Result<Plan, Error> {
    let judged = loaded.judge(select)?;
    let options = Options {
        in_place: change.in_place,
        safe_only: change.safe_only,
        no_dockerfiles: change.no_dockerfiles,
    };
    let known = known_controls();
    Ok(temper_plan::plan(&loaded.stack, &loaded.tree, &loaded.options(&known), &judged, &options)?)
}

/// Files that could not be read are shown and the rest is planned; the exit status tells.
pub(super) fn exit(loaded: &Loaded) -> Exit {
    let broken = loaded.stack.problems.iter().filter(|problem| !problem.warning);
    let mut exit = Exit::Clean;
    for problem in broken {
        output::error(&temper_report::problem(&loaded.stack, problem));
        exit = Exit::BadInput;
    }
    exit
}
