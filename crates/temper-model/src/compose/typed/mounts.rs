use super::read::{Place, boolean, integer, missing_of, size};
use crate::compose::canonical::text_of;
use crate::compose::{Mount, MountKind, Tmpfs, units};
use crate::{Data, Value};

/// The tmpfs mounts of a service: `tmpfs` and the entries of `volumes` of that type.
pub(super) fn tmpfs(service: &Value) -> Vec<Tmpfs> {
    let short = list(service, "tmpfs").iter().filter_map(short_tmpfs);
    let long =
        list(service, "volumes").iter().filter(|mount| kind_of(mount) == "tmpfs").filter_map(long_tmpfs);
    short.chain(long).collect()
}

/// The other mounts of a service.
pub(super) fn mounts(service: &Value, place: &Place<'_>) -> Vec<Mount> {
    list(service, "volumes")
        .iter()
        .filter(|mount| kind_of(mount) != "tmpfs")
        .filter_map(|value| mount(value, place))
        .collect()
}

fn list<'v>(service: &'v Value, key: &str) -> &'v [Value] {
    service.get(key).and_then(Value::as_seq).unwrap_or_default()
}

fn kind_of(mount: &Value) -> &str {
    mount.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn short_tmpfs(value: &Value) -> Option<Tmpfs> {
    let text = value.as_str()?;
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    let options: Vec<String> =
        options.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect();
    let mut tmpfs = Tmpfs {
        at: value.at,
        target: target.to_owned(),
        size: None,
        mode: None,
        uid: None,
        gid: None,
        exec: false,
        options: Vec::new(),
        long_form: false,
        missing: value.missing().to_vec(),
    };
    for option in &options {
        read_option(&mut tmpfs, option);
    }
    tmpfs.options = options;
    Some(tmpfs)
}

/// Options as the kernel reads them (`Documentation/filesystems/tmpfs.rst`): `mode` is octal, the last one counts.
fn read_option(tmpfs: &mut Tmpfs, option: &str) {
    match option.split_once('=') {
        Some(("size", text)) => {
            // A share of RAM (`50%`) is no number of bytes before the host is known.
            tmpfs.size = units::bytes(text).and_then(|bytes| u64::try_from(bytes).ok());
        }
        Some(("mode", text)) => tmpfs.mode = u32::from_str_radix(text, 8).ok(),
        Some(("uid", text)) => tmpfs.uid = text.parse().ok(),
        Some(("gid", text)) => tmpfs.gid = text.parse().ok(),
        None if option == "exec" => tmpfs.exec = true,
        None if option == "noexec" => tmpfs.exec = false,
        _ => {}
    }
}

fn long_tmpfs(value: &Value) -> Option<Tmpfs> {
    let target = value.get("target").and_then(text_of)?;
    let parts = [value.get("target"), value.path(&["tmpfs", "size"]), value.path(&["tmpfs", "mode"])];
    Some(Tmpfs {
        at: value.at,
        target,
        size: value.path(&["tmpfs", "size"]).and_then(size),
        mode: value.path(&["tmpfs", "mode"]).and_then(integer).and_then(|mode| u32::try_from(mode).ok()),
        uid: None,
        gid: None,
        exec: false,
        options: Vec::new(),
        long_form: true,
        missing: missing_of(parts.into_iter().flatten()),
    })
}

fn mount(value: &Value, place: &Place<'_>) -> Option<Mount> {
    let target = value.get("target").and_then(text_of)?;
    let source = value.get("source").filter(|source| !matches!(source.data, Data::Null));
    let written = source.and_then(text_of).filter(|source| !source.is_empty());
    let kind = match (kind_of(value), &written) {
        ("bind", _) => MountKind::Bind,
        ("volume", Some(_)) => MountKind::Volume,
        ("volume", None) => MountKind::Anonymous,
        _ => MountKind::Other,
    };
    let resolved = match (kind, source, &written) {
        (MountKind::Bind, Some(value), Some(path)) => Some(match place.resolve(value, path) {
            root if root.is_empty() => ".".to_owned(),
            path => path,
        }),
        _ => written.clone(),
    };
    Some(Mount {
        at: value.at,
        kind,
        source: resolved,
        source_written: written,
        target,
        read_only: value.get("read_only").and_then(boolean).unwrap_or(false),
        missing: missing_of([source, value.get("target"), value.get("read_only")].into_iter().flatten()),
    })
}
