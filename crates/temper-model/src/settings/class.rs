use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// What kind of work a service does; it decides the sizes of what the service may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Answers requests.
    Api,
    /// Takes jobs from a queue or runs by the clock.
    Worker,
    /// Computes on a GPU; keeps models in its cache.
    Gpu,
    /// Runs agents: browsers, tools, code that it is given.
    Agent,
    /// Downloads or converts media; needs much scratch space.
    Media,
    /// Keeps data: databases, object stores, search.
    Data,
    /// Carries messages.
    Bus,
    /// Observes the others.
    Monitoring,
}

impl Class {
    /// Every class, in the order in which people list them.
    pub const ALL: [Self; 8] = [
        Self::Api,
        Self::Worker,
        Self::Gpu,
        Self::Agent,
        Self::Media,
        Self::Data,
        Self::Bus,
        Self::Monitoring,
    ];

    /// The name in `temper.toml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Gpu => "gpu",
            Self::Agent => "agent",
            Self::Media => "media",
            Self::Data => "data",
            Self::Bus => "bus",
            Self::Monitoring => "monitoring",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The name of no class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown class `{0}`: expected api, worker, gpu, agent, media, data, bus or monitoring")]
pub struct UnknownClass(pub String);

impl FromStr for Class {
    type Err = UnknownClass;

    fn from_str(name: &str) -> Result<Self, UnknownClass> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == name)
            .ok_or_else(|| UnknownClass(name.to_owned()))
    }
}

/// How much a service of one class may write and use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassSizes {
    /// tmpfs on `/tmp`, bytes.
    pub tmp: u64,
    /// tmpfs on the cache directory of the user, bytes.
    pub cache: u64,
    /// `/dev/shm`, bytes. `None`: the 64 MiB that Docker gives.
    pub shm: Option<u64>,
    /// Memory limit, bytes. `None`: nobody said and nothing was measured, so no limit is written.
    ///
    /// What a service writes to a tmpfs counts towards it (kernel, `Documentation/admin-guide/cgroup-v2.rst`, `shmem`).
    pub memory: Option<u64>,
    /// CPU limit as Compose takes it: `"0.5"`. `None`: nobody said and nothing was measured.
    pub cpus: Option<String>,
    /// Limit of processes and threads.
    pub pids: u64,
}

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// Podman's own default (`pids_limit` in containers.conf(5)); Docker's is no limit at all.
const DEFAULT_PIDS: u64 = 2048;

impl ClassSizes {
    /// The sizes of a class when `temper.toml` says nothing.
    ///
    /// `/tmp` and cache stay within 500M-10G and 50M-10G (R4, R5). The numbers for api, worker, gpu, agent and media
    /// were chosen by a team that hardened a stack of 53 services by hand; where it chose two, the larger is
    /// taken, because a tmpfs uses memory only for what is written while a full one breaks the service. Data, bus
    /// and monitoring keep their data in volumes and get the lower bounds.
    #[must_use]
    pub fn of(class: Class) -> Self {
        let (tmp, cache, shm) = match class {
            Class::Api => (500 * MIB, 200 * MIB, None),
            Class::Worker => (500 * MIB, 100 * MIB, None),
            Class::Gpu => (2 * GIB, 10 * GIB, Some(4 * GIB)),
            Class::Agent => (GIB, 2 * GIB, None),
            Class::Media => (10 * GIB, 500 * MIB, None),
            Class::Data | Class::Bus | Class::Monitoring => (500 * MIB, 50 * MIB, None),
        };
        Self { tmp, cache, shm, memory: None, cpus: None, pids: DEFAULT_PIDS }
    }

    /// The sizes of every class when `temper.toml` says nothing.
    #[must_use]
    pub fn defaults() -> BTreeMap<Class, Self> {
        Class::ALL.into_iter().map(|class| (class, Self::of(class))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, ClassSizes, GIB, MIB};

    #[test]
    fn every_class_reads_back_from_its_name() {
        for class in Class::ALL {
            assert_eq!(class.to_string().parse(), Ok(class));
        }
        assert!("API".parse::<Class>().is_err());
    }

    #[test]
    fn defaults_stay_within_the_required_ranges() {
        for (class, sizes) in ClassSizes::defaults() {
            assert!((500 * MIB..=10 * GIB).contains(&sizes.tmp), "{class}: /tmp");
            assert!((50 * MIB..=10 * GIB).contains(&sizes.cache), "{class}: cache");
        }
    }
}
