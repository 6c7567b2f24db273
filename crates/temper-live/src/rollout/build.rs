//! Images of a candidate, built before its files are written.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::translate::{TranslateError, write_private};
use crate::compose_cli::{Cli, Files};
use crate::engine::{Engine, EngineError};

/// The name under which the image of a service is built for a run.
pub(crate) fn image_name(run: &str, service: &str) -> String {
    // Names of images are lower case (distribution specification); services need not be.
    format!("temper/{}:{run}", service.to_lowercase())
}

/// The name of the image of a service. Without one of its own it is called after project and service (docker/compose,
/// `api.GetImageNameOrDefault`).
pub(crate) fn reference(config: &Value, service: &str) -> String {
    let own = config["services"][service]["image"].as_str().map(str::to_owned);
    own.unwrap_or_else(|| format!("{}-{service}", config["name"].as_str().unwrap_or_default()))
}

/// Absolute path of the Dockerfile that a service is built from.
pub(crate) fn dockerfile_path(config: &Value, service: &str) -> Option<PathBuf> {
    let build = &config["services"][service]["build"];
    let context = build["context"].as_str()?;
    Some(Path::new(context).join(build["dockerfile"].as_str().unwrap_or("Dockerfile")))
}

/// Builds the image of a service from a Dockerfile that is not written yet, and returns the id of the image.
///
/// # Errors
/// When it does not build.
pub(crate) fn build(
    cli: &Cli,
    engine: &Engine,
    directory: &Path,
    run: &str,
    config: &Value,
    service: &str,
    dockerfile: &str,
) -> Result<String, TranslateError> {
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |reason| TranslateError::Write { path, reason }
    };
    let path = directory.join(format!("{service}.Dockerfile"));
    fs::write(&path, dockerfile).map_err(at(&path))?;
    // BuildKit looks for the list of ignored files beside the Dockerfile first (its documentation, "dockerignore").
    if let Some(context) = config["services"][service]["build"]["context"].as_str() {
        let own = dockerfile_path(config, service)
            .map(|path| PathBuf::from(format!("{}.dockerignore", path.display())));
        let ignore =
            own.into_iter().chain([Path::new(context).join(".dockerignore")]).find(|path| path.is_file());
        if let Some(ignore) = ignore {
            let copy = directory.join(format!("{service}.Dockerfile.dockerignore"));
            fs::copy(&ignore, &copy).map_err(at(&copy))?;
        }
    }
    let image = image_name(run, service);
    let mut one = config["services"][service].clone();
    one["image"] = json!(image);
    one["build"]["dockerfile"] = json!(path.display().to_string());
    // Tags besides the name of the image would move now.
    if let Some(build) = one["build"].as_object_mut() {
        build.remove("tags");
    }
    let keep = ["image", "build", "platform"];
    if let Some(one) = one.as_object_mut() {
        one.retain(|key, _| keep.contains(&key.as_str()));
    }
    let mut file = json!({"name": config["name"], "services": { (service): one }});
    if let Some(secrets) = config.get("secrets") {
        file["secrets"] = secrets.clone();
    }
    let compose = directory.join(format!("{service}.build.json"));
    write_private(&compose, &file.to_string()).map_err(at(&compose))?;
    let files = Files {
        directory: directory.to_path_buf(),
        files: vec![compose.clone()],
        project_directory: Some(directory.to_path_buf()),
        ..Files::default()
    };
    let built = cli.run(&files, &["build", service]);
    let _ = fs::remove_file(&compose);
    built?;
    let missing = || {
        TranslateError::Engine(EngineError::NotFound {
            what: format!("image {image}"),
            message: "Compose built it and it is not there".to_owned(),
        })
    };
    Ok(engine.image(&image)?.ok_or_else(missing)?.id)
}
