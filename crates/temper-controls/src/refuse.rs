use temper_model::Stack;

use crate::{Judgement, Safety};

/// Turns fixes that a rollout has tried and that broke the service (`[[refused]]` in `temper.toml`) into refused ones.
/// The finding stays: it is the fix that does not work, not the requirement that went away.
pub(crate) fn apply(stack: &Stack, judgements: &mut [Judgement]) {
    for judgement in judgements {
        let file = stack.sources.file(judgement.at.file).path();
        let mut refusals = stack.settings.refusals.iter();
        let refusal =
            refusals.find(|refusal| refusal.covers(judgement.control.id, &judgement.resource, file));
        if let (Some(fix), Some(refusal)) = (&mut judgement.fix, refusal) {
            let reason =
                format!("it was tried on {} and broke the service: {}", refusal.date, refusal.reason);
            fix.safety = Safety::Refused { reason };
        }
    }
}
