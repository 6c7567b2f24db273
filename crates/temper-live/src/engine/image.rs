use std::collections::HashMap;

use bollard::query_parameters::{
    ImportImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures_util::StreamExt;
use serde_json::Value;

use super::{Engine, EngineError};

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// `sha256:…`.
    pub id: String,
    /// Names that point to it: `nginx:1.25`.
    pub tags: Vec<String>,
    /// Its configuration, in the form of the Engine API.
    pub config: Value,
}

impl Engine {
    /// The image of that name or id; `None` when the engine does not have it.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn image(&self, name: &str) -> Result<Option<Image>, EngineError> {
        match self.wait(&format!("image {name}"), self.docker.inspect_image(name)) {
            Ok(image) => Ok(Some(Image {
                id: image.id.unwrap_or_default(),
                tags: image.repo_tags.unwrap_or_default(),
                config: serde_json::to_value(image.config).unwrap_or_default(),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Names of images that fit a pattern of the engine: `temper/*:1`.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn image_names(&self, pattern: &str) -> Result<Vec<String>, EngineError> {
        let filters = HashMap::from([("reference".to_owned(), vec![pattern.to_owned()])]);
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        let found = self.wait("listing images", self.docker.list_images(Some(options)))?;
        let mut names: Vec<String> = found.into_iter().flat_map(|image| image.repo_tags).collect();
        names.sort();
        Ok(names)
    }

    /// Gives an image a name: `repository` and `tag`.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn tag(&self, image: &str, repository: &str, tag: &str) -> Result<(), EngineError> {
        let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
        self.wait(&format!("naming image {image}"), self.docker.tag_image(image, Some(options)))
    }

    /// Takes a name from an image; the image goes with its last name unless a container uses it.
    ///
    /// # Errors
    /// When a container uses it. An image that does not exist is no error.
    pub fn remove_image(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveImageOptionsBuilder::default().noprune(true).build();
        match self
            .wait(&format!("removing image {name}"), self.docker.remove_image(name, Some(options), None))
        {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Loads an image archive in the form of `docker save`.
    ///
    /// # Errors
    /// When the archive is not accepted.
    pub fn load_image(&self, archive: Vec<u8>) -> Result<(), EngineError> {
        let options = ImportImageOptionsBuilder::default().quiet(true).build();
        let body = bollard::body_full(archive.into());
        let load = async {
            let mut progress = self.docker.import_image(options, body, None);
            while let Some(line) = progress.next().await {
                line?;
            }
            Ok(())
        };
        self.wait("loading an image", load)
    }
}
