use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::error::Place;
use super::{JournalError, Lock, chain};

/// The folder in the root of the stack.
const FOLDER: &str = ".temper";
/// The database in it.
const FILE: &str = "temper.db";
/// The lock in it.
const LOCK: &str = "lock";
/// Version of the tables, in `PRAGMA user_version`.
const SCHEMA: i64 = 1;
/// In `PRAGMA application_id`: the letters `temp`.
const APPLICATION: i64 = 0x7465_6d70;
/// Milliseconds to wait for another connection, such as that of `deploy --history`.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE snapshot (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL, project TEXT NOT NULL, about TEXT NOT NULL,
        sha TEXT NOT NULL
    ) STRICT;
    CREATE TABLE snapshot_item (
        snapshot INTEGER NOT NULL REFERENCES snapshot (id), ordinal INTEGER NOT NULL,
        kind TEXT NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL,
        sha TEXT NOT NULL, PRIMARY KEY (snapshot, ordinal)
    ) STRICT;
    CREATE TABLE run (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE, begun INTEGER NOT NULL, kind TEXT NOT NULL,
        snapshot INTEGER REFERENCES snapshot (id),
        sha TEXT NOT NULL, head TEXT NOT NULL
    ) STRICT;
    CREATE TABLE step (
        run TEXT NOT NULL REFERENCES run (id), sequence INTEGER NOT NULL,
        number INTEGER NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, content TEXT NOT NULL,
        sha TEXT NOT NULL, PRIMARY KEY (run, sequence)
    ) STRICT;
";

/// The database of snapshots and runs of one stack. Secrets are in it; it belongs to the user alone.
#[derive(Debug)]
pub struct Journal {
    pub(crate) connection: Connection,
    pub(super) place: Place,
    folder: PathBuf,
}

impl Journal {
    /// The journal of the stack at `root`; `None` when there is none yet.
    ///
    /// # Errors
    /// When it is damaged, of a later version, or not this user's own.
    pub fn open(root: &Path) -> Result<Option<Self>, JournalError> {
        let folder = root.join(FOLDER);
        match fs::symlink_metadata(folder.join(FILE)) {
            Ok(_) => Self::connect(folder).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(JournalError::io(&folder.join(FILE), &error)),
        }
    }

