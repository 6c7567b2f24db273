use temper_controls::{Judged, Severity};
use temper_live::engine::Engine;
use temper_live::prove::Prober;
use temper_live::{Drift, Verifier};

use super::load::{Loaded, today};
use super::scan::{exit, in_format, view};
use crate::args::{FailOn, Verify};
use crate::error::{Error, Exit};
use crate::output;
use crate::progress::Progress;

/// `temper verify`.
pub(crate) fn run(args: &Verify) -> Result<Exit, Error> {
    let loaded = Loaded::new(&args.stack)?;
    let selection = loaded.selection(&args.select)?;
    let (root, stack) = (&loaded.root.shown, &loaded.stack);
    if stack.projects.is_empty() {
        return Err(Error::Usage(format!("{root}: no Compose project in it, so no container belongs to it")));
    }
    let verifier = Verifier { engine: Engine::connect(None)?, prober: Prober::this_program() };
    let mut all = Judged { judgements: Vec::new(), profiles: Vec::new(), resources: 0, controls: 0 };
    for (index, group) in stack.projects.iter().enumerate() {
        let progress = Progress::start(format!("looking at the containers of {}", group.project.name));
        let verified = verifier.verify(stack, index, &selection, today())?;
        drop(progress);
        for container in &verified.orphans {
            output::warning(&format!(
                "container {container} belongs to project {}, whose files do not have its service: it is not verified",
                group.project.name
            ));
        }
        verified.drift.iter().for_each(tell_drift);
        all.controls = verified.judged.controls;
        all.resources += verified.judged.resources;
        all.judgements.extend(verified.judged.judgements);
    }
    output::tell(&in_format(args.format, root, stack, &all, view(args.quiet, args.verbose)))?;
    if all.judgements.is_empty() {
        return Err(Error::Usage("nothing was looked at: no service that is selected should run".to_owned()));
    }
    Ok(exit(stack, &all, FailOn::AtLeast(Severity::Low)))
}

fn tell_drift(drift: &Drift) {
    let Drift { service, control, in_file } = drift;
    let text = if *in_file {
        format!("{service}: {control} is in the files, but not in the container: make the container again")
    } else {
        format!("{service}: {control} holds in the container, but not in the files: the next start loses it")
    };
    output::warning(&text);
}
