//! Which paths a service writes, and why that is believed.

use std::collections::BTreeMap;

use temper_model::compose::Service;
use temper_model::{ClassSizes, Stack};

use crate::condition::is_written;
use crate::cover;
use crate::frameworks::{Unwritable, Write};
use crate::images::{self, Match, PathNeed, Size};
use crate::profile::{ImageSource, PathKind, Redirect, WritablePath};
use crate::recognise::Recognised;
use crate::source;
use crate::{Evidence, EvidenceKind};

const MIB: u64 = 1024 * 1024;

/// What `images/` and `frameworks/` call a medium size.
const MEDIUM_CACHE: u64 = 256 * MIB;

/// Size of a cache whose models live in a volume of their own: what is left is small (R5 begins at 50 MB).
const CACHE_BESIDE_MODELS: u64 = 512 * MIB;

/// Everything that decides where a service writes.
pub(crate) struct Setting<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) service: &'a Service,
    pub(crate) image: &'a ImageSource,
    pub(crate) frameworks: &'a [Recognised],
    pub(crate) sizes: &'a ClassSizes,
    /// Uid and gid that the service process has once it is hardened; root when that is not known.
    pub(crate) ids: (u32, u32),
    /// Home directory of that user, when known.
    pub(crate) home: Option<&'a str>,
    /// The build puts browsers or models into the cache directory: a tmpfs there would hide them.
    pub(crate) fills_cache: bool,
}

/// The writable paths of a service, sorted, and the variables that would move some of them.
pub(crate) fn of(setting: &Setting<'_>) -> (Vec<WritablePath>, Vec<Redirect>) {
    let mut paths = Paths { setting, found: BTreeMap::new(), redirects: Vec::new() };
    paths.add_tmp();
    paths.add_image();
    paths.add_dockerfile();
    paths.add_frameworks();
    paths.add_cache();
    paths.add_scripts();
    paths.add_settings();
    paths.finish()
}

struct Paths<'a> {
    setting: &'a Setting<'a>,
    found: BTreeMap<String, WritablePath>,
    redirects: Vec<Redirect>,
}

