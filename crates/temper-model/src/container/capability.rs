use super::Capabilities;

/// Capabilities by their number, without `CAP_` (`include/uapi/linux/capability.h`, Linux 6.12; none was added since
/// 5.9).
pub const CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

impl Capabilities {
    /// Everything that is in any of the sets.
    #[must_use]
    pub fn any(&self) -> u64 {
        self.inheritable | self.permitted | self.effective | self.bounding | self.ambient
    }

    /// The names of the capabilities in a mask. One that is newer than this program is named by its number.
    #[must_use]
    pub fn names(mask: u64) -> Vec<String> {
        let numbers = (0..64_usize).filter(|number| mask >> number & 1 == 1);
        numbers
            .map(|number| {
                CAPABILITIES.get(number).map_or_else(|| format!("number {number}"), |name| (*name).to_owned())
            })
            .collect()
    }

    /// The mask of capabilities by name, without `CAP_`, in capitals. Names that are not known are left out.
    #[must_use]
    pub fn mask<'n>(names: impl IntoIterator<Item = &'n str>) -> u64 {
        let number = |name: &str| CAPABILITIES.iter().position(|known| *known == name);
        names.into_iter().filter_map(number).fold(0, |mask, number| mask | 1 << number)
    }
}

#[cfg(test)]
mod tests {
    use super::Capabilities;

    #[test]
    fn default_set_of_the_engine_has_fourteen_names() {
        // `CapBnd` of a container without settings, engine 20.10.
        let names = Capabilities::names(0xa804_25fb);
        assert_eq!(names.len(), 14);
        assert!(names.contains(&"NET_RAW".to_owned()) && !names.contains(&"SYS_ADMIN".to_owned()));
        assert_eq!(Capabilities::mask(names.iter().map(String::as_str)), 0xa804_25fb);
    }

    #[test]
    fn capability_newer_than_the_program_is_not_lost() {
        assert_eq!(Capabilities::names(1 << 50), ["number 50"]);
    }
}
