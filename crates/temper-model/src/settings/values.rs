use std::collections::BTreeMap;
use std::ops::Range;

use ignore::gitignore::GitignoreBuilder;
use indexmap::IndexMap;
use temper_text::SourceFile;
use toml::Spanned;

use super::probe::{self, ProbeSettings};
use super::raw::{
    RawProbe, RawProject, RawRefusal, RawScan, RawService, RawSettings, RawSizes, RawTiers, RawUser,
    RawWaiver,
};
use super::{
    Class, ClassSizes, Date, ProjectSettings, Refusal, ServiceSettings, SettingsError, Subnet, Tiers, Waiver,
    WaiverState,
};
use crate::path;

/// The file that temper writes beside the base file unless `compose.output` names another.
pub const DEFAULT_OUTPUT: &str = "docker-compose.hardened.yml";

/// Everything that a person decides about a stack. [`Settings::default`] is an empty `temper.toml`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The user that services run as.
    pub user: UserSettings,
    /// Version of the user's Docker Compose; `None`: not known.
    pub compose_version: Option<(u32, u32, u32)>,
    /// Name of the overlay that temper writes beside the base file.
    pub output: String,
    /// Projects that are named instead of discovered.
    pub projects: Vec<ProjectSettings>,
    /// Memory of the host in bytes, for the budget of all tmpfs; `None`: not known.
    pub host_memory: Option<u64>,
    /// Sizes of every class: the defaults with what `temper.toml` overrides.
    pub classes: BTreeMap<Class, ClassSizes>,
    /// What is said about single services, by name.
    pub services: IndexMap<String, ServiceSettings>,
    /// Subnets of the network tiers.
    pub tiers: Tiers,
    /// Globs, as in `.gitignore`, of paths that are not part of the stack.
    pub exclude: Vec<String>,
    /// What shows that services work.
    pub probes: Vec<ProbeSettings>,
    /// Accepted findings.
    pub waivers: Vec<Waiver>,
    /// Fixes that a rollout has tried and that broke the service.
    pub refusals: Vec<Refusal>,
}

/// The user that services run as unless they have one of their own (R1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSettings {
    /// User id; 65532 by default, as in the distroless images.
    pub uid: u32,
    /// Group id; 65532 by default.
    pub gid: u32,
    /// Name in the Dockerfiles; `app` by default.
    pub name: String,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self { uid: 65532, gid: 65532, name: "app".to_owned() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user: UserSettings::default(),
            compose_version: None,
            output: DEFAULT_OUTPUT.to_owned(),
            projects: Vec::new(),
            host_memory: None,
            classes: ClassSizes::defaults(),
            services: IndexMap::new(),
            tiers: Tiers::default(),
            exclude: Vec::new(),
            probes: Vec::new(),
            waivers: Vec::new(),
            refusals: Vec::new(),
        }
    }
}

impl Settings {
    /// Reads `temper.toml`. `path` is shown in errors; `known_controls` are the identifiers that waivers may name.
    ///
    /// # Errors
    /// The first mistake: broken TOML, an unknown key, or a value that cannot be used.
    pub fn parse(path: &str, text: &str, known_controls: &[&str]) -> Result<Self, SettingsError> {
        let raw: RawSettings = toml::from_str(text)
            .map_err(|error| SettingsError::new(path, text, error.span(), tidy(error.message())))?;
        Reader { path, text, known_controls }.settings(raw)
    }

    /// The sizes of a class.
    #[must_use]
    pub fn sizes(&self, class: Class) -> ClassSizes {
        self.classes.get(&class).cloned().unwrap_or_else(|| ClassSizes::of(class))
    }

    /// The waiver of a control on a resource whose finding stands in `file`, and whether it holds today.
    /// One that holds is preferred to one that expired.
    #[must_use]
    pub fn waiver(
        &self,
        control: &str,
        resource: &str,
        file: &str,
        today: Date,
    ) -> Option<(&Waiver, WaiverState)> {
        let matching = self.waivers.iter().filter(|waiver| waiver.covers(control, resource, file));
        matching.max_by_key(|waiver| waiver.expires).map(|waiver| (waiver, waiver.waiver_state(today)))
    }
}

