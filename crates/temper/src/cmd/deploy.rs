use std::time::Duration;

use serde_json::json;
use temper_live::Event;
use temper_live::compose_cli::{Cli, ComposeError};
use temper_live::engine::{Engine, EngineError};
use temper_live::journal::{Journal, Lock};
use temper_live::prove::Prober;
use temper_live::rollout::{Ended, Inputs, Report, Rollout, RolloutError, RolloutOptions, settle};
use temper_live::{Drift, Verified, Verifier};
use temper_report::Counts;

use super::load::{Loaded, known_controls, today};
use crate::args::{Deploy, DeployFormat, RecordFormat};
use crate::error::{Error, Exit};
use crate::history;
use crate::output;
use crate::rollout_view::RolloutView;
use crate::root::Root;

/// `temper deploy`.
pub(crate) fn run(args: &Deploy) -> Result<Exit, Error> {
    let root = Root::of(&args.stack)?.path;
    if args.history {
        let format = match args.format {
            DeployFormat::Human => RecordFormat::Human,
            DeployFormat::Json => RecordFormat::Json,
        };
        return history::show(&root, format, true);
    }
    let engine = Engine::connect(None).map_err(needed_engine)?;
    let cli = Cli::find(engine.address()).map_err(needed_compose)?;
    let journal = Journal::create(&root).map_err(history::failed)?;
    let lock = journal.lock().map_err(history::failed)?;
    let cli = cli.under(&lock);
    let mut view = RolloutView::new(args.format);
    let mut observer = |event: Event| view.show(&event);
    interrupted(args, &journal, &lock, &engine, &mut observer)?;
    // Read only now: what was under way may have changed the files.
    let loaded = Loaded::new(&args.stack)?;
    let project = project(&loaded, &engine)?;
    let known = known_controls();
    let load = loaded.options(&known);
    let selection = loaded.selection(&args.select)?;
    let options = super::plan::options(&args.select, &args.change);
    let environment = super::config::shell_variables();
    let inputs = Inputs {
        tree: &loaded.tree,
        load: &load,
        selection: &selection,
        options: &options,
        today: today(),
        environment: &environment,
    };
    let rollout_options = RolloutOptions {
        canary: args.canary.clone(),
        wave_size: args.wave_size,
        pause: Duration::from_secs(args.pause),
        services: args.select.service.clone(),
        no_clone: args.no_clone.clone(),
        yes: args.yes,
    };
    let rollout = Rollout {
        engine: &engine,
        cli: &cli,
        inputs: &inputs,
        stack: &loaded.stack,
        project,
        root: &loaded.root.path,
        options: &rollout_options,
    };
    let ended = rollout.run(&journal, &lock, &mut observer).map_err(rollout_error)?;
    drop((lock, cli));
    // The lines of the services end before anything else is printed.
    drop(view);
    let exit = report(args.format, &ended)?;
    match ended {
        Ended::Completed(_) | Ended::NothingToDo => Ok(prove(args, engine, project)?.max(exit)),
        Ended::RolledBack { .. } | Ended::Unmet(_) => Ok(exit),
    }
}

/// Proves on the containers what the files say. A control that the files do not have either is no part of the rollout; it
/// is counted, and `temper verify` shows it.
fn prove(args: &Deploy, engine: Engine, project: usize) -> Result<Exit, Error> {
    // The files have changed since they were read.
    let loaded = Loaded::new(&args.stack)?;
    let selection = loaded.selection(&args.select)?;
    let verifier = Verifier { engine, prober: Prober::this_program() };
    let verified = verifier.verify(&loaded.stack, project, &selection, today())?;
    let lost: Vec<_> = verified.drift.iter().filter(|drift| drift.in_file).collect();
    match args.format {
        DeployFormat::Human => {
            output::tell(&proof(&verified))?;
            for drift in &lost {
                let Drift { service, control, .. } = drift;
                output::error(&format!(
                    "{service}: {control} is in the files and does not hold in the container"
                ));
            }
        }
        DeployFormat::Json => {
            let document = temper_report::document(&loaded.root.shown, &loaded.stack, &verified.judged);
            output::tell(&format!("{}\n", json!({ "event": "verified", "result": document })))?;
        }
    }
    Ok(if lost.is_empty() { Exit::Clean } else { Exit::Findings })
}

