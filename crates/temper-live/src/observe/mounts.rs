use temper_model::container::MountEntry;

/// Reads `/proc/PID/mountinfo`.
///
/// # Errors
/// The line that is not as `man 5 proc_pid_mountinfo` has it.
pub(super) fn mounts(text: &str) -> Result<Vec<MountEntry>, String> {
    text.lines().map(|line| mount(line).ok_or_else(|| format!("not a line of mountinfo: {line}"))).collect()
}

/// `id parent major:minor root target options [optional…] - type source super-options`.
fn mount(line: &str) -> Option<MountEntry> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ').skip(3);
    let (root, target, options) = (left.next()?, left.next()?, left.next()?);
    let mut right = right.split(' ');
    let (file_system, source) = (right.next()?, right.next()?);
    let list = |text: &str| text.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect();
    Some(MountEntry {
        target: unescape(target),
        file_system: file_system.to_owned(),
        source: unescape(source),
        root: unescape(root),
        options: list(options),
        super_options: list(right.next().unwrap_or_default()),
    })
}

/// The kernel writes space, tab, line break and backslash as three octal digits.
fn unescape(text: &str) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if first == b'\\' => {
                out.push(byte);
                rest = &tail[3..];
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use temper_model::container::Container;

    use super::mounts;

    /// Recorded from a container of engine 20.10 with `--read-only --tmpfs /tmp:size=16m,uid=999,mode=0700`.
    const TABLE: &str = "562 433 0:61 / / ro,relatime - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0\n\
        563 562 0:64 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n\
        570 562 0:70 / /tmp rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=16384k,mode=700,uid=999,inode64\n\
        571 562 254:0 /var/lib/docker/volumes/a/_data /data/with\\040space rw,relatime master:1 - ext4 /dev/root rw\n";

    #[test]
    fn root_is_read_only_although_its_file_system_is_not() {
        let table = mounts(TABLE).expect("it is well-formed");
        assert!(
            Container::mount_of(&table, "/etc").is_some_and(|mount| mount.target == "/" && mount.read_only())
        );
        let tmp = Container::mount_of(&table, "/tmp/x").expect("it is there");
        assert_eq!(
            (tmp.option("size"), tmp.option("uid"), tmp.option("mode")),
            (Some("16384k"), Some("999"), Some("700"))
        );
        assert!(tmp.has("noexec") && tmp.has("nosuid") && !tmp.read_only());
    }

    #[test]
    fn escaped_characters_are_read_and_optional_fields_are_passed_over() {
        let table = mounts(TABLE).expect("it is well-formed");
        assert_eq!(table[3].target, "/data/with space");
        assert_eq!((table[3].file_system.as_str(), table[3].source.as_str()), ("ext4", "/dev/root"));
    }

    #[test]
    fn directory_with_a_longer_name_is_another_one() {
        let table = mounts(TABLE).expect("it is well-formed");
        assert_eq!(Container::mount_of(&table, "/tmpfile").map(|mount| mount.target.as_str()), Some("/"));
    }

    #[test]
    fn torn_line_is_an_error() {
        assert!(mounts("562 433 0:61 / /").is_err());
    }
}
