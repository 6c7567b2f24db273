use rayon::prelude::*;
use temper_fit::Profile;
use temper_model::compose::Service;
use temper_model::container::Container;
use temper_model::{Date, Dockerfile, ProjectGroup, Stack};
use temper_text::FileId;

use crate::controls::{ALL, ContainerContext, Control, DockerfileContext, ProjectContext, ServiceContext};
use crate::{Judgement, Safety, Surface, Verdicts};

/// Which controls to run, and on which services.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// `--only`: identifiers of controls; empty means all.
    pub only: Vec<String>,
    /// `--skip`: identifiers of controls.
    pub skip: Vec<String>,
    /// `--service`: names of services; empty means all.
    pub services: Vec<String>,
}

impl Selection {
    /// True when the control is to be run.
    #[must_use]
    pub fn has_control(&self, id: &str) -> bool {
        (self.only.is_empty() || self.only.iter().any(|only| only == id))
            && !self.skip.iter().any(|skip| skip == id)
    }

    /// True when the service is wanted.
    #[must_use]
    pub fn has_service(&self, name: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|service| service == name)
    }
}

/// The judgements over a stack, with the profiles they rest on.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Every judgement, passes too, in the order of the stack.
    pub judgements: Vec<Judgement>,
    /// Profiles by project index, then in the order of the services of that project.
    pub profiles: Vec<Vec<Profile>>,
    /// Number of resources looked at: services and Dockerfiles.
    pub resources: usize,
    /// Number of controls run.
    pub controls: usize,
}

/// Runs the selected controls over everything in the stack. `today` decides which waivers hold.
#[must_use]
pub fn judge(stack: &Stack, selection: &Selection, today: Date) -> Judged {
    let controls: Vec<&dyn Control> =
        ALL.iter().copied().filter(|control| selection.has_control(control.meta().id)).collect();
    let judge = Judge { stack, selection, controls: &controls };
    // Projects and services do not depend on one another; results come in the order of the stack all the same.
    let projects: Vec<(Vec<Profile>, Part)> =
        stack.projects.par_iter().enumerate().map(|(index, group)| judge.project(index, group)).collect();
    let dockerfiles: Vec<Part> = if selection.services.is_empty() {
        let all: Vec<&Dockerfile> = stack.dockerfiles.values().collect();
        all.into_par_iter().map(|dockerfile| judge.dockerfile(dockerfile)).collect()
    } else {
        Vec::new()
    };
    let mut judged =
        Judged { judgements: Vec::new(), profiles: Vec::new(), resources: 0, controls: controls.len() };
    for (profiles, part) in projects {
        judged.profiles.push(profiles);
        judged.add(part);
    }
    for part in dockerfiles {
        judged.add(part);
    }
    crate::refuse::apply(stack, &mut judged.judgements);
    crate::waive::apply(stack, &mut judged.judgements, today);
    judged
}

/// What was judged of one project or Dockerfile.
struct Part {
    judgements: Vec<Judgement>,
    resources: usize,
}

impl Judged {
    fn add(&mut self, part: Part) {
        self.judgements.extend(part.judgements);
        self.resources += part.resources;
    }
}

struct Judge<'a> {
    stack: &'a Stack,
    selection: &'a Selection,
    controls: &'a [&'a dyn Control],
}

/// Runs the selected controls over what was observed of the containers of one project.
///
/// A service that should run and has no running container gets `unknown` for every control that looks at containers:
/// nothing was seen to hold.
#[must_use]
pub fn judge_containers(
    stack: &Stack,
    index: usize,
    containers: &[Container],
    selection: &Selection,
    today: Date,
) -> Judged {
    let live = |control: &&dyn Control| control.meta().surfaces.contains(&Surface::Container);
    let controls: Vec<&dyn Control> = ALL
        .iter()
        .copied()
        .filter(|control| live(control) && selection.has_control(control.meta().id))
        .collect();
    let mut judged =
        Judged { judgements: Vec::new(), profiles: Vec::new(), resources: 0, controls: controls.len() };
    let Some(group) = stack.projects.get(index) else { return judged };
    let judge = Judge { stack, selection, controls: &controls };
    for service in group.project.services.values().filter(|service| selection.has_service(&service.name)) {
        let profile = temper_fit::profile(stack, service);
        let context =
            ServiceContext { stack, group, project: &group.project, index, service, profile: &profile };
        let mut part = judge.containers(&context, containers);
        let resource = format!("service/{}", service.name);
        crate::waive::apply_as(stack, &mut part.judgements, today, Some(&resource));
        judged.add(part);
    }
    judged
}

