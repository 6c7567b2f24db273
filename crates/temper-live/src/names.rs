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
