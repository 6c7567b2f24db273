use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use temper_model::container::{MountEntry, Observed, Process, Tried};

use super::places::places;
use super::request::{Answer, Identity, Request};
use crate::observe::{KernelFacts, Target};

/// The hidden subcommand that carries out a [`Request`].
pub const ATTEMPT: &str = "__attempt";
/// Its argument that stands for a request without namespaces to enter: in a sibling container.
pub const HERE: &str = "--here";

/// More identities than this in one container are not tried: nobody would read the result.
const MOST_IDENTITIES: usize = 12;

/// Starts attempt processes.
#[derive(Debug, Clone)]
pub struct Prober {
    /// The program that has the subcommand [`ATTEMPT`].
    pub program: PathBuf,
    /// What stands before the subcommand: in a helper container the program is started by its loader.
    pub arguments: Vec<String>,
    /// How long one attempt process may take.
    pub limit: Duration,
}

impl Prober {
    /// Starts the program that runs now, and waits five seconds for it at most.
    #[must_use]
    pub fn this_program() -> Self {
        // This link leads to the running program even after its file was replaced.
        Self {
            program: PathBuf::from("/proc/self/exe"),
            arguments: Vec::new(),
            limit: Duration::from_secs(5),
        }
    }

    /// Tries things in a container as each of the identities that its processes have. `needs` are paths that its service
    /// is known to write.
    #[must_use]
    pub fn attempts(&self, target: &Target, facts: &KernelFacts, needs: &[String]) -> Observed<Vec<Tried>> {
        match (facts.processes.get(), facts.mounts.get()) {
            (Ok(processes), Ok(mounts)) => match self.try_all(target, processes, mounts, needs) {
                Ok(tried) => Observed::Known(tried),
                Err(missing) => Observed::Unknown(missing),
            },
            (Err(missing), _) | (_, Err(missing)) => Observed::Unknown(missing.to_owned()),
        }
    }

    fn try_all(
        &self,
        target: &Target,
        processes: &[Process],
        mounts: &[MountEntry],
        needs: &[String],
    ) -> Result<Vec<Tried>, String> {
        let identities = identities(processes);
        if identities.len() > MOST_IDENTITIES {
            return Err(format!("its processes have {} identities, more than are tried", identities.len()));
        }
        let places = places(mounts, needs);
        let mut all = Vec::new();
        for (identity, members) in identities {
            // The first process of that identity may have ended meanwhile; the first of the container has not.
            let request = Request {
                container: target.id.clone(),
                pid: target.pid,
                identity: identity.clone(),
                token: token(),
                write: places.write.clone(),
                execute: places.execute.clone(),
                sweep: false,
            };
            let who = format!("uid {}", identity.uids[1]);
            let attempts = match self.carry_out(&request)? {
                Answer::Tried { attempts, left } if left.is_empty() => attempts,
                Answer::Tried { left, .. } => {
                    return Err(format!("{} could not be removed again: remove it", left.join(", ")));
                }
                Answer::Failed(why) => return Err(format!("as {who}: {why}")),
            };
            all.push(Tried { uid: identity.uids[1], gid: identity.gids[1], processes: members, attempts });
        }
        Ok(all)
    }

    /// Runs one attempt process; when it takes too long, it is killed, and what it made is removed.
    fn carry_out(&self, request: &Request) -> Result<Answer, String> {
        let text = self.run(request)?;
        let Some(text) = text else {
            let sweep = Request { sweep: true, ..request.clone() };
            let note = match self.run(&sweep)?.as_deref().map(serde_json::from_str::<Answer>) {
                Some(Ok(Answer::Tried { left, .. })) if left.is_empty() => String::new(),
                _ => format!("; files named .temper-{}-* may be left in it", request.token),
            };
            return Err(format!("an attempt took longer than {} s{note}", self.limit.as_secs()));
        };
        serde_json::from_str(&text).map_err(|error| format!("the attempt process gave no answer: {error}"))
    }

    /// The answer of one process; `None` when it was killed for taking too long.
    fn run(&self, request: &Request) -> Result<Option<String>, String> {
        let failed = |error: std::io::Error| format!("starting an attempt process: {error}");
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(ATTEMPT).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(failed)?;
        let outcome = talk(&mut child, request, self.limit);
        // It has ended, or it is killed now; either way it is collected.
        let _ = child.kill();
        child.wait().map_err(failed)?;
        outcome.map_err(failed)
    }
}

fn talk(child: &mut Child, request: &Request, limit: Duration) -> std::io::Result<Option<String>> {
    let text = serde_json::to_string(request)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let Some(mut output) = child.stdout.take() else { return Ok(None) };
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut answer = String::new();
        // Nobody waits any more when the time is over.
        let _ = send.send(output.read_to_string(&mut answer).map(|_| answer));
    });
    match receive.recv_timeout(limit) {
        Ok(answer) => answer.map(Some),
        Err(_) => Ok(None),
    }
}

/// The different identities of processes, each with the numbers of its processes in the container.
fn identities(processes: &[Process]) -> Vec<(Identity, Vec<u32>)> {
    let mut all: Vec<(Identity, Vec<u32>)> = Vec::new();
    for process in processes {
        let identity = Identity::from(process);
        match all.iter_mut().find(|(known, _)| *known == identity) {
            Some((_, members)) => members.push(process.inner_pid),
            None => all.push((identity, vec![process.inner_pid])),
        }
    }
    all
}

/// Different for each attempt process on this machine.
pub(super) fn token() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{count:x}", std::process::id(), since.as_nanos())
}
