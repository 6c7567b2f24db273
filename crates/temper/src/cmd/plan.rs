use temper_plan::{Options, Plan};

use super::load::{Loaded, known_controls, today};
use crate::args::{ChangeArgs, Plan as Args, PlanFormat, SelectArgs};
use crate::error::{Error, Exit};
use crate::output;
use crate::progress::Progress;

/// `temper plan`.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let loaded = Loaded::new(&args.stack)?;
    let plan = make(&loaded, &args.select, &args.change)?;
    let text = match args.format {
        PlanFormat::Human => temper_report::plan(&loaded.stack, &plan, true, output::width()),
        PlanFormat::Diff => plan.files.iter().map(temper_plan::FileChange::diff).collect(),
        PlanFormat::Json => temper_report::plan_json(&loaded.stack, &plan),
    };
    output::print(&text)?;
    if args.format == PlanFormat::Diff {
        output::problems(&loaded.stack);
    }
    Ok(exit(&loaded))
}

/// What kind of change is wanted, as the arguments say.
pub(super) fn options(select: &SelectArgs, change: &ChangeArgs) -> Options {
    Options {
        in_place: change.in_place,
        safe_only: change.safe_only,
        no_dockerfiles: change.no_dockerfiles,
        asked_all: select.only.is_empty() && select.skip.is_empty() && select.service.is_empty(),
        today: Some(today()),
    }
}

/// The plan for a stack that was read.
pub(super) fn make(loaded: &Loaded, select: &SelectArgs, change: &ChangeArgs) -> Result<Plan, Error> {
    let judged = loaded.judge(select)?;
    let options = options(select, change);
    let known = known_controls();
    let _progress = Progress::start(format!("planning {}", loaded.root.shown));
    Ok(temper_plan::plan(&loaded.stack, &loaded.tree, &loaded.options(&known), &judged, &options)?)
}

/// What can be read is planned; the exit status tells that something could not.
pub(super) fn exit(loaded: &Loaded) -> Exit {
    if temper_report::has_errors(&loaded.stack) { Exit::BadInput } else { Exit::Clean }
}
