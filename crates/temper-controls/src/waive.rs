use temper_model::{Date, Stack, WaiverState};

use crate::verdict::Waived;
use crate::{Judgement, Verdict};

/// Turns failures that `temper.toml` waives today into [`Verdict::Waived`]. A waiver that has expired changes
/// nothing but says so.
pub(crate) fn apply(stack: &Stack, judgements: &mut [Judgement], today: Date) {
    apply_as(stack, judgements, today, None);
}

/// As [`apply`]; with `service`, waivers of that resource count too: what is waived of a service is waived of its
/// containers.
pub(crate) fn apply_as(stack: &Stack, judgements: &mut [Judgement], today: Date, service: Option<&str>) {
    for judgement in judgements.iter_mut().filter(|judgement| judgement.verdict != Verdict::Pass) {
        let file = stack.sources.file(judgement.at.file).path();
        let waiver = |resource: &str| stack.settings.waiver(judgement.control.id, resource, file, today);
        let Some((waiver, state)) = waiver(&judgement.resource).or_else(|| waiver(service?)) else {
            continue;
        };
        match state {
            WaiverState::Active => {
                judgement.verdict = Verdict::Waived(Waived {
                    reason: waiver.reason.clone(),
                    owner: waiver.owner.clone(),
                    expires: waiver.expires.to_string(),
                });
            }
            WaiverState::Expired => {
                let note = format!("; the waiver of {} expired on {}", waiver.owner, waiver.expires);
                judgement.message.push_str(&note);
            }
        }
    }
}
