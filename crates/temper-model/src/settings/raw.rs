//! The shape of `temper.toml`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use toml::Spanned;

use super::field::{
    Capability, ComposeVersion, ContainerPath, Cpus, Gid, Pids, Sentence, StackPath, Uid, UserAndGroup,
    UserName, YamlFileName,
};
use super::size::Size;
use super::{Class, Date, ResourcePattern, Subnet};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSettings {
    pub(super) user: RawUser,
    pub(super) compose: RawCompose,
    pub(super) project: Vec<RawProject>,
    pub(super) host: RawHost,
    pub(super) classes: BTreeMap<Class, RawSizes>,
    pub(super) services: IndexMap<String, RawService>,
    pub(super) tiers: RawTiers,
    pub(super) scan: RawScan,
    pub(super) probe: Vec<Spanned<RawProbe>>,
    pub(super) waiver: Vec<Spanned<RawWaiver>>,
    pub(super) refused: Vec<Spanned<RawRefusal>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawUser {
    pub(super) uid: Option<Uid>,
    pub(super) gid: Option<Gid>,
    pub(super) name: Option<UserName>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCompose {
    pub(super) version: Option<ComposeVersion>,
    pub(super) output: Option<YamlFileName>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProject {
    #[serde(default)]
    pub(super) directory: Option<StackPath>,
    pub(super) files: Spanned<Vec<StackPath>>,
    #[serde(default)]
    pub(super) profiles: Vec<Sentence>,
    #[serde(default)]
    pub(super) env_files: Vec<StackPath>,
    #[serde(default)]
    pub(super) name: Option<Sentence>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawHost {
    pub(super) memory: Option<Size>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSizes {
    pub(super) tmp: Option<Size>,
    pub(super) cache: Option<Size>,
    pub(super) shm: Option<Size>,
    pub(super) memory: Option<Size>,
    pub(super) cpus: Option<Cpus>,
    pub(super) pids: Option<Pids>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawService {
    pub(super) class: Option<Class>,
    pub(super) user: Option<UserAndGroup>,
    pub(super) writable: Vec<ContainerPath>,
    pub(super) tmpfs: BTreeMap<ContainerPath, Size>,
    pub(super) capabilities: Vec<Capability>,
    pub(super) shm: Option<Size>,
    pub(super) memory: Option<Size>,
    pub(super) cpus: Option<Cpus>,
    pub(super) pids: Option<Pids>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawTiers {
    pub(super) api: Option<Spanned<Subnet>>,
    pub(super) application: Option<Spanned<Subnet>>,
    pub(super) bus: Option<Spanned<Subnet>>,
    pub(super) data: Option<Spanned<Subnet>>,
    pub(super) monitoring: Option<Spanned<Subnet>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawScan {
    pub(super) exclude: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProbe {
    pub(super) service: Sentence,
    #[serde(default)]
    pub(super) url: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) port: Option<Spanned<i64>>,
    #[serde(default)]
    pub(super) method: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) status: Option<Spanned<i64>>,
    #[serde(default)]
    pub(super) body: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) headers: IndexMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub(super) exec: Option<Spanned<Vec<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWaiver {
    pub(super) control: Spanned<String>,
    pub(super) resource: ResourcePattern,
    pub(super) reason: Sentence,
    pub(super) owner: Sentence,
    pub(super) expires: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRefusal {
    pub(super) control: Spanned<String>,
    pub(super) resource: ResourcePattern,
    pub(super) reason: Sentence,
    pub(super) date: Date,
}
