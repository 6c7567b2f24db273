use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::personality::{self, Persona};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{Uid, UnlinkatFlags, geteuid, setresuid, unlinkat};
use temper_model::container::{Attempt, Outcome};

use super::enter::SCRATCH;
use super::paths::{low_byte, refused, status};
use super::program::program;

/// The program with the set-user-id bit, in the scratch file system.
const SET_USER_ID: &str = "/sys/temper-setuid";

/// A program that belongs to another user and has the set-user-id bit.
pub(super) struct SetUserId {
    owner: u32,
}

impl SetUserId {
    /// Makes it while this process still may. It belongs to root, or to another user where the process is root itself, or
    /// where the exit status of root could not be told from that of the process.
    pub(super) fn make(uid: u32) -> Result<Self, Outcome> {
        let program = program()
            .ok_or_else(|| Outcome::NotTried("no program is known for this processor".to_owned()))?;
        let owner = if low_byte(uid) == 0 { 1 } else { 0 };
        let made = fs::write(SET_USER_ID, program)
            // Changing the owner clears the bit, so it is set afterwards.
            .and_then(|()| chown(SET_USER_ID, Some(owner), Some(0)))
            .and_then(|()| fs::set_permissions(SET_USER_ID, fs::Permissions::from_mode(0o4755)));
        made.map_err(|error| Outcome::NotTried(format!("no set-user-id file could be made: {error}")))?;
        Ok(Self { owner })
    }

    /// Runs it with the identity of the container.
    pub(super) fn run(&self) -> Outcome {
        match status(SET_USER_ID) {
            Ok(code) if code == low_byte(self.owner) => Outcome::Done,
            Ok(code) if code == low_byte(geteuid().as_raw()) => Outcome::Refused("bit ignored".to_owned()),
            Ok(code) => Outcome::NotTried(format!("the program ended with {code}")),
            Err(outcome) => outcome,
        }
    }
}

/// What may be tried in a private scratch file system.
pub(super) fn in_scratch() -> Vec<Attempt> {
    vec![
        Attempt::RawSocket { outcome: raw_socket() },
        Attempt::Mount { outcome: mount_over(SCRATCH) },
        Attempt::DeviceNode { outcome: device_node() },
    ]
}

/// What shows the system call filter: it is that of the process, so it is only tried in a sibling container.
pub(super) fn of_filter() -> Vec<Attempt> {
    vec![
        Attempt::RawSocket { outcome: raw_socket() },
        Attempt::Personality { outcome: personality() },
        Attempt::UserNamespace { outcome: of(unshare(CloneFlags::CLONE_NEWUSER)) },
    ]
}

/// `setuid(0)`. It is the last attempt, because it cannot be undone.
pub(super) fn become_root() -> Attempt {
    let root = Uid::from_raw(0);
    let outcome = if geteuid().is_root() {
        Outcome::NotTried("it is root already".to_owned())
    } else {
        of(setresuid(root, root, root))
    };
    Attempt::BecomeRoot { outcome }
}

fn of<T>(result: Result<T, Errno>) -> Outcome {
    result.map_or_else(refused, |_| Outcome::Done)
}

fn raw_socket() -> Outcome {
    of(socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp))
}

fn mount_over(path: &str) -> Outcome {
    let none = None::<&str>;
    let mounted = mount(Some("tmpfs"), path, Some("tmpfs"), MsFlags::empty(), none);
    if mounted.is_ok() {
        // Nobody else sees the mount, and it goes with this process if this fails.
        let _ = umount2(path, MntFlags::MNT_DETACH);
    }
    of(mounted)
}

/// The null device: it can do no harm, and making it needs the right to make any.
fn device_node() -> Outcome {
    const NODE: &str = "/sys/temper-null";
    let made = mknod(NODE, SFlag::S_IFCHR, Mode::S_IRUSR, makedev(1, 3));
    if made.is_ok() {
        // It is in the scratch file system, which goes with this process.
        let _ = unlinkat(nix::fcntl::AT_FDCWD, NODE, UnlinkatFlags::NoRemoveDir);
    }
    of(made)
}

/// The engine's default filter lets only harmless values through (moby, `profiles/seccomp/default_linux.go`).
fn personality() -> Outcome {
    of(personality::set(Persona::ADDR_NO_RANDOMIZE))
}
