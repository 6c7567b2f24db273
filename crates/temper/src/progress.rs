//! A line on the terminal while something takes long.

use std::io::{IsTerminal, Write, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// What ends sooner needs no progress.
const SLOW: Duration = Duration::from_millis(500);

/// Says what is being done once it takes long, and takes the line away again when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins to wait. Nothing is ever said when standard error is not a terminal.
    pub(crate) fn start(what: String) -> Self {
        if !stderr().is_terminal() {
            return Self { done: None, thread: None };
        }
        let (done, waiting) = channel::<()>();
        let thread = std::thread::spawn(move || {
            if waiting.recv_timeout(SLOW) == Err(RecvTimeoutError::Timeout) {
                // A closed standard error must not change what the command does.
                let _ = write!(stderr(), "{what}…");
                let _ = waiting.recv();
                // To the begin of the line, and clear it (ECMA-48, EL).
                let _ = write!(stderr(), "\r\x1b[K");
            }
        });
        Self { done: Some(done), thread: Some(thread) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            // The thread only writes; if it fell, there is nothing to clear.
            let _ = thread.join();
        }
    }
}
