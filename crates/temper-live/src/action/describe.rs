use super::Action;

/// Digits of an image's id that people know it by.
const SHORT: usize = 12;

impl Action {
    /// What it does, in one line for people. Nothing secret is in it.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::WriteFile { path, old: None, .. } => format!("create {}", path.display()),
            Self::WriteFile { path, .. } => format!("write {}", path.display()),
            Self::RemoveFile { path, .. } => format!("remove {}", path.display()),
            Self::KeepImage { image, name } => format!("keep image {} as {name}", short(image)),
            Self::TagImage { reference, new, .. } => format!("point {reference} to image {}", short(new)),
            Self::RemoveImage { reference, .. } => format!("remove image name {reference}"),
            Self::CreateContainer { recipe } => format!("create container {}", recipe.name),
            Self::StartContainer { container } => format!("start container {}", container.name),
            Self::StopContainer { container, .. } => format!("stop container {}", container.name),
            Self::RenameContainer { container, to } => format!("rename container {} to {to}", container.name),
            Self::RemoveContainer { container, .. } => format!("remove container {}", container.name),
            Self::RestoreContainer { container, .. } => format!("restore container {}", container.name),
            Self::CreateNetwork { name, .. } => format!("create network {name}"),
            Self::CreateVolume { name, .. } => format!("create volume {name}"),
            Self::ChangeOwner { path, entries } => {
                format!("change the owner of {} files in {}", entries.len(), path.display())
            }
        }
    }
}

fn short(image: &str) -> &str {
    let digits = image.strip_prefix("sha256:").unwrap_or(image);
    digits.get(..SHORT).unwrap_or(digits)
}
