//! Which frameworks and tools a service uses, and the sign that shows it.

use temper_model::compose::Service;
use temper_model::{Package, Registry, Stack};

use crate::frameworks::{self, Framework};
use crate::images::{ImageRef, Role};
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
pub(crate) fn of(stack: &Stack, service: &Service, image: &ImageSource) -> Vec<Recognised> {
    if describes_itself(image) {
        return Vec::new();
    }
    let signs = Signs::of(stack, service, image);
    let found = frameworks::all().iter().filter_map(|framework| {
        let evidence = signs.show(framework)?;
        Some(Recognised { framework, evidence })
    });
    found.collect()
}

/// The entry of a service image says all that the image writes; what it is made of adds nothing.
fn describes_itself(image: &ImageSource) -> bool {
    matches!(image, ImageSource::Known { entry, .. } if entry.image.role == Role::Service)
}

/// What can show a framework.
struct Signs<'a> {
    commands: Vec<String>,
    packages: Vec<(PackageKind, String)>,
    listed: &'a [Package],
    variables: Vec<String>,
    base: Option<String>,
}

impl<'a> Signs<'a> {
    fn of(stack: &'a Stack, service: &Service, image: &ImageSource) -> Self {
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
                // A service image that is built upon has an entry of its own, which says more.
                base = crate::class::service_entry(image).is_none().then(|| source::base_name(facts));
            }
            ImageSource::Known { reference, .. } | ImageSource::Foreign { reference } => {
                base = Some(reference.clone())
            }
            ImageSource::Unknown { .. } => {}
        }
        let base =
            base.and_then(|reference| reference.parse::<ImageRef>().ok()).map(|image| image.familiar_name());
        Self { commands, packages, listed: listed(stack, service), variables, base }
    }

    /// A manifest that the Dockerfile copies lists the framework.
    fn lists(&self, framework: &Framework) -> Option<Evidence> {
        let signs = &framework.recognise;
        let package = self.listed.iter().find(|package| match package.registry {
            Registry::Pypi => signs.pip.contains(&package.name),
            Registry::Npm => signs.npm.contains(&package.name),
        })?;
        let detail = format!("{}: depends on {}", framework.name, package.name);
        Some(Evidence::at(EvidenceKind::Source, package.at, detail))
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
        if let Some(evidence) = self.lists(framework) {
            return Some(evidence);
        }
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

/// What the manifests list that the Dockerfile of a service copies.
fn listed<'a>(stack: &'a Stack, service: &Service) -> &'a [Package] {
    let key = service.build.as_ref().and_then(|build| {
        let (context, dockerfile) = (build.context.clone()?, build.dockerfile.as_ref()?.value.clone());
        Some((context, dockerfile))
    });
    key.and_then(|key| stack.packages.get(&key)).map_or(&[], Vec::as_slice)
}

/// `pattern` names `image`, exactly or with `*` for the rest.
fn names(pattern: &str, image: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => image.starts_with(prefix),
        None => image == pattern,
    }
}
