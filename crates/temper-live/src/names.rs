//! Labels and names that temper and Compose put on what they make.

/// Compose: the project. Source: docker/compose `pkg/api/labels.go`.
pub const PROJECT: &str = "com.docker.compose.project";
/// Compose: the service.
pub const SERVICE: &str = "com.docker.compose.service";
/// Compose: number of the container in its service, from 1.
pub const NUMBER: &str = "com.docker.compose.container-number";
/// Compose: `True` for containers of `docker compose run`.
pub const ONE_OFF: &str = "com.docker.compose.oneoff";
/// On everything that temper makes and removes again: the run it belongs to, so that nothing is left behind and nothing
/// else is removed.
pub const RUN: &str = "io.temper.run";
/// On everything that only serves a trial or a translation of a run and is removed when it is over, whatever happens.
pub const SCRATCH: &str = "io.temper.scratch";
/// Compose: hash over the configuration of the service, by which it knows whether a container is up to date.
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// Compose: absolute paths of the files, separated by commas.
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
/// Compose: id of the image.
pub const IMAGE: &str = "com.docker.compose.image";
/// Compose: its version.
pub const VERSION: &str = "com.docker.compose.version";
/// Compose: the container that this one was about to replace.
pub const REPLACE: &str = "com.docker.compose.replace";

/// True for text in the form of the ids that the engine gives: 64 hexadecimal digits. Volumes without a name have one too.
pub(crate) fn is_engine_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
