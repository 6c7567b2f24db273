//! Values of `temper.toml` that need more than a type; each says what it expects.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::{BadSubnet, Class, ResourcePattern, Subnet, UnknownClass};
use crate::container::CAPABILITIES;

/// A value that is written as a string.
pub(super) trait FromText: Sized {
    /// Reads it; the error says what was expected.
    fn from_text(text: &str) -> Result<Self, String>;
}

/// Reads inside the visitor, not after it: only so does the error get the place of this very value, and not that of
/// the list or table that holds it.
pub(super) struct TextVisitor<T>(pub(super) PhantomData<T>);

impl<T: FromText> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).map_err(E::custom)
    }
}

macro_rules! deserialize_from_text {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(TextVisitor(PhantomData))
            }
        }
    )*};
}

deserialize_from_text!(
    UserAndGroup,
    UserName,
    Sentence,
    ContainerPath,
    StackPath,
    YamlFileName,
    ComposeVersion,
    Capability,
    Class,
    Subnet,
    ResourcePattern
);

impl FromText for Class {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: UnknownClass| error.to_string())
    }
}

impl FromText for Subnet {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: BadSubnet| error.to_string())
    }
}

impl FromText for ResourcePattern {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text).map_err(|error| error.to_string())
    }
}

/// `maxID` of the user lookup in moby/sys/user, which reads `user:` for Docker.
const MAX_ID: u32 = i32::MAX as u32;

/// A user id that is not root's.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Uid(pub(super) u32);

impl TryFrom<i64> for Uid {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        match u32::try_from(number) {
            Ok(uid @ 1..=MAX_ID) => Ok(Self(uid)),
            _ => Err(format!("{number} is no user id: expected 1 to {MAX_ID} (0 is root)")),
        }
    }
}

/// A group id. Group 0 is allowed: images for OpenShift rely on it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Gid(pub(super) u32);

impl TryFrom<i64> for Gid {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        match u32::try_from(number) {
            Ok(gid @ 0..=MAX_ID) => Ok(Self(gid)),
            _ => Err(format!("{number} is no group id: expected 0 to {MAX_ID}")),
        }
    }
}

/// `"uid:gid"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct UserAndGroup(pub(super) u32, pub(super) u32);

impl FromText for UserAndGroup {
    fn from_text(text: &str) -> Result<Self, String> {
        let id = |part: &str| part.parse::<u32>().ok().filter(|id| *id <= MAX_ID);
        // The group is asked for because Docker takes group 0 for a number alone.
        text.split_once(':').and_then(|(uid, gid)| Some(Self(id(uid)?, id(gid)?))).ok_or_else(|| {
            format!("`{text}` is no numeric user with its group: expected \"uid:gid\", as in \"1000:1000\"")
        })
    }
}

/// The name of a user or group that `useradd` accepts (useradd(8), CAVEATS).
#[derive(Debug, Clone)]
pub(super) struct UserName(pub(super) String);

impl FromText for UserName {
    fn from_text(name: &str) -> Result<Self, String> {
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let rest = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
        match first && rest && name.len() <= 32 {
            true if name == "root" => {
                Err("`root` is the user to get away from: expected another name".to_owned())
            }
            true => Ok(Self(name.to_owned())),
            false => Err(format!(
                "`{name}` is no user name: expected at most 32 of a-z, 0-9, `_` and `-`, the first a letter or `_`"
            )),
        }
    }
}

/// A text that says something.
#[derive(Debug, Clone)]
pub(super) struct Sentence(pub(super) String);

impl FromText for Sentence {
    fn from_text(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Err("expected a text, found an empty one".to_owned()),
            trimmed => Ok(Self(trimmed.to_owned())),
        }
    }
}

/// An absolute path in a container, without `.` and `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ContainerPath(pub(super) String);

impl FromText for ContainerPath {
    fn from_text(text: &str) -> Result<Self, String> {
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        match text.trim_end_matches('/').strip_prefix('/') {
            Some(rest) if rest.split('/').all(plain) => Ok(Self(format!("/{rest}"))),
            _ => Err(format!(
                "`{text}` is no path in a container: expected an absolute one, as in \"/app/uploads\""
            )),
        }
    }
}

/// A path below the root of the stack, or above it with `..`.
#[derive(Debug, Clone)]
pub(super) struct StackPath(pub(super) String);

impl FromText for StackPath {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.starts_with('/') || text.contains('\\') {
            return Err(format!(
                "`{text}` is no path of the stack: expected a relative one with `/` between parts"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The name of a YAML file, without a directory.
#[derive(Debug, Clone)]
pub(super) struct YamlFileName(pub(super) String);

impl FromText for YamlFileName {
    fn from_text(text: &str) -> Result<Self, String> {
        let stem = text.strip_suffix(".yml").or_else(|| text.strip_suffix(".yaml"));
        match stem {
            Some(stem) if !stem.is_empty() && !text.contains(['/', '\\']) => Ok(Self(text.to_owned())),
            _ => Err(format!(
                "`{text}` is no file name: expected a name without a directory that ends in .yml or .yaml"
            )),
        }
    }
}

/// A version of Docker Compose.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComposeVersion(pub(super) (u32, u32, u32));

impl FromText for ComposeVersion {
    fn from_text(text: &str) -> Result<Self, String> {
        let parts: Option<Vec<u32>> =
            text.split('.').map(|part| part.parse().ok().filter(|_| !part.starts_with('+'))).collect();
        match parts.as_deref() {
            Some([major, minor]) => Ok(Self((*major, *minor, 0))),
            Some([major, minor, patch]) => Ok(Self((*major, *minor, *patch))),
            _ => Err(format!(
                "`{text}` is no version: expected what `docker compose version --short` prints, as in \"2.26.1\""
            )),
        }
    }
}

/// A capability, without `CAP_`, in capitals.
#[derive(Debug, Clone)]
pub(super) struct Capability(pub(super) String);

impl FromText for Capability {
    fn from_text(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        if CAPABILITIES.contains(&name) {
            return Ok(Self(name.to_owned()));
        }
        Err(format!(
            "`{text}` is no capability of Linux: expected a name of capabilities(7), as in \"SETUID\""
        ))
    }
}

/// A number of CPUs, written as `0.5` or `"0.5"`.
#[derive(Debug, Clone)]
pub(super) struct Cpus(pub(super) String);

impl<'de> Deserialize<'de> for Cpus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CpusVisitor)
    }
}

struct CpusVisitor;

impl Visitor<'_> for CpusVisitor {
    type Value = Cpus;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of CPUs as in 0.5")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Cpus, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Cpus, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cpus, E> {
        // Docker counts in thousandths: less than 0.001 would be no limit (moby, `NanoCPUs`).
        let number = text.parse::<f64>().ok().filter(|number| (0.001..=8192.0).contains(number));
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match number {
            Some(_) if plain => Ok(Cpus(text.to_owned())),
            _ => Err(E::custom(format!("`{text}` is no number of CPUs: expected one above zero, as in 0.5"))),
        }
    }
}

/// A limit of processes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Pids(pub(super) u64);

impl TryFrom<i64> for Pids {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        match u64::try_from(number) {
            Ok(pids @ 1..) => Ok(Self(pids)),
            _ => Err(format!(
                "{number} is no limit of processes: expected one above zero (0 and -1 mean no limit)"
            )),
        }
    }
}
