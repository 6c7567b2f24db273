//! Where the image of a service comes from.

use std::collections::BTreeMap;

use temper_dockerfile::InstructionKind;
use temper_dockerfile::shell::SimpleCommand;
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

/// True when the build puts browsers or models into a cache directory. A program that does so at build time expects
/// them at run time, so nothing may be mounted over them.
pub(crate) fn fills_cache(stack: &Stack, image: &ImageSource) -> bool {
    let ImageSource::Built { dockerfile, .. } = image else { return false };
    let Some(dockerfile) = stack.dockerfiles.get(dockerfile) else { return false };
    dockerfile.tree.instructions.iter().any(|instruction| match &instruction.kind {
        InstructionKind::Run(command) => command.commands().iter().any(downloads),
        _ => false,
    })
}

/// `playwright install`, `huggingface-cli download`, `python -c "… from_pretrained(…)"`.
fn downloads(command: &SimpleCommand) -> bool {
    const DOWNLOADERS: [&str; 5] = ["playwright", "huggingface-cli", "hf", "puppeteer", "camoufox"];
    const IN_CODE: [&str; 5] =
        ["from_pretrained", "load_model", "snapshot_download", "WhisperModel", "SentenceTransformer("];
    let words: Vec<&str> =
        std::iter::once(&command.name).chain(&command.args).map(|word| word.text.as_str()).collect();
    let names = words.iter().any(|word| DOWNLOADERS.contains(&crate::source::program_name(word).as_str()));
    let fetches = words.iter().any(|word| matches!(*word, "install" | "download" | "fetch" | "browsers"));
    let code = words.iter().any(|word| IN_CODE.iter().any(|call| word.contains(call)));
    let installs_package = words.iter().any(|word| word.starts_with("pip") || word.starts_with("npm"));
    (names && fetches && !installs_package) || code
}

/// Build arguments whose value is known. The others stay unknown to whatever in the Dockerfile hangs on them.
fn known_arguments(build: &Build) -> BTreeMap<String, String> {
    let known = build.args.iter().filter_map(|(name, value)| {
        let value = value.as_ref()?.known()?;
        Some((name.clone(), value.clone()))
    });
    known.collect()
}
