use temper_fit::Profile;
use temper_model::{Date, ProjectGroup, Stack};

use crate::controls::{ALL, Control, DockerfileContext, ProjectContext, ServiceContext};
use crate::{Judgement, Surface, Verdicts};

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
    let mut judged =
        Judged { judgements: Vec::new(), profiles: Vec::new(), resources: 0, controls: controls.len() };
    for (index, group) in stack.projects.iter().enumerate() {
        judge_project(stack, index, group, selection, &controls, &mut judged);
    }
    if selection.services.is_empty() {
        judge_dockerfiles(stack, &controls, &mut judged);
    }
    crate::waive::apply(stack, &mut judged.judgements, today);
    judged
}

fn judge_project(
    stack: &Stack,
    index: usize,
    group: &ProjectGroup,
    selection: &Selection,
    controls: &[&dyn Control],
    judged: &mut Judged,
) {
    let profiles = temper_fit::profiles(stack, &group.project);
    for (service, profile) in group.project.services.values().zip(&profiles) {
        if !selection.has_service(&service.name) {
            continue;
        }
        judged.resources += 1;
        let context = ServiceContext { stack, group, project: &group.project, index, service, profile };
        for control in controls {
            let resource = format!("service/{}", service.name);
            let mut verdicts = Verdicts::new(control.meta(), Surface::Compose, resource, Some(index));
            control.service(&context, &mut verdicts);
            judged.judgements.extend(verdicts.into_judgements());
        }
    }
    let context = ProjectContext { stack, group, project: &group.project, index, profiles: &profiles };
    for control in controls {
        let resource = format!("project/{}", group.project.name);
        let mut verdicts = Verdicts::new(control.meta(), Surface::Compose, resource, Some(index));
        control.project(&context, &mut verdicts);
        judged.judgements.extend(verdicts.into_judgements());
    }
    judged.profiles.push(profiles);
}

fn judge_dockerfiles(stack: &Stack, controls: &[&dyn Control], judged: &mut Judged) {
    for dockerfile in stack.dockerfiles.values() {
        judged.resources += 1;
        let context = DockerfileContext { stack, dockerfile };
        for control in controls {
            let resource = format!("dockerfile/{}", dockerfile.path);
            let mut verdicts = Verdicts::new(control.meta(), Surface::Dockerfile, resource, None);
            control.dockerfile(&context, &mut verdicts);
            judged.judgements.extend(verdicts.into_judgements());
        }
    }
}
