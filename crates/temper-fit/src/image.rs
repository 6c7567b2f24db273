//! Where the image of a service comes from.

use std::collections::BTreeMap;

use temper_model::compose::{Build, Service};
use temper_model::{Setting, Stack};

use crate::images;
use crate::profile::ImageSource;

/// The source of a service's image. With both `build` and `image`, the image is built and `image` is its tag.
pub(crate) fn of(stack: &Stack, service: &Service) -> ImageSource {
    match (&service.build, &service.image) {
        (Some(build), _) => built(stack, build),
        (None, Some(Setting::Known(image))) => pulled(&image.value),
        (None, Some(Setting::Unknown { missing, .. })) => ImageSource::Unknown {
            why: format!("the image hangs on ${{{}}}, which has no value", missing.join("}, ${")),
        },
        (None, None) => ImageSource::Unknown { why: "neither `image` nor `build` is given".into() },
    }
}

fn pulled(reference: &str) -> ImageSource {
    match images::lookup(reference) {
        Some(entry) => ImageSource::Known { reference: reference.to_owned(), entry },
        None => ImageSource::Foreign { reference: reference.to_owned() },
    }
}

fn built(stack: &Stack, build: &Build) -> ImageSource {
    let target = match &build.target {
        None => None,
        Some(Setting::Known(target)) => Some(target.value.clone()).filter(|target| !target.is_empty()),
        Some(Setting::Unknown { missing, .. }) => {
            return ImageSource::Unknown {
                why: format!("`build.target` hangs on ${{{}}}", missing.join("}, ${")),
            };
        }
    };
    let args = known_arguments(build);
    if let Some(inline) = &build.inline {
        let tree = temper_dockerfile::parse(&inline.value);
        return from_tree(&tree, "dockerfile_inline".to_owned(), target, &args);
    }
    let Some(path) = &build.dockerfile else {
        return ImageSource::Unknown { why: "the build context is remote or hangs on a variable".into() };
    };
    match stack.dockerfiles.get(&path.value) {
        Some(dockerfile) => from_tree(&dockerfile.tree, path.value.clone(), target, &args),
        None => ImageSource::Unknown { why: format!("{} is not there", path.value) },
    }
}

fn from_tree(
    tree: &temper_dockerfile::Dockerfile,
    dockerfile: String,
    target: Option<String>,
    args: &BTreeMap<String, String>,
) -> ImageSource {
    match tree.facts(target.as_deref(), args) {
        Ok(facts) => {
            let base = images::lookup(&crate::source::base_name(&facts));
            ImageSource::Built { dockerfile, target, facts: Box::new(facts), base }
        }
        Err(why) => ImageSource::Unknown { why: format!("{dockerfile}: {why}") },
    }
}

/// Build arguments whose value is known. The others stay unknown to whatever in the Dockerfile hangs on them.
fn known_arguments(build: &Build) -> BTreeMap<String, String> {
    let known = build.args.iter().filter_map(|(name, value)| {
        let value = value.as_ref()?.known()?;
        Some((name.clone(), value.clone()))
    });
    known.collect()
}
