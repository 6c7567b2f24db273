use super::{Date, ResourcePattern};

/// A fix that a rollout has tried and that broke the service: it is not planned again.
///
/// `temper deploy` appends these to `temper.toml`; a person removes one when the cause is gone.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The identifier of the control whose fix it is.
    pub control: String,
    /// What it is refused for.
    pub resource: ResourcePattern,
    /// What was seen.
    pub reason: String,
    /// When it was tried.
    pub date: Date,
    /// Line of the entry in `temper.toml`, from 1; 0 for one that is not written yet.
    pub line: u32,
}

impl Refusal {
    /// True when this is about a control on a resource (`service/api`) whose finding stands in `file`.
    #[must_use]
    pub fn covers(&self, control: &str, resource: &str, file: &str) -> bool {
        self.control == control && (self.resource.matches(resource) || self.resource.matches(file))
    }

    /// The entry as it is appended to `temper.toml`. A table of an array may stand at the end of any file that does not
    /// write the array in one line.
    #[must_use]
    pub fn entry(&self) -> String {
        let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
        format!(
            "[[refused]]\ncontrol = {}\nresource = {}\nreason = {}\ndate = \"{}\"\n",
            text(&self.control),
            text(self.resource.as_str()),
            text(&self.reason),
            self.date
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use crate::{ResourcePattern, Settings};

    fn refusal(reason: &str) -> Refusal {
        Refusal {
            control: "read-only-rootfs".to_owned(),
            resource: ResourcePattern::new("service/api").unwrap(),
            reason: reason.to_owned(),
            date: "2026-11-22".parse().unwrap(),
            line: 0,
        }
    }

    #[test]
    fn an_entry_that_is_appended_is_read_back() {
        let reason = "exit status 1: \"mkdir /app/x: EROFS\"";
        let text = format!("{}\n{}", Settings::template(), refusal(reason).entry());
        let settings = Settings::parse("temper.toml", &text, &["read-only-rootfs"]).unwrap();
        let read = settings.refusals.first().unwrap();
        assert_eq!((read.reason.as_str(), read.date.to_string().as_str()), (reason, "2026-11-22"));
        assert!(read.covers("read-only-rootfs", "service/api", "compose.yml"));
        assert!(!read.covers("read-only-rootfs", "service/db", "compose.yml"));
    }
}
