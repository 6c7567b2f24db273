//! The smallest program that tells with which rights it runs, for images that have no program at all.

/// Where the program is loaded: the usual address of a program that is not relocated.
const ADDRESS: u64 = 0x40_0000;
/// Length of the ELF header (`man 5 elf`, `Elf64_Ehdr`).
const HEADER: u16 = 64;
/// Length of one program header (`Elf64_Phdr`).
const SEGMENT: u16 = 56;

/// A program for this processor whose exit status is its effective user, modulo 256 as every exit status. `None` on a
/// processor for which it is not written.
///
/// ```text
/// x86_64                          aarch64
/// b8 6b 00 00 00  mov eax, 107    e8 15 80 d2  mov x8, 175   geteuid
/// 0f 05           syscall         01 00 00 d4  svc 0
/// 89 c7           mov edi, eax                               (the result is in x0 already)
/// b8 3c 00 00 00  mov eax, 60     a8 0b 80 d2  mov x8, 93    exit
/// 0f 05           syscall         01 00 00 d4  svc 0
/// ```
#[must_use]
pub(super) fn program() -> Option<Vec<u8>> {
    // `e_machine`: EM_X86_64 and EM_AARCH64.
    match std::env::consts::ARCH {
        "x86_64" => {
            Some(elf(62, &[0xb8, 0x6b, 0, 0, 0, 0x0f, 0x05, 0x89, 0xc7, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05]))
        }
        "aarch64" => Some(elf(
            183,
            &[0xe8, 0x15, 0x80, 0xd2, 0x01, 0, 0, 0xd4, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4],
        )),
        _ => None,
    }
}

/// An ELF file of one segment: header, program header, code.
fn elf(machine: u16, code: &[u8]) -> Vec<u8> {
    let begin = u64::from(HEADER + SEGMENT);
    let length = begin + code.len() as u64;
    let mut file = Vec::with_capacity(256);
    // e_ident: magic, 64 bits, little-endian, version 1, System V, padding.
    file.extend([0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(2_u16.to_le_bytes()); // e_type: ET_EXEC
    file.extend(machine.to_le_bytes()); // e_machine
    file.extend(1_u32.to_le_bytes()); // e_version
    file.extend((ADDRESS + begin).to_le_bytes()); // e_entry: the code behind the headers
    file.extend(u64::from(HEADER).to_le_bytes()); // e_phoff
    file.extend(0_u64.to_le_bytes()); // e_shoff: no sections
    file.extend(0_u32.to_le_bytes()); // e_flags
    file.extend(HEADER.to_le_bytes()); // e_ehsize
    file.extend(SEGMENT.to_le_bytes()); // e_phentsize
    file.extend(1_u16.to_le_bytes()); // e_phnum
    file.extend([0; 6]); // e_shentsize, e_shnum, e_shstrndx: no sections
    file.extend(1_u32.to_le_bytes()); // p_type: PT_LOAD
    file.extend(5_u32.to_le_bytes()); // p_flags: read and execute
    file.extend(0_u64.to_le_bytes()); // p_offset: the whole file
    file.extend(ADDRESS.to_le_bytes()); // p_vaddr
    file.extend(ADDRESS.to_le_bytes()); // p_paddr
    file.extend(length.to_le_bytes()); // p_filesz
    file.extend(length.to_le_bytes()); // p_memsz
    file.extend(0x1000_u64.to_le_bytes()); // p_align
    file.extend(code);
    file
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::program;

    #[test]
    fn program_runs_and_ends_with_its_effective_user() {
        let bytes = program().expect("tests run on x86_64 or aarch64");
        assert_eq!(bytes.len(), 136);
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let path = directory.path().join("geteuid");
        fs::write(&path, bytes).expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("it is ours");
        let status = Command::new(&path).status().expect("it starts");
        let own = nix::unistd::geteuid().as_raw();
        assert_eq!(status.code(), Some((own & 0xff).cast_signed()));
    }
}
