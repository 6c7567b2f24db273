use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::unistd::{UnlinkatFlags, geteuid, unlinkat, write};
use temper_model::container::{Outcome, PathAttempt};

use super::program::program;

/// Makes files in directories of a container and takes them away again.
pub(super) struct Files {
    /// Part of each name.
    pub(super) token: String,
    /// Files made so far.
    pub(super) made: u32,
    /// Files that could not be removed.
    pub(super) left: Vec<String>,
}

/// As many names as one attempt process may use, and as a sweep looks for.
pub(super) const MOST_FILES: u32 = 64;

impl Files {
    /// Writes something at a path: in a directory a new file, into a file nothing. Where there is nothing yet, the nearest
    /// directory above is tried, in which the service would have to make it.
    pub(super) fn write(&mut self, path: &str) -> PathAttempt {
        let mut at = path;
        loop {
            match self.write_at(at) {
                Err(Errno::ENOENT) if at != "/" => at = parent(at),
                result => {
                    let outcome = result.unwrap_or_else(refused);
                    let at = (at != path).then(|| at.to_owned());
                    return PathAttempt { path: path.to_owned(), at, outcome };
                }
            }
        }
    }

    fn write_at(&mut self, path: &str) -> Result<Outcome, Errno> {
        let place = open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
        let kind = SFlag::from_bits_truncate(fstat(&place)?.st_mode & SFlag::S_IFMT.bits());
        match kind {
            SFlag::S_IFDIR => self.write_in(path, place.as_fd()),
            SFlag::S_IFREG => {
                // Opening without truncation is asked for the right to write and changes nothing.
                open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
                Ok(Outcome::Done)
            }
            _ => Ok(Outcome::NotTried("it is neither a directory nor a file".to_owned())),
        }
    }

