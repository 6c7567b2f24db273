//! The controls, one a file. To add one: write its file, add it to the two lists below, write its cases in
//! `tests/controls/<id>.md`. A test checks that nothing was forgotten.

use temper_fit::Profile;
use temper_model::compose::{Project, Service};
use temper_model::container::Container;
use temper_model::{Dockerfile, ProjectGroup, Stack};

use crate::{Meta, Verdicts};

mod apparmor_profile;
mod dangerous_capabilities;
mod default_credentials;
mod devices_and_groups;
mod dockerignore;
mod drop_capabilities;
mod effective_environment;
mod healthcheck;
mod no_host_namespaces;
mod no_new_privileges;
mod no_privileged;
mod no_runtime_socket;
mod no_sensitive_mounts;
mod non_root_user;
mod numeric_user;
mod overlay_consistency;
mod pinned_image;
mod published_ports;
mod read_only_rootfs;
mod resource_limits;
mod seccomp_profile;
mod shared;
mod shared_memory;
mod tmpfs_budget;
mod tmpfs_options;
mod user_drift;
mod volume_ownership;
mod writable_paths;

/// Every control, in the order in which findings are shown.
pub const ALL: &[&dyn Control] = &[
    &no_privileged::NoPrivileged,
    &drop_capabilities::DropCapabilities,
    &dangerous_capabilities::DangerousCapabilities,
    &no_new_privileges::NoNewPrivileges,
    &no_host_namespaces::NoHostNamespaces,
    &no_runtime_socket::NoRuntimeSocket,
    &no_sensitive_mounts::NoSensitiveMounts,
    &seccomp_profile::SeccompProfile,
    &apparmor_profile::ApparmorProfile,
    &devices_and_groups::DevicesAndGroups,
    &default_credentials::DefaultCredentials,
    &non_root_user::NonRootUser,
    &numeric_user::NumericUser,
    &user_drift::UserDrift,
    &read_only_rootfs::ReadOnlyRootfs,
    &writable_paths::WritablePaths,
    &resource_limits::ResourceLimits,
    &healthcheck::Healthcheck,
    &pinned_image::PinnedImage,
    &published_ports::PublishedPorts,
    &effective_environment::EffectiveEnvironment,
    &overlay_consistency::OverlayConsistency,
    &dockerignore::Dockerignore,
    &tmpfs_options::TmpfsOptions,
    &shared_memory::SharedMemory,
    &tmpfs_budget::TmpfsBudget,
    &volume_ownership::VolumeOwnership,
];

/// The control of that identifier.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Control> {
    ALL.iter().copied().find(|control| control.meta().id == id)
}

/// True when the name of a variable says that it holds a credential: outputs never show its value.
#[must_use]
pub fn is_credential(name: &str) -> bool {
    shared::credentials::kind_of(name).is_some()
}

/// One security requirement, with the same meaning on every surface.
///
/// Each hook looks at one resource and says `pass`, `fail` or `unknown` of it; saying nothing means that the
/// control does not apply. Hooks read the model and never text.
pub trait Control: Sync {
    /// What the control is.
    fn meta(&self) -> &'static Meta;

    /// Looks at one Compose service.
    fn service(&self, _: &ServiceContext<'_>, _: &mut Verdicts) {}

    /// Looks at a Compose project as a whole.
    fn project(&self, _: &ProjectContext<'_>, _: &mut Verdicts) {}

    /// Looks at one Dockerfile.
    fn dockerfile(&self, _: &DockerfileContext<'_>, _: &mut Verdicts) {}

    /// Looks at one running container: what the engine and the kernel say of it, and what happened at attempts. A pass
    /// means that it was seen to hold, not that it was configured.
    fn container(&self, _: &ContainerContext<'_>, _: &mut Verdicts) {}
}

/// A Compose service and what is around it.
#[derive(Debug, Clone, Copy)]
pub struct ServiceContext<'a> {
    /// The whole stack.
    pub stack: &'a Stack,
    /// The project with its overlays.
    pub group: &'a ProjectGroup,
    /// The project.
    pub project: &'a Project,
    /// Index of the project in the stack.
    pub index: usize,
    /// The service.
    pub service: &'a Service,
    /// What it needs.
    pub profile: &'a Profile,
}

/// A Compose project and what is around it.
#[derive(Debug, Clone, Copy)]
pub struct ProjectContext<'a> {
    /// The whole stack.
    pub stack: &'a Stack,
    /// The project with its overlays.
    pub group: &'a ProjectGroup,
    /// The project.
    pub project: &'a Project,
    /// Index of the project in the stack.
    pub index: usize,
    /// Profiles, in the order of the services.
    pub profiles: &'a [Profile],
}

/// A Dockerfile and what is around it.
#[derive(Debug, Clone, Copy)]
pub struct DockerfileContext<'a> {
    /// The whole stack.
    pub stack: &'a Stack,
    /// The Dockerfile.
    pub dockerfile: &'a Dockerfile,
}

/// A running container and what is around it.
#[derive(Debug, Clone, Copy)]
pub struct ContainerContext<'a> {
    /// The service that it belongs to, as the files have it.
    pub service: ServiceContext<'a>,
    /// What was observed of it.
    pub container: &'a Container,
}
