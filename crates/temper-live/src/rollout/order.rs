//! Who is changed when: nobody's dependency first, data last.

use std::collections::{BTreeMap, BTreeSet};

use temper_model::compose::{MountKind, Project, Service};

/// What decides when a service is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rank {
    /// Length of the longest chain of services that depend on it: 0 for one that nothing depends on.
    depth: usize,
    /// True when it keeps data in a volume or a directory of the host that it may write.
    data: bool,
    /// True when a healthcheck tells how it is.
    healthcheck: bool,
}

/// Services in the order in which they are changed, in waves of at most `size`. Within a wave no service depends on
/// another, and services with data come after all others.
pub(crate) fn waves(project: &Project, services: &BTreeSet<String>, size: usize) -> Vec<Vec<String>> {
    let mut levels: BTreeMap<(bool, usize), Vec<String>> = BTreeMap::new();
    for (name, rank) in ranks(project).into_iter().filter(|(name, _)| services.contains(name)) {
        levels.entry((rank.data, rank.depth)).or_default().push(name);
    }
    let size = size.max(1);
    levels
        .into_values()
        .flat_map(|level| level.chunks(size).map(<[String]>::to_vec).collect::<Vec<_>>())
        .collect()
}

/// The service to begin with: no data, few dependants, and a healthcheck that tells how it is.
pub(crate) fn canary(project: &Project, services: &BTreeSet<String>) -> Option<String> {
    let ranks = ranks(project);
    let of = |name: &&String| {
        ranks.get(*name).map(|rank| (rank.data, !rank.healthcheck, rank.depth)).unwrap_or((
            true,
            true,
            usize::MAX,
        ))
    };
    services.iter().min_by_key(of).cloned()
}

fn ranks(project: &Project) -> BTreeMap<String, Rank> {
    let mut ranks: BTreeMap<String, Rank> = project
        .services
        .values()
        .map(|service| {
            let healthcheck = service.healthcheck.as_ref().is_some_and(|check| !check.disabled);
            (service.name.clone(), Rank { depth: 0, data: has_data(service), healthcheck })
        })
        .collect();
    // Compose refuses cycles; a bound keeps a project that it would refuse from looping here.
    for _ in 0..project.services.len() {
        let mut changed = false;
        for service in project.services.values() {
            let below = ranks.get(&service.name).map_or(0, |rank| rank.depth) + 1;
            for dependency in service.depends_on.keys() {
                if let Some(rank) = ranks.get_mut(dependency).filter(|rank| rank.depth < below) {
                    rank.depth = below;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    ranks
}

fn has_data(service: &Service) -> bool {
    service
        .mounts
        .iter()
        .any(|mount| !mount.read_only && matches!(mount.kind, MountKind::Volume | MountKind::Anonymous))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use temper_model::compose::Project;
    use temper_model::{LoadOptions, MemoryTree, Stack};

    use super::{canary, waves};

    fn project() -> Project {
        let text = "services:
  proxy: {image: nginx, depends_on: [api], healthcheck: {test: [CMD, 'true']}}
  api: {image: a, depends_on: [db, bus]}
  worker: {image: a, depends_on: [bus], healthcheck: {test: [CMD, 'true']}}
  bus: {image: nats}
  db: {image: postgres, volumes: ['data:/data']}
  cache: {image: redis, volumes: ['cache:/data']}
volumes: {data: {}, cache: {}}
";
        let tree = MemoryTree::new([("compose.yml", text)]);
        let stack = Stack::load(&tree, &LoadOptions::default()).unwrap();
        stack.projects.into_iter().next().unwrap().project
    }

    fn all(project: &Project) -> BTreeSet<String> {
        project.services.keys().cloned().collect()
    }

    #[test]
    fn dependants_come_first_and_data_last() {
        let project = project();
        let waves = waves(&project, &all(&project), 4);
        assert_eq!(
            waves,
            [vec!["proxy", "worker"], vec!["api"], vec!["bus"], vec!["cache"], vec!["db"]]
                .map(|wave| wave.into_iter().map(str::to_owned).collect::<Vec<_>>())
        );
    }

    #[test]
    fn a_wave_is_no_larger_than_asked() {
        let project = project();
        assert!(waves(&project, &all(&project), 1).iter().all(|wave| wave.len() == 1));
    }

    #[test]
    fn the_canary_has_no_data_and_a_healthcheck() {
        let project = project();
        assert_eq!(canary(&project, &all(&project)).as_deref(), Some("proxy"));
        let data: BTreeSet<String> = ["db".to_owned()].into();
        assert_eq!(canary(&project, &data).as_deref(), Some("db"));
    }
}