impl Paths<'_> {
    /// Two reasons for one path are both kept; the larger size and the stricter kind win.
    fn add(
        &mut self,
        path: &str,
        kind: PathKind,
        size: u64,
        exec: bool,
        evidence: Evidence,
    ) -> &mut WritablePath {
        let ids = self.setting.ids;
        let path = cover::canonical(path);
        let mode = if kind == PathKind::Tmp { 0o1777 } else { default_mode(kind) };
        let entry = self.found.entry(path.clone()).or_insert_with(|| WritablePath {
            path,
            kind,
            size,
            exec,
            owner: ids,
            mode,
            cover: None,
            assumed: false,
            pinned: false,
            evidence: Vec::new(),
        });
        entry.assumed = false;
        entry.kind = entry.kind.max(kind);
        entry.size = entry.size.max(size);
        entry.exec |= exec;
        if !entry.evidence.contains(&evidence) {
            entry.evidence.push(evidence);
        }
        entry
    }

    /// Every language runtime makes temporary files in `/tmp` when it is asked for one (POSIX, `tmpfile`).
    fn add_tmp(&mut self) {
        let evidence = Evidence::general(EvidenceKind::KnownImage, "temporary files");
        self.add("/tmp", PathKind::Tmp, self.setting.sizes.tmp, false, evidence).assumed = true;
    }

    fn add_image(&mut self) {
        let entry = match self.setting.image {
            ImageSource::Known { entry, .. } => entry,
            ImageSource::Built { base: Some(base), .. } => base,
            _ => return,
        };
        for need in &entry.image.paths {
            if is_written(need, self.setting.service, self.setting.image) {
                self.add_need(entry, need);
            }
        }
    }

    fn add_need(&mut self, entry: &Match, need: &PathNeed) {
        let ids = self.setting.ids;
        let size = self.size_of(kind_of(need.kind), need.size);
        let evidence =
            Evidence::general(EvidenceKind::KnownImage, format!("image {}: {}", entry.image.id, need.reason));
        let owner = entry.image.owner_of(need, ids).unwrap_or(ids);
        let mode = need.mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
        let path = self.add(&need.path, kind_of(need.kind), size, need.exec, evidence);
        path.owner = owner;
        path.mode = mode.unwrap_or(path.mode);
    }

    /// A directory that the Dockerfile declares a volume, or gives to a user, is there to be written.
    fn add_dockerfile(&mut self) {
        let ImageSource::Built { facts, .. } = self.setting.image else { return };
        for volume in source::volumes(facts) {
            let evidence = Evidence::general(EvidenceKind::Source, format!("VOLUME {volume}"));
            self.add(&volume, PathKind::State, 0, false, evidence);
        }
        for (path, why) in source::given_directories(facts) {
            // Code that is given to the user is not thereby written (failure-mode 6).
            if source::holds_code(facts, &path) || self.setting.home == Some(path.as_str()) {
                continue;
            }
            let kind = kind_by_place(&path);
            let size = self.size_of(kind, Size::Medium);
            self.add(&path, kind, size, false, Evidence::general(EvidenceKind::Source, why));
        }
    }

    fn add_frameworks(&mut self) {
        for found in self.setting.frameworks {
            for write in &found.framework.writes {
                self.add_write(found, write);
            }
        }
    }

    fn add_write(&mut self, found: &Recognised, write: &Write) {
        if !is_planned(write) {
            return;
        }
        if let Some(path) = self.moved_by_variable(write) {
            self.add_framework_path(found, write, &path);
            return;
        }
        let beside_code = write.path.as_str().starts_with("$WORKDIR/");
        match kind_of(write.kind) {
            // A folder beside the code is used only by some programs; the Dockerfile that makes it says so.
            PathKind::State if beside_code => return,
            PathKind::Cache if beside_code => {
                self.redirect(found, write, "it would write beside the code");
                return;
            }
            _ => {}
        }
        let home = self.setting.home.filter(|home| usable_home(home));
        let lookup = |name: &str| match name {
            "HOME" => home.map(str::to_owned),
            "WORKDIR" => self.workdir(),
            name => self.variable(name),
        };
        match write.path.expand(lookup) {
            Some(path) => self.add_framework_path(found, write, &path),
            // Home is not known or not writable: the variable leads to a place that is (failure-mode 4).
            None => self.redirect(found, write, "its home directory cannot be written"),
        }
    }

    fn add_framework_path(&mut self, found: &Recognised, write: &Write, path: &str) {
        // That a framework may write beside the code is no reason to hide the code (failure-mode 6).
        if self.hides_image_content(path) {
            return;
        }
        // Settings of a framework are made anew when they are not there; those of an image are not.
        let kind = match kind_of(write.kind) {
            PathKind::Config => PathKind::Cache,
            kind => kind,
        };
        let size = self.size_of(kind, write.size);
        let mut evidence = found.evidence.clone();
        evidence.detail = format!("{}; {}", evidence.detail, write.reason);
        self.add(path, kind, size, write.exec, evidence);
    }

    fn hides_image_content(&self, path: &str) -> bool {
        match self.setting.image {
            ImageSource::Built { facts, .. } => source::holds_code(facts, path),
            _ => false,
        }
    }

    fn redirect(&mut self, found: &Recognised, write: &Write, why: &str) {
        let Some(variable) = write
            .redirects
            .iter()
            .filter(|redirect| redirect.off.is_none())
            .find_map(|redirect| redirect.variable.as_ref())
        else {
            return;
        };
        let place = if kind_of(write.kind) == PathKind::Model { "/models" } else { "/tmp" };
        let value = format!("{place}/{}", found.framework.id);
        if kind_of(write.kind) == PathKind::Model {
            self.add_framework_path(found, write, place);
        }
        let mut evidence = found.evidence.clone();
        evidence.detail = format!("{}; {why}", evidence.detail);
        self.redirects.push(Redirect { variable: variable.clone(), value, evidence: vec![evidence] });
    }

    /// Where a variable that is set already moves a write to.
    fn moved_by_variable(&self, write: &Write) -> Option<String> {
        write.redirects.iter().find_map(|redirect| {
            let value = self.variable(redirect.variable.as_deref()?)?;
            value.starts_with('/').then_some(value)
        })
    }

    fn add_cache(&mut self) {
        let ImageSource::Built { .. } = self.setting.image else { return };
        let Some(home) = self.setting.home.filter(|home| usable_home(home)) else { return };
        let cache = self.variable("XDG_CACHE_HOME").unwrap_or_else(|| format!("{home}/.cache"));
        if self.setting.fills_cache || self.hides_image_content(&cache) {
            return;
        }
        let evidence = Evidence::general(EvidenceKind::Source, "cache directory of the user");
        let known = self.found.get(&cover::canonical(&cache)).is_some_and(|path| !path.assumed);
        self.add(&cache, PathKind::Cache, self.setting.sizes.cache, false, evidence).assumed = !known;
    }

    /// What the start scripts write. Where that is not a directory for run files or caches, the image may have files there
    /// that belong to its program, so only somebody who knows them can say what to mount.
    fn add_scripts(&mut self) {
        let Some(scripts) = source::start_scripts(self.setting.stack, self.setting.service) else { return };
        for write in &scripts.writes {
            let path = cover::canonical(&write.path);
            let directory = if write.directory {
                path.as_str()
            } else {
                path.rsplit_once('/').map_or("", |(above, _)| above)
            };
            let directory = if directory.is_empty() { "/" } else { directory };
            let of_engine = ["/dev", "/proc", "/sys"].iter().any(|system| cover::holds(system, directory));
            let covered =
                self.found.values().any(|known| !known.assumed && cover::holds(&known.path, directory));
            if of_engine || covered || cover::holds("/tmp", directory) {
                continue;
            }
            let kind = kind_by_place(directory);
            let size = self.size_of(kind, Size::Small);
            let evidence =
                Evidence::general(EvidenceKind::Source, format!("{} writes {}", write.script, write.path));
            let new = !self.found.contains_key(directory);
            let found = self.add(directory, kind, size, false, evidence);
            if new {
                found.assumed = write.conditional;
                found.pinned = kind.needs_volume();
            } else if !write.conditional {
                found.assumed = false;
            }
        }
    }

    fn add_settings(&mut self) {
        let Some(settings) = self.setting.stack.settings.services.get(&self.setting.service.name) else {
            return;
        };
        for path in &settings.writable {
            let kind = kind_by_place(path);
            let size = self.size_of(kind, Size::Medium);
            self.add(
                path,
                kind,
                size,
                false,
                Evidence::general(EvidenceKind::Declared, "set in temper.toml"),
            )
            .pinned = false;
        }
        for (path, size) in &settings.tmpfs {
            let evidence = Evidence::general(EvidenceKind::Declared, "size set in temper.toml");
            let entry = self.add(path, PathKind::Tmp, *size, false, evidence);
            entry.size = *size;
        }
    }

    fn finish(self) -> (Vec<WritablePath>, Vec<Redirect>) {
        let Setting { service, image, .. } = self.setting;
        let volumes = image_volumes(image);
        let models: Vec<String> = self
            .found
            .values()
            .filter(|path| path.kind == PathKind::Model)
            .map(|path| path.path.clone())
            .collect();
        let mut paths: Vec<WritablePath> = Vec::new();
        let logs = console_logs(image);
        let to_console = |path: &WritablePath| {
            path.kind == PathKind::Log && logs.iter().any(|log| cover::holds(log, &path.path))
        };
        for mut path in self.found.into_values().filter(|path| !to_console(path)) {
            path.cover = cover::of(service, &path.path, &volumes);
            let holds_models = models.iter().any(|model| cover::holds(&path.path, model));
            if path.kind == PathKind::Cache && holds_models {
                path.size = path.size.min(CACHE_BESIDE_MODELS);
            }
            let inside = |above: &&mut WritablePath| shares_place(above, &path);
            // A cache below a tmpfs that is planned anyway needs no mount of its own.
            match paths.iter_mut().find(inside) {
                Some(above) => {
                    above.size = above.size.max(path.size.min(self.setting.sizes.tmp));
                    above.exec |= path.exec;
                    above.assumed &= path.assumed;
                    above.evidence.extend(path.evidence);
                }
                None => paths.push(path),
            }
        }
        (paths, self.redirects)
    }

    fn variable(&self, name: &str) -> Option<String> {
        let set = self.setting.service.environment.get(name);
        match set {
            Some(variable) if variable.missing.is_empty() => variable.value.clone(),
            Some(_) => None,
            None => match self.setting.image {
                ImageSource::Built { facts, .. } => source::variable(facts, name),
                _ => None,
            },
        }
    }

    fn workdir(&self) -> Option<String> {
        let set = self.setting.service.working_dir.as_ref().and_then(|set| set.known().cloned());
        set.or_else(|| match self.setting.image {
            ImageSource::Built { facts, .. } => source::workdir(facts),
            _ => None,
        })
    }

    fn size_of(&self, kind: PathKind, size: Size) -> u64 {
        match (kind, size) {
            (PathKind::State | PathKind::Model, _) => 0,
            (_, Size::Small) => 16 * MIB,
            (PathKind::Tmp, _) => self.setting.sizes.tmp,
            (PathKind::Cache, Size::Medium) => self.setting.sizes.cache.min(MEDIUM_CACHE),
            (PathKind::Cache, Size::Large) => self.setting.sizes.cache,
            (_, Size::Medium) => 64 * MIB,
            (_, Size::Large) => self.setting.sizes.tmp,
        }
    }
}

