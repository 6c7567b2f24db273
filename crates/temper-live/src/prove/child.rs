use temper_model::container::Attempt;

use super::enter::{enter, mount_scratch};
use super::identity::take_on;
use super::paths::Files;
use super::request::{Answer, Request};
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

/// Makes the attempts that show the system call filter, as who this process is and where it is.
#[must_use]
pub fn attempt_here() -> String {
    let answer = Answer::Tried { attempts: of_filter(), left: Vec::new() };
    // As above.
    serde_json::to_string(&answer).unwrap_or_default()
}

fn carry_out(request: &Request) -> Result<Answer, String> {
    let mut files = Files { token: request.token.clone(), made: 0, left: Vec::new() };
    enter(&request.container, request.pid)?;
    if request.sweep {
        // With all rights of temper: the identity may not be allowed to remove what it could make.
        request.write.iter().chain(&request.execute).for_each(|path| files.sweep(path));
        return Ok(Answer::Tried { attempts: Vec::new(), left: files.left });
    }
    let attempts = inside(request, &mut files)?;
    Ok(Answer::Tried { attempts, left: files.left })
}

fn inside(request: &Request, files: &mut Files) -> Result<Vec<Attempt>, String> {
    // Paths below the scratch file system are those of the container until it is mounted, and none are asked for there.
    mount_scratch()?;
    let set_user_id = SetUserId::make(request.identity.uids[1]);
    take_on(&request.identity)?;
    let mut attempts: Vec<Attempt> =
        request.write.iter().map(|path| Attempt::Write(files.write(path))).collect();
    attempts.extend(request.execute.iter().map(|path| Attempt::Execute(files.execute(path))));
    let outcome = set_user_id.map_or_else(|outcome| outcome, |program| program.run());
    attempts.push(Attempt::SetUserId { outcome });
    attempts.extend(in_scratch());
    attempts.push(become_root());
    Ok(attempts)
}
