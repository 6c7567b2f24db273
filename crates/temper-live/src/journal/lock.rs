use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::JournalError;
use super::clock::{age, now, utc};

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The process.
    pub pid: u32,
    /// Its user.
    pub user: String,
    /// The machine.
    pub host: String,
    /// Since when, in seconds since 1970.
    pub since: i64,
}

impl Owner {
    fn this() -> Self {
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self {
            pid: std::process::id(),
            user: user.map_or_else(|| nix::unistd::geteuid().to_string(), |user| user.name),
            host: host.trim().to_owned(),
            since: now(),
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pid, user, host, since } = self;
        write!(f, "process {pid} of {user} on {host}, since {} UTC ({} ago)", utc(*since), age(now() - since))
    }
}

/// How long what a killed temper has started may go on.
const HELPERS: Duration = Duration::from_secs(120);

/// The right to change the stack. It ends with this value, or with the process, however that ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// Locked as well, and shared with the programs that are started meanwhile: whoever takes the lock after a temper that
    /// was killed waits until these have ended, so that nothing is made after it was looked for.
    helpers: Arc<File>,
    /// Who had it and did not give it back: that process was killed.
    pub taken_over_from: Option<Owner>,
}

impl Lock {
    /// Takes the lock. It is one of the kernel (`flock`), so that of a process that died is free at once.
    pub(super) fn take(path: &Path) -> Result<Self, JournalError> {
        let mut file = open(path)?;
        let free = file.try_lock();
        let owner = read(&mut file);
        match free {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let owner = owner.or_else(|| read_again(&mut file));
                let owner = owner.map_or("it did not say who it is".to_owned(), |owner| owner.to_string());
                return Err(JournalError::Locked { owner });
            }
            Err(TryLockError::Error(error)) => return Err(JournalError::io(path, &error)),
        }
        let helpers = wait_for_helpers(&path.with_extension("helpers"))?;
        let text = serde_json::to_string(&Owner::this()).unwrap_or_default();
        write(&mut file, &text).map_err(|error| JournalError::io(path, &error))?;
        Ok(Self { file, helpers: Arc::new(helpers), taken_over_from: owner })
    }

    /// An empty file. A program that has it open, as its standard input for example, is at work on the stack.
    pub(crate) fn helpers(&self) -> Arc<File> {
        Arc::clone(&self.helpers)
    }
}

/// Waits until the programs have ended that a killed temper has started.
fn wait_for_helpers(path: &Path) -> Result<File, JournalError> {
    let file = open(path)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < HELPERS => {
                thread::sleep(Duration::from_millis(50));
            }
            Err(TryLockError::WouldBlock) => {
                let owner = "a program that a killed temper has started".to_owned();
                return Err(JournalError::Locked { owner });
            }
            Err(TryLockError::Error(error)) => return Err(JournalError::io(path, &error)),
        }
    }
}

fn open(path: &Path) -> Result<File, JournalError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(path)
        .map_err(|error| JournalError::io(path, &error))
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Given back, not lost: the next owner sees an empty file. That it is free does not depend on this.
        let _ = self.file.set_len(0);
    }
}

/// Who has just taken the lock writes its name a moment later.
fn read_again(file: &mut File) -> Option<Owner> {
    (0..20).find_map(|_| {
        thread::sleep(Duration::from_millis(50));
        file.rewind().ok()?;
        read(file)
    })
}

fn read(file: &mut File) -> Option<Owner> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn write(file: &mut File, text: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use super::Lock;

    #[test]
    fn lock_is_taken_when_the_programs_of_the_last_owner_have_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = Lock::take(&path).unwrap();
        // As a program has it that outlives its temper.
        let program = lock.helpers().try_clone().unwrap();
        drop(lock);
        let begun = Instant::now();
        let ends = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            drop(program);
        });
        drop(Lock::take(&path).unwrap());
        assert!(begun.elapsed() >= Duration::from_millis(300));
        ends.join().unwrap();
    }
}
