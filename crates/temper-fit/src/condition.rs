//! Whether a service does what makes its image write to a path.

use temper_model::Setting;
use temper_model::compose::Service;

use crate::images::{PathCondition, PathNeed};
use crate::profile::ImageSource;
use crate::{cover, source};

/// Whether the image writes to the path in this service: always, or because of what the service sets or mounts.
pub(crate) fn is_written(need: &PathNeed, service: &Service, image: &ImageSource) -> bool {
    let Some(condition) = need.required_if.as_ref().filter(|_| !need.required) else { return need.required };
    // An env file that is not there may set anything.
    let may_be_set = !condition.variables.is_empty() && service.env_files.iter().any(|file| !file.found);
    may_be_set
        || condition.variables.iter().any(|name| is_set(name, service, image))
        || condition.content.iter().any(|path| has_content(path, service, image))
        || has_arguments(condition, service)
}

/// Whether the command of the service turns on what writes the path, and does not send it elsewhere.
fn has_arguments(condition: &PathCondition, service: &Service) -> bool {
    let words: Vec<&str> = [&service.entrypoint, &service.command]
        .into_iter()
        .filter_map(|setting| setting.as_ref().and_then(Setting::known))
        .flatten()
        .map(String::as_str)
        .collect();
    let given = |argument: &String| {
        words.iter().any(|word| {
            word.strip_prefix(argument.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    };
    condition.arguments.iter().any(given) && !condition.unless_arguments.iter().any(given)
}

fn is_set(name: &str, service: &Service, image: &ImageSource) -> bool {
    service.environment.contains_key(name)
        || matches!(image, ImageSource::Built { facts, .. } if source::variables(facts).any(|set| set == name))
}

/// Whether the service or its Dockerfile puts something at a path or below it.
fn has_content(path: &str, service: &Service, image: &ImageSource) -> bool {
    let mut targets = service.mounts.iter().map(|mount| cover::canonical(&mount.target));
    targets.any(|target| cover::holds(path, &target))
        || matches!(image, ImageSource::Built { facts, .. } if source::holds_code(facts, path))
}
