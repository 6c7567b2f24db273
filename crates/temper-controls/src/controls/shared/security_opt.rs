//! The entries of `security_opt`.

use temper_model::Setting;
use temper_model::compose::{Item, Service};
use temper_text::Loc;

/// One entry of `security_opt`, cut as the engine cuts it: at the first `=`, else at the first `:`
/// (moby, `daemon/daemon_unix.go`, `parseSecurityOpt`).
#[derive(Debug, Clone, Copy)]
pub(in crate::controls) struct SecurityOption<'a> {
    /// `seccomp`, `apparmor`, `label`, `no-new-privileges`, `systempaths`.
    pub(in crate::controls) name: &'a str,
    /// What stands behind the separator.
    pub(in crate::controls) value: Option<&'a str>,
    /// The entry.
    pub(in crate::controls) item: &'a Item,
}

/// The entries of `security_opt`, those without a known value too.
pub(in crate::controls) fn security_options(service: &Service) -> impl Iterator<Item = SecurityOption<'_>> {
    service.security_opt.iter().map(|item| {
        let text = item.value.trim();
        let parts = text.split_once('=').or_else(|| text.split_once(':'));
        let (name, value) = parts.map_or((text, None), |(name, value)| (name, Some(value)));
        SecurityOption { name, value, item }
    })
}

/// Where `privileged` stands and which variables it hangs on, when its value is not known.
pub(in crate::controls) fn privileged_unknown(service: &Service) -> Option<(Loc, &[String])> {
    match service.privileged.as_ref()? {
        Setting::Unknown { at, missing, .. } => Some((*at, missing)),
        Setting::Known(_) => None,
    }
}

/// True for `privileged: true`, which makes the engine ignore most of what `security_opt` and `cap_drop` say.
pub(in crate::controls) fn is_privileged(service: &Service) -> bool {
    service.privileged.as_ref().and_then(Setting::known).is_some_and(|privileged| *privileged)
}