/// True when a mount for the write is worth planning: the program fails without it, or gets slower.
fn is_planned(write: &Write) -> bool {
    let volatile = matches!(write.kind, images::PathKind::Tmp | images::PathKind::Cache);
    let matters = match write.unwritable {
        Unwritable::Fails | Unwritable::Slower => true,
        Unwritable::Unknown => volatile,
        Unwritable::FallsBack | Unwritable::Ignored => false,
    };
    matters && !write.file && !write.baked
}

/// True when what is written to `below` may live in the mount of `above`.
fn shares_place(above: &WritablePath, below: &WritablePath) -> bool {
    !above.pinned
        && above.kind.needs_volume() == below.kind.needs_volume()
        && above.cover == below.cover
        && above.owner == below.owner
        && cover::holds(&above.path, &below.path)
}

/// Directories of the image, or of the one it is built on, whose log files are links to the console.
fn console_logs(image: &ImageSource) -> &[String] {
    match image {
        ImageSource::Known { entry, .. } | ImageSource::Built { base: Some(entry), .. } => {
            &entry.image.console_logs
        }
        _ => &[],
    }
}

/// Volumes that the engine makes by itself because the image declares them.
fn image_volumes(image: &ImageSource) -> Vec<String> {
    let entry = match image {
        ImageSource::Known { entry, .. } => Some(entry),
        ImageSource::Built { base, .. } => base.as_ref(),
        _ => None,
    };
    let declared = entry.into_iter().flat_map(|entry| &entry.image.paths).filter(|need| need.volume);
    let mut volumes: Vec<String> = declared.map(|need| need.path.clone()).collect();
    if let ImageSource::Built { facts, .. } = image {
        volumes.extend(source::volumes(facts));
    }
    volumes
}