fn proof(verified: &Verified) -> String {
    let judgements = &verified.judged.judgements;
    let Counts { pass, fail, unknown, .. } = Counts::of(judgements);
    let mut text = format!("proven on the running containers: {pass} of {} checks", judgements.len());
    if fail + unknown > 0 {
        text.push_str(&format!("; {fail} do not hold, {unknown} cannot be told: `temper verify` shows them"));
    }
    text + "\n"
}

/// Takes back what an interrupted rollout left under way when it is to be resumed; refuses to begin another one.
fn interrupted(
    args: &Deploy,
    journal: &Journal,
    lock: &Lock,
    engine: &Engine,
    observer: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    if args.resume {
        let found = settle(journal, lock, engine, observer).map_err(rollout_error)?;
        return if found { Ok(()) } else { Err(Error::Usage("no rollout was interrupted".to_owned())) };
    }
    match journal.open_run().map_err(history::failed)? {
        Some(run) => Err(Error::Usage(format!(
            "run {} was not finished: `temper deploy --resume` goes on with it, `temper rollback` takes it back",
            run.id
        ))),
        None => Ok(()),
    }
}

/// The project of the stack that is rolled out: the one that runs.
fn project(loaded: &Loaded, engine: &Engine) -> Result<usize, Error> {
    let mut running = Vec::new();
    for (index, group) in loaded.stack.projects.iter().enumerate() {
        if !engine.project(&group.project.name).map_err(needed_engine)?.is_empty() {
            running.push(index);
        }
    }
    let name = |index: &usize| loaded.stack.projects[*index].project.name.as_str();
    match running.as_slice() {
        [only] => Ok(*only),
        [] if loaded.stack.projects.len() == 1 => Ok(0),
        [] => Err(Error::Usage(
            "no project of this stack runs; start one, or name its files with -f".to_owned(),
        )),
        several => Err(Error::Usage(format!(
            "several projects of this stack run ({}); name the files of one with -f",
            several.iter().map(name).collect::<Vec<_>>().join(", ")
        ))),
    }
}

fn report(format: DeployFormat, ended: &Ended) -> Result<Exit, Error> {
    let human = format == DeployFormat::Human;
    match ended {
        Ended::NothingToDo => {
            if human {
                output::tell("every container is as the files say, and there is nothing to harden\n")?;
            }
            Ok(Exit::Clean)
        }
        Ended::Unmet(unmet) => {
            for unmet in unmet {
                output::error(&unmet.message);
            }
            Ok(Exit::BadInput)
        }
        Ended::RolledBack { reason, left, took } => {
            output::error(&format!("rolled back in {:.1} s: {reason}", took.as_secs_f64()));
            for left in left {
                output::error(&format!("left as it is: {left}"));
            }
            Ok(Exit::RolledBack)
        }
        Ended::Completed(report) => {
            if human {
                output::tell(&summary(report))?;
            }
            Ok(if report.refusals.is_empty() { Exit::Clean } else { Exit::Findings })
        }
    }
}

fn summary(report: &Report) -> String {
    let mut out = String::new();
    for file in &report.files {
        out.push_str(&format!("wrote {file}\n"));
    }
    for refusal in &report.refusals {
        out.push_str(&format!(
            "refused {} for {}: {}\n",
            refusal.control,
            refusal.resource.as_str(),
            refusal.reason
        ));
    }
    for note in &report.notes {
        out.push_str(&format!("note: {note}\n"));
    }
    out.push_str(&format!(
        "{} services in {:.1} s, {:.1} s of them waiting for containers\n",
        report.services.len(),
        report.took.as_secs_f64(),
        report.waited.as_secs_f64()
    ));
    out
}

fn needed_engine(error: EngineError) -> Error {
    if error.is_unreachable() { Error::Needed(error.to_string()) } else { Error::Usage(error.to_string()) }
}

fn needed_compose(error: ComposeError) -> Error {
    Error::Needed(error.to_string())
}

fn rollout_error(error: RolloutError) -> Error {
    if error.is_unreachable() {
        return Error::Needed(format!(
            "{error}\nwhen the engine is back, `temper deploy --resume` goes on with what was begun, and `temper rollback` takes it back"
        ));
    }
    Error::Usage(error.to_string())
}
