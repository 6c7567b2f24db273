use super::Settings;

impl Settings {
    /// The commented `temper.toml` that `temper init` writes. It reads as the defaults.
    #[must_use]
    pub fn template() -> String {
        include_str!("template.toml").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn the_template_reads_as_the_defaults() {
        let settings = Settings::parse("temper.toml", &Settings::template(), &[]).unwrap();
        assert_eq!(format!("{settings:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn every_commented_setting_is_accepted_and_shows_the_true_default() {
        let text = Settings::template();
        let lines = text.lines().map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting,
            _ => line,
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        let settings = Settings::parse("temper.toml", &text, &["read-only-rootfs"]).unwrap();
        let default = Settings::default();
        assert_eq!((settings.user, settings.classes), (default.user, default.classes));
        assert_eq!((settings.output, settings.tiers), (default.output, default.tiers));
        assert_eq!(settings.probes.len(), 2);
        assert_eq!((settings.projects.len(), settings.services.len()), (1, 1));
        assert_eq!((settings.waivers.len(), settings.refusals.len()), (1, 1));
    }
}
