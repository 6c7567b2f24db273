//! Which frameworks and tools a service uses, and the sign that shows it.

use temper_model::compose::Service;

use crate::frameworks::{self, Framework};
use crate::images::ImageRef;
use crate::profile::ImageSource;
use crate::source::{self, PackageKind};
use crate::{Evidence, EvidenceKind};

/// A framework that a service uses.
#[derive(Debug, Clone)]
pub(crate) struct Recognised {
    /// The framework.
    pub(crate) framework: &'static Framework,
    /// The sign.
    pub(crate) evidence: Evidence,
}

/// The frameworks that a service uses, as far as Dockerfile, command and environment show them.
pub(crate) fn of(service: &Service, image: &ImageSource) -> Vec<Recognised> {
    let signs = Signs::of(service, image);
    let found = frameworks::all().iter().filter_map(|framework| {
        let evidence = signs.show(framework)?;
        Some(Recognised { framework, evidence })
    });
    found.collect()
}

/// What can show a framework.
struct Signs {
    commands: Vec<String>,
    packages: Vec<(PackageKind, String)>,
    variables: Vec<String>,
    base: Option<String>,
}

impl Signs {
    fn of(service: &Service, image: &ImageSource) -> Self {
        let started =
            [&service.command, &service.entrypoint].into_iter().flatten().filter_map(|set| set.known());
        let mut commands: Vec<String> =
            started.flatten().flat_map(|words| words.split_whitespace()).map(source::program_name).collect();
        let mut variables: Vec<String> = service.environment.keys().cloned().collect();
        let mut packages = Vec::new();
        let mut base = None;
        match image {
            ImageSource::Built { facts, .. } => {
                if service.command.is_none() && service.entrypoint.is_none() {
                    commands.extend(source::programs(facts));
                }
                variables.extend(source::variables(facts));
                packages = source::packages(facts);
                base = Some(source::base_name(facts));
            }
            ImageSource::Known { reference, .. } | ImageSource::Foreign { reference } => {
                base = Some(reference.clone())
            }
            ImageSource::Unknown { .. } => {}
        }
        let base =
            base.and_then(|reference| reference.parse::<ImageRef>().ok()).map(|image| image.familiar_name());
        Self { commands, packages, variables, base }
    }

    fn show(&self, framework: &Framework) -> Option<Evidence> {
        let signs = &framework.recognise;
        let package = |kind: PackageKind, names: &[String]| {
            self.packages.iter().find(|(of, name)| *of == kind && names.contains(name)).map(|(_, name)| name)
        };
        let installed = package(PackageKind::Pip, &signs.pip)
            .or_else(|| package(PackageKind::Npm, &signs.npm))
            .or_else(|| package(PackageKind::Apt, &signs.apt))
            .or_else(|| package(PackageKind::Apk, &signs.apk))
            .or_else(|| package(PackageKind::Gem, &signs.gem))
            .map(|name| format!("installs {name}"));
        let started = || {
            let command = self.commands.iter().find(|command| signs.commands.contains(command))?;
            Some(format!("starts {command}"))
        };
        let set = || {
            let variable = self.variables.iter().find(|variable| signs.env.contains(variable))?;
            Some(format!("sets {variable}"))
        };
        let built_on = || {
            let base =
                self.base.as_ref().filter(|base| signs.images.iter().any(|image| names(image, base)))?;
            Some(format!("is built on {base}"))
        };
        let detail = installed.or_else(started).or_else(set).or_else(built_on)?;
        Some(Evidence::general(EvidenceKind::Source, format!("{}: {detail}", framework.name)))
    }
}

/// `pattern` names `image`, exactly or with `*` for the rest.
fn names(pattern: &str, image: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => image.starts_with(prefix),
        None => image == pattern,
    }
}
