use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

/// Where the image keeps the program and what it needs.
pub(super) const DIRECTORY: &str = "/p";
/// The program in that directory.
const PROGRAM: &str = "temper";

/// An image with this program, its libraries and their loader, and nothing else.
pub(super) struct ProgramImage {
    /// An archive in the form of `docker save`.
    pub(super) archive: Vec<u8>,
    /// The words with which the program is started in it.
    pub(super) command: Vec<String>,
}

impl ProgramImage {
    /// Packs a program with the libraries that this process has mapped: it is the same program, or a test of it.
    ///
    /// # Errors
    /// What could not be read.
    pub(super) fn pack(program: &Path, name: &str) -> Result<Self, String> {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        files.insert(PROGRAM.to_owned(), read(program)?);
        let mut loader = None;
        for path in mapped_libraries()? {
            let file = path.rsplit('/').next().unwrap_or_default().to_owned();
            if file.starts_with("ld-") {
                loader = Some(file.clone());
            }
            files.insert(file, read(Path::new(&path))?);
        }
        let failed = |error: std::io::Error| format!("packing the helper image: {error}");
        let layer = layer(&files).map_err(failed)?;
        let archive = archive(&layer, name).map_err(failed)?;
        let own = format!("{DIRECTORY}/{PROGRAM}");
        let command = match loader {
            // The image it runs in may have other libraries, or none.
            Some(loader) => {
                let parts = [&format!("{DIRECTORY}/{loader}"), "--library-path", DIRECTORY, &own];
                parts.into_iter().map(str::to_owned).collect()
            }
            None => vec![own],
        };
        Ok(Self { archive, command })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn mapped_libraries() -> Result<Vec<String>, String> {
    let maps =
        std::fs::read_to_string("/proc/self/maps").map_err(|error| format!("/proc/self/maps: {error}"))?;
    Ok(libraries(&maps))
}

/// Paths of shared libraries in `/proc/PID/maps`; a statically linked program has none.
fn libraries(maps: &str) -> Vec<String> {
    let path = |line: &str| line.splitn(6, ' ').nth(5).map(|path| path.trim().to_owned());
    let is_library = |path: &String| {
        let name = path.rsplit('/').next().unwrap_or_default();
        path.starts_with('/') && (name.ends_with(".so") || name.contains(".so."))
    };
    let mut all: Vec<String> = maps.lines().filter_map(path).filter(is_library).collect();
    all.sort();
    all.dedup();
    all
}

fn layer(files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut directory = tar::Header::new_gnu();
    directory.set_entry_type(tar::EntryType::Directory);
    directory.set_mode(0o755);
    directory.set_size(0);
    let inside = DIRECTORY.trim_start_matches('/');
    tar.append_data(&mut directory, format!("{inside}/"), std::io::empty())?;
    for (name, bytes) in files {
        append(&mut tar, &format!("{inside}/{name}"), bytes)?;
    }
    tar.into_inner()
}

/// An image of one layer (Docker Image Specification 1.2, "Combined Image JSON + Filesystem Changeset Format").
fn archive(layer: &[u8], name: &str) -> std::io::Result<Vec<u8>> {
    let hex =
        |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let config = json!({
        "architecture": architecture, "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(layer))]},
    })
    .to_string();
    let config_name = format!("{}.json", hex(config.as_bytes()));
    let manifest = json!([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).to_string();
    let mut tar = tar::Builder::new(Vec::with_capacity(layer.len() + 8192));
    append(&mut tar, &config_name, config.as_bytes())?;
    append(&mut tar, "layer.tar", layer)?;
    append(&mut tar, "manifest.json", manifest.as_bytes())?;
    tar.into_inner()
}

fn append(tar: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, name, bytes)
}

#[cfg(test)]
mod tests {
    use super::libraries;

    #[test]
    fn libraries_and_their_loader_are_found_once_each() {
        let maps = "55d0-55d1 r--p 00000000 fe:00 12  /usr/bin/temper\n\
            7f10-7f11 r--p 00000000 fe:00 13                     /lib/x86_64-linux-gnu/libc.so.6\n\
            7f11-7f12 r-xp 00000000 fe:00 13                     /lib/x86_64-linux-gnu/libc.so.6\n\
            7f20-7f21 r--p 00000000 fe:00 14                     /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2\n\
            7ffd-7ffe rw-p 00000000 00:00 0                      [stack]\n";
        let found = libraries(maps);
        assert_eq!(found, ["/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"]);
    }
}
