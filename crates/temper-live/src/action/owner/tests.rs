use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{Direction, OwnerEntry, change};

/// User, group and mode as recorded.
fn stat(path: &Path) -> (u32, u32, u32) {
    let stat = fs::symlink_metadata(path).expect("is there");
    (stat.uid(), stat.gid(), stat.mode() & 0o7777)
}

/// An entry that only changes the mode: this needs no privilege.
fn entry(root: &Path, path: &str, mode: u32) -> OwnerEntry {
    let old = stat(&root.join(path));
    OwnerEntry { path: PathBuf::from(path), old, new: (old.0, old.1, mode) }
}

#[test]
fn a_change_can_be_taken_and_taken_back_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::create_dir(root.join("sub")).expect("makes");
    fs::write(root.join("sub/file"), "x").expect("writes");
    let entries = [entry(root, "", 0o711), entry(root, "sub", 0o700), entry(root, "sub/file", 0o600)];
    let before: Vec<_> = entries.iter().map(|entry| entry.old).collect();
    let now = || entries.iter().map(|entry| stat(&root.join(&entry.path))).collect::<Vec<_>>();
    for changed in [true, false] {
        assert_eq!(change(root, &entries, Direction::Forth).expect("changes").changed, changed);
        assert_eq!(now(), entries.iter().map(|entry| entry.new).collect::<Vec<_>>());
    }
    for changed in [true, false] {
        assert_eq!(change(root, &entries, Direction::Back).expect("changes").changed, changed);
        assert_eq!(now(), before);
    }
}

#[test]
fn what_somebody_else_changed_is_left_and_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::write(root.join("kept"), "x").expect("writes");
    fs::write(root.join("gone"), "x").expect("writes");
    let entries = [entry(root, "kept", 0o600), entry(root, "gone", 0o600)];
    fs::set_permissions(root.join("kept"), fs::Permissions::from_mode(0o751)).expect("sets");
    fs::remove_file(root.join("gone")).expect("removes");
    let left = change(root, &entries, Direction::Forth).expect("looks").left;
    let shown: Vec<String> =
        left.iter().map(|line| line.replace(&root.display().to_string(), "VOLUME")).collect();
    assert_eq!(shown, ["VOLUME/kept has another owner or mode by now", "VOLUME/gone is gone"]);
    assert_eq!(stat(&root.join("kept")).2, 0o751);
}

#[test]
fn a_link_in_a_volume_never_leads_out_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, outside) = (folder.path().join("volume"), folder.path().join("outside"));
    fs::create_dir_all(root.join("sub")).expect("makes");
    fs::write(root.join("sub/file"), "x").expect("writes");
    fs::create_dir(&outside).expect("makes");
    fs::write(outside.join("file"), "x").expect("writes");
    let before = stat(&outside.join("file"));
    let entries = [entry(&root, "sub/file", 0o777)];
    // The container replaces the directory by a link after it was looked at.
    fs::remove_dir_all(root.join("sub")).expect("removes");
    symlink(&outside, root.join("sub")).expect("links");
    change(&root, &entries, Direction::Forth).expect_err("it is a link now");
    symlink(outside.join("file"), root.join("link")).expect("links");
    let entries = [OwnerEntry { path: "../outside/file".into(), ..entries[0].clone() }];
    change(&root, &entries, Direction::Forth).expect_err("it is outside");
    let link = entry(&root, "link", 0o600);
    let _ = change(&root, &[link], Direction::Forth);
    assert_eq!(stat(&outside.join("file")), before);
}