/// The library's messages in this program's voice.
fn tidy(message: &str) -> String {
    match message.strip_prefix("missing field `") {
        Some(field) => format!("`{field} is missing here"),
        None => {
            message.replace("unknown field", "unknown key").replace("expected i64", "expected a whole number")
        }
    }
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    known_controls: &'a [&'a str],
}

impl Reader<'_> {
    fn error(&self, span: Range<usize>, message: String) -> SettingsError {
        SettingsError::new(self.path, self.text, Some(span), message)
    }

    fn settings(&self, raw: RawSettings) -> Result<Settings, SettingsError> {
        Ok(Settings {
            user: user(raw.user),
            compose_version: raw.compose.version.map(|version| version.0),
            output: raw.compose.output.map_or_else(|| DEFAULT_OUTPUT.to_owned(), |name| name.0),
            projects: raw.project.into_iter().map(|raw| self.project(raw)).collect::<Result<_, _>>()?,
            host_memory: raw.host.memory.map(|size| size.0),
            classes: classes(raw.classes),
            services: raw.services.into_iter().map(|(name, raw)| (name, service(raw))).collect(),
            tiers: self.tiers(raw.tiers)?,
            exclude: self.exclude(raw.scan)?,
            probes: raw.probe.into_iter().map(|raw| self.probe(raw)).collect::<Result<_, _>>()?,
            waivers: raw.waiver.into_iter().map(|raw| self.waiver(raw)).collect::<Result<_, _>>()?,
            refusals: raw.refused.into_iter().map(|raw| self.refusal(raw)).collect::<Result<_, _>>()?,
        })
    }

    fn project(&self, raw: RawProject) -> Result<ProjectSettings, SettingsError> {
        if raw.files.get_ref().is_empty() {
            return Err(self.error(raw.files.span(), "expected at least one Compose file".to_owned()));
        }
        let directory = path::normal(raw.directory.as_ref().map_or("", |directory| &directory.0));
        let below = |file: super::field::StackPath| path::join(&directory, &file.0);
        Ok(ProjectSettings {
            files: raw.files.into_inner().into_iter().map(below).collect(),
            profiles: raw.profiles.into_iter().map(|profile| profile.0).collect(),
            env_files: raw.env_files.into_iter().map(below).collect(),
            name: raw.name.map(|name| name.0),
            directory,
        })
    }

    fn tiers(&self, raw: RawTiers) -> Result<Tiers, SettingsError> {
        let mut tiers = Tiers::default();
        let mut written = Vec::new();
        for (name, tier, value) in [
            ("api", &mut tiers.api, raw.api),
            ("application", &mut tiers.application, raw.application),
            ("bus", &mut tiers.bus, raw.bus),
            ("data", &mut tiers.data, raw.data),
            ("monitoring", &mut tiers.monitoring, raw.monitoring),
        ] {
            if let Some(value) = value {
                written.push((name, value.span()));
                *tier = value.into_inner();
            }
        }
        for (name, span) in written {
            self.disjoint(&tiers, name, span)?;
        }
        Ok(tiers)
    }

    /// Docker refuses to create a network whose subnet overlaps another's.
    fn disjoint(&self, tiers: &Tiers, name: &str, span: Range<usize>) -> Result<(), SettingsError> {
        let named = tiers.named();
        let own = named.iter().find(|(tier, _)| *tier == name).map(|(_, subnet)| *subnet);
        let overlaps =
            |(tier, subnet): &&(&str, Subnet)| *tier != name && own.is_some_and(|own| own.overlaps(*subnet));
        match named.iter().find(overlaps) {
            Some((tier, subnet)) => Err(self
                .error(span, format!("overlaps the tier `{tier}` ({subnet}): expected a subnet of its own"))),
            None => Ok(()),
        }
    }

    fn exclude(&self, raw: RawScan) -> Result<Vec<String>, SettingsError> {
        let check = |glob: Spanned<String>| {
            let added = GitignoreBuilder::new("").add_line(None, glob.get_ref()).map(|_| ());
            match added {
                Ok(()) => Ok(glob.into_inner()),
                Err(error) => {
                    Err(self.error(glob.span(), format!("expected a glob as in .gitignore: {error}")))
                }
            }
        };
        raw.exclude.into_iter().map(check).collect()
    }

    /// The line at which a table begins.
    fn line(&self, span: Range<usize>) -> u32 {
        SourceFile::new(self.path, self.text).line_col(span.start).line
    }

    fn probe(&self, raw: Spanned<RawProbe>) -> Result<ProbeSettings, SettingsError> {
        let line = self.line(raw.span());
        probe::probe(raw, line).map_err(|(span, message)| self.error(span, message))
    }

    fn waiver(&self, raw: Spanned<RawWaiver>) -> Result<Waiver, SettingsError> {
        let line = self.line(raw.span());
        let raw = raw.into_inner();
        Ok(Waiver {
            control: self.control(raw.control)?,
            resource: raw.resource,
            reason: raw.reason.0,
            owner: raw.owner.0,
            expires: raw.expires,
            line,
        })
    }

    fn refusal(&self, raw: Spanned<RawRefusal>) -> Result<Refusal, SettingsError> {
        let line = self.line(raw.span());
        let raw = raw.into_inner();
        Ok(Refusal {
            control: self.control(raw.control)?,
            resource: raw.resource,
            reason: raw.reason.0,
            date: raw.date,
            line,
        })
    }

    fn control(&self, id: Spanned<String>) -> Result<String, SettingsError> {
        if self.known_controls.contains(&id.get_ref().as_str()) {
            return Ok(id.into_inner());
        }
        let known = self.known_controls.join(", ");
        let message = format!("unknown control `{}`: expected one of {known}", id.get_ref());
        Err(self.error(id.span(), message))
    }
}

