use temper_model::container::Attempt;

use super::enter::{enter, mount_scratch};
use super::identity::take_on;
use super::paths::Files;
use super::request::{Answer, Identity, Place, Request};
use super::rights::{SetUserId, become_root, in_scratch, of_filter};

/// Carries out a request. It changes what this process is for good, and entering mounts needs a process with one thread:
/// the program calls it first thing, in a process of its own.
#[must_use]
pub fn attempt(request: &str) -> String {
    let answer = match serde_json::from_str::<Request>(request) {
        Ok(request) => carry_out(&request).unwrap_or_else(Answer::Failed),
        Err(error) => Answer::Failed(format!("the request is not understood: {error}")),
    };
    // The answer is made of strings and numbers, which always serialise.
    serde_json::to_string(&answer).unwrap_or_default()
}

fn carry_out(request: &Request) -> Result<Answer, String> {
    let mut files = Files { token: request.token.clone(), made: 0, left: Vec::new() };
    let attempts = match &request.place {
        Place::Here => of_filter(),
        Place::Inside { id, pid, .. } if request.sweep => {
            // With all rights of temper: the identity may not be allowed to remove what it could make.
            enter(id, *pid)?;
            request.write.iter().chain(&request.execute).for_each(|path| files.sweep(path));
            Vec::new()
        }
        Place::Inside { id, pid, identity } => {
            enter(id, *pid)?;
            inside(request, identity, &mut files)?
        }
    };
    Ok(Answer::Tried { attempts, left: files.left })
}

fn inside(request: &Request, identity: &Identity, files: &mut Files) -> Result<Vec<Attempt>, String> {
    // Paths below the scratch file system are those of the container until it is mounted, and none are asked for there.
    mount_scratch()?;
    let set_user_id = SetUserId::make(identity.uids[1]);
    take_on(identity)?;
    let mut attempts: Vec<Attempt> =
        request.write.iter().map(|path| Attempt::Write(files.write(path))).collect();
    attempts.extend(request.execute.iter().map(|path| Attempt::Execute(files.execute(path))));
    let outcome = set_user_id.map_or_else(|outcome| outcome, |program| program.run());
    attempts.push(Attempt::SetUserId { outcome });
    attempts.extend(in_scratch());
    attempts.push(become_root());
    Ok(attempts)
}
