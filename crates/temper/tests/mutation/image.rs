//! An image FROM scratch: a program that waits, one that ends at once, and the name of a user.

use serde_json::json;
use sha2::{Digest, Sha256};
use temper_live::engine::Engine;

/// `pause()` for ever, and `exit(0)`, as x86-64 machine code.
const PAUSE: [u8; 9] = [0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7];
const OK: [u8; 9] = [0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05];

/// Loads the image under a name. `mark` makes another image of it.
pub(crate) fn load(engine: &Engine, name: &str, mark: &str) {
    assert_eq!(std::env::consts::ARCH, "x86_64", "the test image holds x86-64 programs");
    let mut layer = tar::Builder::new(Vec::new());
    add(&mut layer, "pause", &elf(&PAUSE));
    add(&mut layer, "ok", &elf(&OK));
    add(&mut layer, "mark", mark.as_bytes());
    add(&mut layer, "etc/passwd", b"root:x:0:0::/:/none\napp:x:65532:65532::/:/none\n");
    let layer = layer.into_inner().unwrap();
    let digest: String = Sha256::digest(&layer).iter().map(|byte| format!("{byte:02x}")).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {"User": "65532:65532", "Entrypoint": ["/pause"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
    });
    let manifest = json!([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]);
    let mut archive = tar::Builder::new(Vec::new());
    add(&mut archive, "config.json", config.to_string().as_bytes());
    add(&mut archive, "layer.tar", &layer);
    add(&mut archive, "manifest.json", manifest.to_string().as_bytes());
    engine.load_image(archive.into_inner().unwrap()).unwrap();
}

fn add(archive: &mut tar::Builder<Vec<u8>>, path: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o755);
    archive.append_data(&mut header, path, bytes).unwrap();
}

/// A program of one segment: ELF header, program header, code.
fn elf(code: &[u8]) -> Vec<u8> {
    let size = 120 + code.len() as u64;
    let mut elf = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    elf.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    elf.extend((0x40_0000_u64 + 120).to_le_bytes());
    elf.extend(64_u64.to_le_bytes());
    elf.extend([0; 12]);
    elf.extend([64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    elf.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    elf.extend(0_u64.to_le_bytes());
    elf.extend(0x40_0000_u64.to_le_bytes());
    elf.extend(0x40_0000_u64.to_le_bytes());
    elf.extend(size.to_le_bytes());
    elf.extend(size.to_le_bytes());
    elf.extend(0x1000_u64.to_le_bytes());
    elf.extend(code);
    elf
}