impl Judge<'_> {
    fn project(&self, index: usize, group: &ProjectGroup) -> (Vec<Profile>, Part) {
        let (stack, project) = (self.stack, &group.project);
        let services: Vec<&Service> = project.services.values().collect();
        let profiles: Vec<Profile> =
            services.par_iter().map(|service| temper_fit::profile(stack, service)).collect();
        let wanted = services
            .par_iter()
            .zip(&profiles)
            .filter(|(service, _)| self.selection.has_service(&service.name));
        let parts: Vec<Vec<Judgement>> = wanted
            .map(|(service, profile)| {
                let context = ServiceContext { stack, group, project, index, service, profile };
                let resource = format!("service/{}", service.name);
                self.run(Surface::Compose, &resource, Some(index), |control, verdicts| {
                    control.service(&context, verdicts);
                })
            })
            .collect();
        let resources = parts.len();
        let mut judgements: Vec<Judgement> = parts.into_iter().flatten().collect();
        let context = ProjectContext { stack, group, project, index, profiles: &profiles };
        let resource = format!("project/{}", project.name);
        judgements.extend(self.run(Surface::Compose, &resource, Some(index), |control, verdicts| {
            control.project(&context, verdicts);
        }));
        let in_overlays = self.overlays(index, group, &judgements);
        judgements.extend(in_overlays);
        (profiles, Part { judgements, resources })
    }

    /// What overlays that have to be named add to a project or change in it, judged in the project that they make.
    ///
    /// Only what fails or is unknown at a place in the overlay counts: all else is said of the project already. Nothing
    /// is planned for it, because temper changes what starts by default.
    fn overlays(&self, index: usize, group: &ProjectGroup, known: &[Judgement]) -> Vec<Judgement> {
        let mut judgements: Vec<Judgement> = Vec::new();
        for overlay in &group.overlays {
            let Some(project) = &overlay.merged else { continue };
            let named = overlay.changes.iter().chain(&overlay.adds);
            let services = named
                .filter(|name| self.selection.has_service(name))
                .filter_map(|name| project.services.get(name));
            let path = self.stack.sources.file(overlay.file).path();
            for service in services {
                let profile = temper_fit::profile(self.stack, service);
                let context =
                    ServiceContext { stack: self.stack, group, project, index, service, profile: &profile };
                let resource = format!("service/{}", service.name);
                let found = self.run(Surface::Compose, &resource, Some(index), |control, verdicts| {
                    control.service(&context, verdicts);
                });
                let is_new = |found: &Judgement| {
                    let same =
                        |known: &Judgement| known.control.id == found.control.id && known.at == found.at;
                    !known.iter().chain(&judgements).any(same)
                };
                let mut found: Vec<Judgement> = found
                    .into_iter()
                    .filter(|found| found.at.file == overlay.file && found.verdict.is_finding())
                    .filter(is_new)
                    .collect();
                found.iter_mut().for_each(|found| belongs_to_overlay(found, overlay.file, path));
                judgements.extend(found);
            }
        }
        judgements
    }

    fn dockerfile(&self, dockerfile: &Dockerfile) -> Part {
        let context = DockerfileContext { stack: self.stack, dockerfile };
        let resource = format!("dockerfile/{}", dockerfile.path);
        let judgements = self.run(Surface::Dockerfile, &resource, None, |control, verdicts| {
            control.dockerfile(&context, verdicts);
        });
        Part { judgements, resources: 1 }
    }

    /// The containers of one service.
    fn containers(&self, service: &ServiceContext<'_>, containers: &[Container]) -> Part {
        let name = &service.service.name;
        let of_service: Vec<&Container> =
            containers.iter().filter(|container| container.identity.service == *name).collect();
        if of_service.is_empty() && service.project.enabled.contains(name) {
            return self.absent(service, &format!("container/{name}"), "the service has no container");
        }
        let mut judgements = Vec::new();
        for container in &of_service {
            let resource = format!("container/{}", container.identity.name);
            if container.state.pid == 0 {
                let message = format!("the container does not run: it is {}", container.state.status);
                judgements.extend(self.absent(service, &resource, &message).judgements);
                continue;
            }
            let context = ContainerContext { service: *service, container };
            judgements.extend(self.run(
                Surface::Container,
                &resource,
                Some(service.index),
                |control, verdicts| {
                    control.container(&context, verdicts);
                },
            ));
        }
        Part { judgements, resources: of_service.len() }
    }

    fn absent(&self, service: &ServiceContext<'_>, resource: &str, message: &str) -> Part {
        let judgements = self.run(Surface::Container, resource, Some(service.index), |_, verdicts| {
            verdicts.unknown(service.service.at, message, "a running container of the service");
        });
        Part { judgements, resources: 1 }
    }

    fn run(
        &self,
        surface: Surface,
        resource: &str,
        project: Option<usize>,
        look: impl Fn(&dyn Control, &mut Verdicts),
    ) -> Vec<Judgement> {
        let mut judgements = Vec::new();
        for control in self.controls {
            let mut verdicts = Verdicts::new(control.meta(), surface, resource.to_owned(), project);
            look(*control, &mut verdicts);
            judgements.extend(verdicts.into_judgements());
        }
        judgements
    }
}

/// Says that a finding holds only when the overlay is named, and that temper does not mend it.
fn belongs_to_overlay(found: &mut Judgement, overlay: FileId, path: &str) {
    found.overlay = Some(overlay);
    found.message = format!("with {path}: {}", found.message);
    if let Some(fix) = &mut found.fix {
        let reason = format!(
            "{path} has to be named with -f, and temper changes what starts by default: edit it there"
        );
        fix.safety = Safety::Refused { reason };
        fix.changes.clear();
    }
}
