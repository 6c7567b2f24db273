//! What a later file of a project can and cannot do to an earlier one.

use temper_model::compose::Service;
use temper_text::Loc;

use crate::Judgement;

/// Points at the last file that changes the service when the item stands in an earlier one: lists are appended to, so
/// that file cannot take the item away (failure-mode 12; specification, "Merge and override", sequences).
pub(in crate::controls) fn see_later_file(judgement: &mut Judgement, service: &Service, at: Loc, key: &str) {
    let Some(last) = service.definitions.last().filter(|last| last.key.file != at.file) else { return };
    let earlier = service.definitions.iter().any(|definition| definition.key.file == at.file);
    if earlier {
        let label = format!("this file can only append to `{key}`; taking an item away needs `!override`");
        judgement.see(last.key, label);
    }
}