/// Home directories that no cache can be put below (Debian gives system users `/nonexistent`).
fn usable_home(home: &str) -> bool {
    home.starts_with('/') && !matches!(home, "/" | "/nonexistent" | "/dev/null" | "/sbin" | "/bin")
}

fn kind_of(kind: images::PathKind) -> PathKind {
    match kind {
        images::PathKind::State | images::PathKind::Data => PathKind::State,
        images::PathKind::Cache => PathKind::Cache,
        images::PathKind::Run => PathKind::Run,
        images::PathKind::Tmp => PathKind::Tmp,
        images::PathKind::Config => PathKind::Config,
        images::PathKind::Log => PathKind::Log,
        images::PathKind::Model => PathKind::Model,
    }
}

/// What a directory is for by the Filesystem Hierarchy Standard 3.0; what it does not know is kept.
fn kind_by_place(path: &str) -> PathKind {
    let path = cover::canonical(path);
    let below = |directory: &str| cover::holds(directory, &path);
    if below("/tmp") || below("/var/tmp") {
        PathKind::Tmp
    } else if below("/run") {
        PathKind::Run
    } else if below("/var/log") {
        PathKind::Log
    } else if below("/var/cache") || path.split('/').any(|part| part == ".cache") {
        PathKind::Cache
    } else {
        PathKind::State
    }
}

fn default_mode(kind: PathKind) -> u32 {
    match kind {
        PathKind::Tmp => 0o1777,
        PathKind::Run | PathKind::Log | PathKind::Config => 0o755,
        PathKind::Cache | PathKind::Model | PathKind::State => 0o700,
    }
}