fn user(raw: RawUser) -> UserSettings {
    let default = UserSettings::default();
    UserSettings {
        uid: raw.uid.map_or(default.uid, |uid| uid.0),
        gid: raw.gid.map_or(default.gid, |gid| gid.0),
        name: raw.name.map_or(default.name, |name| name.0),
    }
}

fn classes(raw: BTreeMap<Class, RawSizes>) -> BTreeMap<Class, ClassSizes> {
    let mut classes = ClassSizes::defaults();
    for (class, raw) in raw {
        let sizes = classes.entry(class).or_insert_with(|| ClassSizes::of(class));
        sizes.tmp = raw.tmp.map_or(sizes.tmp, |size| size.0);
        sizes.cache = raw.cache.map_or(sizes.cache, |size| size.0);
        sizes.shm = raw.shm.map(|size| size.0).or(sizes.shm);
        sizes.memory = raw.memory.map(|size| size.0).or(sizes.memory);
        sizes.cpus = raw.cpus.map(|cpus| cpus.0).or(sizes.cpus.take());
        sizes.pids = raw.pids.map_or(sizes.pids, |pids| pids.0);
    }
    classes
}

fn service(raw: RawService) -> ServiceSettings {
    ServiceSettings {
        class: raw.class,
        user: raw.user.map(|user| (user.0, user.1)),
        writable: raw.writable.into_iter().map(|path| path.0).collect(),
        tmpfs: raw.tmpfs.into_iter().map(|(path, size)| (path.0, size.0)).collect(),
        capabilities: raw.capabilities.into_iter().map(|capability| capability.0).collect(),
        shm: raw.shm.map(|size| size.0),
        memory: raw.memory.map(|size| size.0),
        cpus: raw.cpus.map(|cpus| cpus.0),
        pids: raw.pids.map(|pids| pids.0),
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Settings, WaiverState};

    const CONTROLS: &[&str] = &["read-only-rootfs", "numeric-user"];

    fn parse(text: &str) -> Result<Settings, super::SettingsError> {
        Settings::parse("temper.toml", text, CONTROLS)
    }

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        let settings = parse("").unwrap();
        assert_eq!(format!("{settings:?}"), format!("{:?}", Settings::default()));
        assert_eq!((settings.user.uid, settings.user.gid), (65532, 65532));
    }

    #[test]
    fn a_class_keeps_the_defaults_that_are_not_overridden() {
        let settings = parse("[classes.gpu]\ntmp = \"4G\"\ncpus = 2.5\n").unwrap();
        let sizes = settings.sizes(Class::Gpu);
        assert_eq!((sizes.tmp, sizes.cache), (4 << 30, 10 << 30));
        assert_eq!(sizes.cpus.as_deref(), Some("2.5"));
        assert_eq!(settings.sizes(Class::Api), Settings::default().sizes(Class::Api));
    }

    #[test]
    fn a_service_says_what_it_needs() {
        let settings = parse(
            "[services.api]\nclass = \"media\"\nuser = \"1000:1000\"\nwritable = [\"/app/uploads/\"]\n\
             capabilities = [\"cap_setuid\"]\ncpus = 1\npids = 64\n[services.api.tmpfs]\n\"/run\" = \"16M\"\n",
        )
        .unwrap();
        let api = &settings.services["api"];
        assert_eq!((api.class, api.user), (Some(Class::Media), Some((1000, 1000))));
        assert_eq!(
            (&api.writable[..], &api.capabilities[..]),
            (&["/app/uploads".to_owned()][..], &["SETUID".to_owned()][..])
        );
        assert_eq!((api.tmpfs["/run"], api.pids, api.cpus.as_deref()), (16 << 20, Some(64), Some("1")));
    }

    #[test]
    fn paths_of_a_project_are_below_its_directory() {
        let settings =
            parse("[[project]]\ndirectory = \"./deploy\"\nfiles = [\"a.yml\", \"../b.yml\"]\n").unwrap();
        assert_eq!(settings.projects[0].files, ["deploy/a.yml", "b.yml"]);
    }

    #[test]
    fn the_latest_waiver_counts_and_expires_after_its_day() {
        let one = |expires: &str| {
            format!(
                "[[waiver]]\ncontrol = \"numeric-user\"\nresource = \"service/*\"\nreason = \"r\"\nowner = \"o\"\n\
                 expires = {expires}\n"
            )
        };
        let settings = parse(&format!("{}{}", one("2027-01-31"), one("\"2026-01-31\""))).unwrap();
        let state = |today: &str| {
            settings
                .waiver("numeric-user", "service/db", "c.yml", today.parse().unwrap())
                .map(|(w, s)| (w.line, s))
        };
        assert_eq!(state("2026-06-01"), Some((1, WaiverState::Active)));
        assert_eq!(state("2027-02-01"), Some((1, WaiverState::Expired)));
        assert!(settings.waiver("numeric-user", "job/x", "c.yml", "2026-06-01".parse().unwrap()).is_none());
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let waiver =
            "[[waiver]]\ncontrol = \"numeric-user\"\nresource = \"*\"\nreason = \"r\"\nowner = \"o\"\n";
        let cases = [
            "[user]\nuid = \"me\"".to_owned(),
            "[user]\nuid = 0".to_owned(),
            "[user]\nname = \"Big Boss\"".to_owned(),
            "[user]\nhome = \"/x\"".to_owned(),
            "[users]".to_owned(),
            "[classes.apis]\ntmp = \"1G\"".to_owned(),
            "[classes.api]\ntmp = \"lots\"".to_owned(),
            "[classes.api]\ntmp = 0".to_owned(),
            "[classes.api]\ncpus = -1".to_owned(),
            "[services.api]\nclass = \"gpus\"".to_owned(),
            "[services.api]\nuser = \"1000\"".to_owned(),
            "[services.api]\nwritable = [\n  \"uploads\",\n]".to_owned(),
            "[services.api]\ncapabilities = [\"SETUIDS\"]".to_owned(),
            "[services.api]\ntmpfs = { \"run\" = \"1M\" }".to_owned(),
            "[compose]\nversion = \"two\"".to_owned(),
            "[compose]\noutput = \"out/x.yml\"".to_owned(),
            "[[project]]\ndirectory = \".\"".to_owned(),
            "[[project]]\nfiles = []".to_owned(),
            "[tiers]\napi = \"172.30.1.1/24\"".to_owned(),
            "[tiers]\napi = \"172.30.0.0/16\"".to_owned(),
            "[scan]\nexclude = [\"a{b\"]".to_owned(),
            waiver.to_owned(),
            format!("{waiver}expires = \"2027-02-30\""),
            format!("{waiver}expires = 2027-01-31T10:00:00"),
            format!("{waiver}expires = 5"),
            format!("{}expires = \"2027-01-31\"", waiver.replace("owner = \"o\"", "owner = \" \"")),
            format!("{}expires = \"2027-01-31\"", waiver.replace("owner = \"o\"\n", "")),
            format!("{}expires = \"2027-01-31\"", waiver.replace("numeric-user", "numeric-users")),
            format!("{}expires = \"2027-01-31\"", waiver.replace("\"*\"", "\"[\"")),
            "[user\nuid = 5".to_owned(),
            "uid = ".to_owned(),
        ];
        let shown: Vec<String> = cases.iter().map(|case| error(case)).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        temper.toml:2:7: invalid type: string "me", expected a whole number
        temper.toml:2:7: 0 is no user id: expected 1 to 2147483647 (0 is root)
        temper.toml:2:8: `Big Boss` is no user name: expected at most 32 of a-z, 0-9, `_` and `-`, the first a letter or `_`
        temper.toml:2:1: unknown key `home`, expected one of `uid`, `gid`, `name`
        temper.toml:1:2: unknown key `users`, expected one of `user`, `compose`, `project`, `host`, `classes`, `services`, `tiers`, `scan`, `probe`, `waiver`, `refused`
        temper.toml:1:10: unknown class `apis`: expected api, worker, gpu, agent, media, data, bus or monitoring
        temper.toml:2:7: `lots` is not a size: expected a number with a unit, as in "500M" or "2G" (M is 1024 x 1024 bytes)
        temper.toml:2:7: 0 means no limit to the kernel: expected a size above zero
        temper.toml:2:8: `-1` is no number of CPUs: expected one above zero, as in 0.5
        temper.toml:2:9: unknown class `gpus`: expected api, worker, gpu, agent, media, data, bus or monitoring
        temper.toml:2:8: `1000` is no numeric user with its group: expected "uid:gid", as in "1000:1000"
        temper.toml:3:3: `uploads` is no path in a container: expected an absolute one, as in "/app/uploads"
        temper.toml:2:17: `SETUIDS` is no capability of Linux: expected a name of capabilities(7), as in "SETUID"
        temper.toml:2:11: `run` is no path in a container: expected an absolute one, as in "/app/uploads"
        temper.toml:2:11: `two` is no version: expected what `docker compose version --short` prints, as in "2.26.1"
        temper.toml:2:10: `out/x.yml` is no file name: expected a name without a directory that ends in .yml or .yaml
        temper.toml:1:1: `files` is missing here
        temper.toml:2:9: expected at least one Compose file
        temper.toml:2:7: `172.30.1.1/24` is not a subnet: expected the address of the network itself, "172.30.1.0/24"
        temper.toml:2:7: overlaps the tier `application` (172.30.2.0/24): expected a subnet of its own
        temper.toml:2:12: expected a glob as in .gitignore: error parsing glob 'a{b': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
        temper.toml:1:1: `expires` is missing here
        temper.toml:6:11: `2027-02-30` is not a date: expected year-month-day, as in "2027-01-31"
        temper.toml:6:11: `2027-01-31T10:00:00` is not a date: expected year-month-day, as in "2027-01-31"
        temper.toml:6:11: invalid type: integer `5`, expected a date as in "2027-01-31"
        temper.toml:5:9: expected a text, found an empty one
        temper.toml:1:1: `owner` is missing here
        temper.toml:2:11: unknown control `numeric-users`: expected one of read-only-rootfs, numeric-user
        temper.toml:3:12: `[` names no resource: expected "service/NAME", "*" or a glob of paths (unclosed character class; missing ']')
        temper.toml:1:6: unclosed table, expected `]`
        temper.toml:1:7: string values must be quoted, expected literal string
        "#);
    }
}