    fn write_in(&mut self, path: &str, directory: BorrowedFd<'_>) -> Result<Outcome, Errno> {
        // A file without a name leaves nothing behind, however this process ends. Not every file system has them.
        let unnamed = OFlag::O_TMPFILE | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        match openat(directory, ".", unnamed, Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(file) => {
                write(&file, b"temper")?;
                return Ok(Outcome::Done);
            }
            Err(Errno::EOPNOTSUPP | Errno::EISDIR | Errno::EINVAL) => {}
            Err(error) => return Err(error),
        }
        let (name, file) = self.named(directory, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let written = write(&file, b"temper");
        self.remove(path, directory, &name);
        written.map(|_| Outcome::Done)
    }

    /// Runs a new file in a directory.
    pub(super) fn execute(&mut self, path: &str) -> PathAttempt {
        let outcome = match program() {
            None => Outcome::NotTried("no program is known for this processor".to_owned()),
            Some(program) => self.execute_in(path, &program).unwrap_or_else(|error| {
                Outcome::NotTried(format!("no file can be made there: {}", name_of(error)))
            }),
        };
        PathAttempt { path: path.to_owned(), at: None, outcome }
    }

    fn execute_in(&mut self, path: &str, program: &[u8]) -> Result<Outcome, Errno> {
        let directory = open(path, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
        let (name, file) = self.named(directory.as_fd(), Mode::S_IRWXU)?;
        let written = write(&file, program);
        // A file that is open for writing cannot be run.
        drop(file);
        let outcome =
            written.map(|_| run(&format!("{}/{name}", path.trim_end_matches('/')), geteuid().as_raw()));
        self.remove(path, directory.as_fd(), &name);
        outcome
    }

    fn named(&mut self, directory: BorrowedFd<'_>, mode: Mode) -> Result<(String, OwnedFd), Errno> {
        if self.made >= MOST_FILES {
            return Err(Errno::EMFILE);
        }
        let name = name(&self.token, self.made);
        self.made += 1;
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = openat(directory, name.as_str(), flags, mode)?;
        Ok((name, file))
    }

    fn remove(&mut self, path: &str, directory: BorrowedFd<'_>, name: &str) {
        if unlinkat(directory, name, UnlinkatFlags::NoRemoveDir).is_err() {
            self.left.push(format!("{}/{name}", path.trim_end_matches('/')));
        }
    }

    /// Removes what an earlier process with the same token left behind in a directory when it was killed.
    pub(super) fn sweep(&mut self, path: &str) {
        let Ok(directory) = open(path, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
        else {
            return;
        };
        for number in 0..MOST_FILES {
            let name = name(&self.token, number);
            match unlinkat(&directory, name.as_str(), UnlinkatFlags::NoRemoveDir) {
                // A read-only file system has none of them.
                Ok(()) | Err(Errno::ENOENT | Errno::EROFS) => {}
                Err(_) => self.left.push(format!("{}/{name}", path.trim_end_matches('/'))),
            }
        }
    }
}

fn name(token: &str, number: u32) -> String {
    format!(".temper-{token}-{number}")
}

fn parent(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some((above, _)) if !above.is_empty() => above,
        _ => "/",
    }
}

/// Runs a program that ends with its effective user; done means that it ran as `expected`.
pub(super) fn run(path: &str, expected: u32) -> Outcome {
    match status(path) {
        Ok(code) if code == low_byte(expected) => Outcome::Done,
        Ok(code) => Outcome::NotTried(format!("the program ended with {code}")),
        Err(outcome) => outcome,
    }
}

/// Runs a program in an empty environment and gives its exit status.
pub(super) fn status(path: &str) -> Result<u32, Outcome> {
    // `/dev/null` may not be there, so the program keeps the files of this process; it reads and writes none.
    let mut command = Command::new(path);
    command.env_clear().stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let status = command.status().map_err(|error| match error.raw_os_error() {
        Some(number) => refused(Errno::from_raw(number)),
        None => Outcome::NotTried(error.to_string()),
    })?;
    let ended = || match status.signal() {
        Some(signal) => Outcome::NotTried(format!("the program was ended by signal {signal}")),
        None => Outcome::NotTried("the program did not end".to_owned()),
    };
    status.code().and_then(|code| u32::try_from(code).ok()).ok_or_else(ended)
}

/// What is left of a user in an exit status.
pub(super) fn low_byte(uid: u32) -> u32 {
    uid & 0xff
}

/// The name of an error: `EROFS`.
pub(super) fn name_of(error: Errno) -> String {
    format!("{error:?}")
}

/// The kernel refused.
pub(super) fn refused(error: Errno) -> Outcome {
    Outcome::Refused(name_of(error))
}

#[cfg(test)]
mod tests {
    use temper_model::container::Outcome;

    use super::{Files, parent};

    fn files() -> Files {
        Files { token: "test".to_owned(), made: 0, left: Vec::new() }
    }

    fn names_in(path: &str) -> usize {
        std::fs::read_dir(path).expect("it is a directory").count()
    }

    #[test]
    fn nothing_is_left_behind_of_what_was_written_and_run() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let path = directory.path().to_str().expect("it is text");
        let mut files = files();
        assert_eq!(files.write(path).outcome, Outcome::Done);
        assert_eq!(files.execute(path).outcome, Outcome::Done);
        assert_eq!((names_in(path), files.left.len()), (0, 0));
    }

    #[test]
    fn path_that_is_not_there_yet_is_tried_at_the_nearest_directory_above() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let path = format!("{}/cache/models", directory.path().display());
        let attempt = files().write(&path);
        assert_eq!((attempt.outcome, attempt.at.as_deref()), (Outcome::Done, directory.path().to_str()));
    }

    #[test]
    fn file_is_opened_for_writing_and_keeps_its_content() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let path = format!("{}/state", directory.path().display());
        std::fs::write(&path, "kept").expect("it can be written");
        assert_eq!(files().write(&path).outcome, Outcome::Done);
        assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "kept");
    }

    #[test]
    fn sweep_removes_what_a_killed_process_left_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let path = directory.path().to_str().expect("it is text");
        for name in [".temper-test-0", ".temper-other-0", "data"] {
            std::fs::write(format!("{path}/{name}"), "").expect("it can be written");
        }
        files().sweep(path);
        assert_eq!(names_in(path), 2);
    }

    #[test]
    fn parents_end_at_the_root() {
        assert_eq!((parent("/a/b/"), parent("/a"), parent("/")), ("/a", "/", "/"));
    }
}
