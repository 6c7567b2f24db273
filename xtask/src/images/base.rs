use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::inputs::Inputs;
use crate::debian::MIRROR;
use crate::failure::{Failure, Result};
use crate::packages::{self, has_program};
use crate::shell::{self, say};
use crate::workspace::Workspace;

/// Debian 12, which the official images of those tags were built upon, and whose Python is 3.11.
const RELEASE: &str = "bookworm";

/// The options of mmdebstrap. A package list, or a cache, would be in every image; fsync of each file is wasted here.
const OPTIONS: [&str; 4] = [
    "--variant=minbase",
    r#"--aptopt=APT::Install-Recommends "false""#,
    r#"--aptopt=Acquire::Languages "none""#,
    "--dpkgopt=force-unsafe-io",
];

/// What the base is made from, for the hash of what is built upon it.
pub(super) fn recipe() -> String {
    [RELEASE, MIRROR].iter().chain(&OPTIONS).copied().collect::<Vec<_>>().join("\n")
}

/// The name of the base. It has the recipe's hash in it: another recipe is another image.
pub(super) fn reference() -> String {
    let digest = Inputs::new().text(&recipe()).digest();
    format!("temper-test/debian:{RELEASE}-{}", &digest[..12])
}

/// Makes the minimal Debian that the images build upon, unless the engine has it.
pub(super) fn find_or_make(workspace: &Workspace) -> Result<()> {
    let reference = reference();
    if shell::succeeds(Command::new("docker").args(["image", "inspect", &reference])) {
        return Ok(());
    }
    if !has_program("mmdebstrap") {
        packages::install(
            "images: there is no `mmdebstrap` here, which makes a minimal Debian",
            &["mmdebstrap"],
        )?;
    }
    let tools = workspace.tools();
    fs::create_dir_all(&tools).map_err(|error| Failure::io("make the folder", &tools, &error))?;
    let folder =
        TempDir::with_prefix_in("base-", &tools).map_err(|error| Failure::io("write to", &tools, &error))?;
    let archive = folder.path().join("base.tar");
    say(&format!("images: making a minimal Debian {RELEASE} from {MIRROR}"));
    let mut make = Command::new("mmdebstrap");
    make.arg("--quiet").args(OPTIONS);
    if packages::is_root() {
        // Else it asks for a user namespace, which root often cannot have in a container.
        make.arg("--mode=root");
    }
    shell::read(make.arg(RELEASE).arg(&archive).arg(MIRROR))?;
    shell::read(Command::new("docker").arg("import").arg(&archive).arg(&reference))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{recipe, reference};

    #[test]
    fn name_of_the_base_is_a_reference_and_follows_the_recipe() {
        let (name, tag) = reference().split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert_eq!(name, "temper-test/debian");
        assert!(tag.starts_with("bookworm-") && tag.len() == "bookworm-".len() + 12, "{tag}");
        assert!(recipe().contains("bookworm") && recipe().contains("minbase"));
    }
}
