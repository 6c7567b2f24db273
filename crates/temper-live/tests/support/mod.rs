//! What engine tests share: an engine, a tiny image, and names that are cleaned up.
#![allow(dead_code, reason = "every test file uses another part")]

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use temper_live::engine::Engine;

/// The engine that `TEMPER_TEST_ENGINE` names (`cargo xtask test` sets it), else the usual one. Tests that need one fail
/// without it: a skipped test proves nothing.
pub(crate) fn engine() -> Engine {
    let named = std::env::var("TEMPER_TEST_ENGINE").ok();
    Engine::connect(named.as_deref()).expect("this test needs a container engine (Docker); none was reached")
}

/// A program that waits for ever: a whole x86-64 ELF file that calls `pause` in a loop. No tool is needed to build it.
fn pause() -> Vec<u8> {
    assert_eq!(std::env::consts::ARCH, "x86_64", "the test image holds an x86-64 program");
    let code = [0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7];
    let mut elf = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    elf.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    elf.extend((0x40_0000u64 + 120).to_le_bytes());
    elf.extend(64u64.to_le_bytes());
    elf.extend([0; 12]);
    elf.extend([64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    elf.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    elf.extend(0u64.to_le_bytes());
    elf.extend(0x40_0000u64.to_le_bytes());
    elf.extend(0x40_0000u64.to_le_bytes());
    let size = 120 + code.len() as u64;
    elf.extend(size.to_le_bytes());
    elf.extend(size.to_le_bytes());
    elf.extend(0x1000u64.to_le_bytes());
    elf.extend(code);
    elf
}

fn add(archive: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    archive.append_data(&mut header, path, bytes).expect("an archive in memory");
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Loads an image with the waiting program, under a name, and returns its id. `config` is that of the image.
pub(crate) fn image(engine: &Engine, name: &str, config: Value) -> String {
    let mut layer = tar::Builder::new(Vec::new());
    add(&mut layer, "pause", 0o755, &pause());
    let layer = layer.into_inner().expect("an archive in memory");
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": config,
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", digest(&layer))] },
        "history": [{ "created_by": "test" }],
    })
    .to_string();
    let manifest = json!([{ "Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"] }]);
    let mut archive = tar::Builder::new(Vec::new());
    add(&mut archive, "config.json", 0o644, config.as_bytes());
    add(&mut archive, "layer.tar", 0o644, &layer);
    add(&mut archive, "manifest.json", 0o644, manifest.to_string().as_bytes());
    engine.load_image(archive.into_inner().expect("an archive in memory")).expect("the engine takes it");
    engine.image(name).expect("the engine answers").expect("it was just loaded").id
}

/// Removes what a test made, also when it fails.
pub(crate) struct Cleanup {
    pub(crate) engine: Engine,
    pub(crate) containers: Vec<String>,
    pub(crate) volumes: Vec<String>,
    pub(crate) images: Vec<String>,
    pub(crate) networks: Vec<String>,
}

impl Cleanup {
    pub(crate) fn new(engine: &Engine) -> Self {
        let none = Vec::new;
        Self { engine: engine.clone(), containers: none(), volumes: none(), images: none(), networks: none() }
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        for container in &self.containers {
            let _ = self.engine.remove(container, true, true);
        }
        for volume in &self.volumes {
            let _ = self.engine.remove_volume(volume);
        }
        for network in &self.networks {
            let _ = self.engine.remove_network(network);
        }
        for image in &self.images {
            let _ = self.engine.remove_image(image);
        }
    }
}
