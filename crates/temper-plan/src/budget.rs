//! Memory that tmpfs mounts may use (R40, failure-mode 8).

use temper_model::Stack;
use temper_model::compose::{Project, Service};

use crate::{Budget, OverLimit};

/// The budget of every project that has tmpfs mounts of a known size.
pub(crate) fn budgets(stack: &Stack) -> Vec<Budget> {
    let projects = stack.projects.iter().enumerate();
    projects
        .map(|(index, group)| Budget {
            project: index,
            tmpfs: enabled(&group.project).map(tmpfs).fold(0, u64::saturating_add),
            host: stack.settings.host_memory,
            over_limit: enabled(&group.project).filter_map(over_limit).collect(),
        })
        .filter(|budget| budget.tmpfs > 0)
        .collect()
}

fn enabled(project: &Project) -> impl Iterator<Item = &Service> {
    project.services.values().filter(|service| project.enabled.contains(&service.name))
}

/// All replicas together: each has mounts of its own.
fn tmpfs(service: &Service) -> u64 {
    let replicas = service.replicas.as_ref().and_then(|replicas| replicas.known()).copied().unwrap_or(1);
    one_container(service).saturating_mul(replicas)
}

fn one_container(service: &Service) -> u64 {
    service.tmpfs.iter().filter_map(|mount| mount.size).fold(0, u64::saturating_add)
}

fn over_limit(service: &Service) -> Option<OverLimit> {
    // 0 means no limit.
    let memory = service.memory_limit.as_ref()?.known().copied().filter(|memory| *memory > 0)?;
    let tmpfs = one_container(service);
    (tmpfs > memory).then(|| OverLimit { service: service.name.clone(), tmpfs, memory })
}
