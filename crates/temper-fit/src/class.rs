//! Which class of work a service does. Recognised from facts, never from its name.

use temper_model::compose::Service;
use temper_model::{Class, Stack};

use crate::images::{self, Match};
use crate::profile::{ImageSource, Need};
use crate::recognise::Recognised;
use crate::{Evidence, EvidenceKind};

/// Classes that a framework can show, what needs the most room first: a service that uses both ffmpeg and Flask is
/// sized for ffmpeg.
const ROOMIEST_FIRST: [Class; 7] =
    [Class::Agent, Class::Media, Class::Data, Class::Bus, Class::Worker, Class::Api, Class::Monitoring];

/// The class of a service and why.
pub(crate) fn recognise(
    stack: &Stack,
    service: &Service,
    image: &ImageSource,
    frameworks: &[Recognised],
    gpu: bool,
) -> Need<Class> {
    from_settings(stack, service)
        .or_else(|| gpu.then(|| gpu_request(service)))
        .or_else(|| from_image(image))
        .or_else(|| from_frameworks(frameworks))
        .unwrap_or_else(|| from_ports(service, image))
}

fn from_settings(stack: &Stack, service: &Service) -> Option<Need<Class>> {
    let class = stack.settings.services.get(&service.name)?.class?;
    Some(need(class, EvidenceKind::Declared, "set in temper.toml"))
}

fn gpu_request(service: &Service) -> Need<Class> {
    let evidence = service.gpus.iter().map(|at| Evidence::at(EvidenceKind::Declared, *at, "asks for a GPU"));
    Need { value: Class::Gpu, evidence: evidence.collect() }
}

fn from_image(image: &ImageSource) -> Option<Need<Class>> {
    let entry = match image {
        ImageSource::Known { entry, .. } => entry,
        ImageSource::Built { base: Some(base), .. } => base,
        _ => return None,
    };
    let class = entry.image.class?;
    Some(need(class, EvidenceKind::KnownImage, &format!("{} is a known {class} image", entry.image.id)))
}

fn from_frameworks(frameworks: &[Recognised]) -> Option<Need<Class>> {
    let classes = frameworks.iter().filter_map(|found| Some((found.framework.class?, found)));
    // What can use a GPU runs without one unless a GPU is asked for.
    let classes = classes.filter(|(class, _)| *class != Class::Gpu);
    let rank = |class: &Class| ROOMIEST_FIRST.iter().position(|roomier| roomier == class);
    let (class, found) = classes.min_by_key(|(class, _)| rank(class))?;
    Some(Need { value: class, evidence: vec![found.evidence.clone()] })
}

fn from_ports(service: &Service, image: &ImageSource) -> Need<Class> {
    let exposes = matches!(image, ImageSource::Built { facts, .. } if !facts.ports.is_empty());
    if !service.ports.is_empty() || !service.expose.is_empty() || exposes {
        need(Class::Api, EvidenceKind::Declared, "listens on a port")
    } else {
        need(Class::Worker, EvidenceKind::Declared, "publishes and exposes no port")
    }
}

fn need(class: Class, kind: EvidenceKind, detail: &str) -> Need<Class> {
    Need { value: class, evidence: vec![Evidence::general(kind, detail)] }
}

/// The entry that describes the whole service: of the image itself, or of a service image that is built upon.
pub(crate) fn service_entry(image: &ImageSource) -> Option<&Match> {
    match image {
        ImageSource::Known { entry, .. } => Some(entry),
        ImageSource::Built { base: Some(base), .. } if base.image.role == images::Role::Service => Some(base),
        _ => None,
    }
}