    /// The journal of the stack at `root`, made when there is none.
    ///
    /// # Errors
    /// As [`Journal::open`], and when the directory cannot be written.
    pub fn create(root: &Path) -> Result<Self, JournalError> {
        let folder = root.join(FOLDER);
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(JournalError::io(&folder, &error));
            }
            _ => {}
        }
        own_folder(&folder)?;
        new_file(&folder.join(".gitignore"), "*\n", 0o644)?;
        new_file(&folder.join(FILE), "", 0o600)?;
        sync(&folder)?;
        sync(root)?;
        Self::connect(folder)
    }

    /// Takes the right to change the stack.
    ///
    /// # Errors
    /// When another process has it; the error says which and since when.
    pub fn lock(&self) -> Result<Lock, JournalError> {
        Lock::take(&self.folder.join(LOCK))
    }

    fn connect(folder: PathBuf) -> Result<Self, JournalError> {
        own_folder(&folder)?;
        let path = folder.join(FILE);
        own_file(&path)?;
        let place = Place(path);
        let connection = Connection::open(&place.0).map_err(|error| place.error(&error))?;
        let journal = Self { connection, place, folder };
        journal.prepare().map_err(|error| journal.place.error(&error))?;
        journal.schema()?;
        journal.machine()?;
        Ok(journal)
    }

    /// Every commit reaches the disk before the step that it records is taken.
    fn prepare(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(PATIENCE)?;
        self.connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.connection.pragma_update(None, "foreign_keys", true)
    }

    fn number(&self, pragma: &str) -> Result<i64, JournalError> {
        let read = self.connection.pragma_query_value(None, pragma, |row| row.get(0));
        read.map_err(|error| self.place.error(&error))
    }

    fn schema(&self) -> Result<(), JournalError> {
        let (application, version) = (self.number("application_id")?, self.number("user_version")?);
        if application == 0 && version == 0 && self.number("schema_version")? == 0 {
            return self.write(|connection| {
                connection.execute_batch(TABLES)?;
                connection.execute("INSERT INTO meta VALUES ('machine', ?1)", [machine()])?;
                connection.pragma_update(None, "application_id", APPLICATION)?;
                connection.pragma_update(None, "user_version", SCHEMA)
            });
        }
        if application != APPLICATION {
            return Err(self.place.damaged("it is no journal of temper"));
        }
        if version > SCHEMA {
            let path = self.place.0.display().to_string();
            return Err(JournalError::Newer { path, found: version, known: SCHEMA });
        }
        let check: String = self
            .connection
            .pragma_query_value(None, "quick_check", |row| row.get(0))
            .map_err(|error| self.place.error(&error))?;
        if check == "ok" { Ok(()) } else { Err(self.place.damaged(check)) }
    }

    /// Ids of containers mean something on one machine only; and a database that came from elsewhere is not to be trusted.
    fn machine(&self) -> Result<(), JournalError> {
        let query = "SELECT value FROM meta WHERE key = 'machine'";
        let found: String = self
            .connection
            .query_row(query, [], |row| row.get(0))
            .map_err(|error| self.place.error(&error))?;
        if found == machine() {
            return Ok(());
        }
        Err(JournalError::path(
            &self.place.0,
            "it was written on another machine and is not used here; remove the folder .temper to begin anew",
        ))
    }

    /// What SQLite said, with the path and what to do.
    pub(crate) fn failed(&self, error: &rusqlite::Error) -> JournalError {
        self.place.error(error)
    }

    /// Something in it is not what was written.
    pub(crate) fn damaged(&self, what: impl Into<String>) -> JournalError {
        self.place.damaged(what)
    }

    /// Runs changes as one: all of them are on the disk afterwards, or none.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        let all = || {
            let transaction = self.connection.unchecked_transaction()?;
            let value = change(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        all().map_err(|error| self.place.error(&error))
    }
}

/// The machine, by a hash: `/etc/machine-id`, or the host name where there is none.
fn machine() -> String {
    let id = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let host = || fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let id = if id.trim().is_empty() { host() } else { id };
    chain::sha256(format!("temper {}", id.trim()))
}

fn untrusted(path: &Path, reason: String) -> JournalError {
    JournalError::Untrusted { path: path.display().to_string(), reason }
}

fn own(path: &Path, found: &fs::Metadata) -> Result<(), JournalError> {
    let user = nix::unistd::geteuid().as_raw();
    if found.uid() == user {
        return Ok(());
    }
    Err(untrusted(path, format!("it belongs to user {} and this is user {user}", found.uid())))
}

fn own_folder(folder: &Path) -> Result<(), JournalError> {
    let found = fs::symlink_metadata(folder).map_err(|error| JournalError::io(folder, &error))?;
    if !found.is_dir() {
        return Err(untrusted(folder, "it is no directory".to_owned()));
    }
    own(folder, &found)?;
    if found.mode() & 0o077 != 0 {
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(folder, mode).map_err(|error| JournalError::io(folder, &error))?;
    }
    Ok(())
}

/// `-wal` and `-shm` get the mode of the database from SQLite.
fn own_file(path: &Path) -> Result<(), JournalError> {
    let found = fs::symlink_metadata(path).map_err(|error| JournalError::io(path, &error))?;
    if !found.is_file() {
        return Err(untrusted(path, "it is no file".to_owned()));
    }
    own(path, &found)?;
    if found.mode() & 0o077 != 0 {
        return Err(untrusted(path, format!("its mode is {:04o}: others may use it", found.mode() & 0o7777)));
    }
    Ok(())
}

fn new_file(path: &Path, text: &str, mode: u32) -> Result<(), JournalError> {
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    match made {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).map_err(|error| JournalError::io(path, &error))?;
            file.sync_all().map_err(|error| JournalError::io(path, &error))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(JournalError::io(path, &error)),
    }
}

fn sync(folder: &Path) -> Result<(), JournalError> {
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| JournalError::io(folder, &error))
}
