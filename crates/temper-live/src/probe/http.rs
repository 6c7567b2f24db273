use std::io::Read;
use std::time::Duration;

use ureq::Agent;
use ureq::http;

use super::ask::Limits;
use super::endpoint::{Answer, HttpAnswer, Request};
use super::shape::Body;

/// Why there is no answer.
pub(super) enum Trouble {
    /// Nobody can be reached at the address at all; another may do.
    Unreachable(String),
    /// Somebody is there and does not answer.
    Failed(String),
    /// Somebody is there and speaks something else.
    NotHttp(String),
    /// The request cannot be made.
    Unknown(String),
}

/// Makes one request over a connection of its own; `base` is scheme, host and port.
///
/// Redirects are not followed: they may lead to another service. Proxies from the environment are not used: they would
/// ask somebody else.
pub(super) fn request(base: &str, request: &Request, limits: &Limits) -> Result<Answer, Trouble> {
    let mut builder =
        http::Request::builder().method(request.method.as_str()).uri(format!("{base}{}", request.path));
    for header in &request.headers {
        let value = if header.expand { expand(&header.value)? } else { header.value.clone() };
        builder = builder.header(header.name.as_str(), value);
    }
    // The library's message could quote the header: only what was done is told.
    let built = builder.body(request.body.clone().unwrap_or_default());
    let built =
        built.map_err(|_| Trouble::Unknown("the declared request is no valid HTTP request".to_owned()))?;
    let response = agent(limits).run(built).map_err(|error| trouble(&error, limits))?;
    Ok(Answer::Http(read(response, limits)))
}

fn agent(limits: &Limits) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(limits.answer))
        .timeout_connect(Some(limits.connect))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .max_idle_connections(0)
        .user_agent("temper")
        .build();
    Agent::new_with_config(config)
}

/// The JSON document at a path; `None` when there is none.
pub(super) fn json(base: &str, path: &str, limits: &Limits) -> Option<serde_json::Value> {
    let request = http::Request::builder().uri(format!("{base}{path}")).body(()).ok()?;
    let response = agent(limits).run(request).ok().filter(|response| response.status().is_success())?;
    let mut bytes = Vec::new();
    response.into_body().into_reader().take(limits.body).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Replaces `${NAME}` with variables of temper's own environment.
fn expand(template: &str) -> Result<String, Trouble> {
    let mut value = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        value.push_str(before);
        // The settings' reader has seen the closing brace.
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let text = std::env::var(name).map_err(|_| {
            Trouble::Unknown(format!("the environment variable {name}, which a header needs, is not set"))
        })?;
        value.push_str(&text);
        rest = after;
    }
    value.push_str(rest);
    Ok(value)
}

fn read(response: http::Response<ureq::Body>, limits: &Limits) -> HttpAnswer {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let content_type = header(http::header::CONTENT_TYPE)
        .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let location = header(http::header::LOCATION).map(path_of);
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    let mut reader = response.into_body().into_reader().take(limits.body.saturating_add(1));
    // An error here is a stream that goes on, or a connection that broke: either way the body has no end.
    let complete = reader.read_to_end(&mut bytes).is_ok() && bytes.len() as u64 <= limits.body;
    let body = match complete {
        true => Body::of(&bytes, content_type.as_deref()),
        false => Body::Unfinished,
    };
    HttpAnswer { status, content_type, location, body }
}

/// The path of a redirect: the host is another for a clone, and the query may hold a token.
fn path_of(location: &str) -> String {
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => location,
    };
    path.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn trouble(error: &ureq::Error, limits: &Limits) -> Trouble {
    use std::io::ErrorKind;
    match error {
        ureq::Error::Timeout(ureq::Timeout::Connect) => {
            Trouble::Unreachable(format!("no connection within {}", seconds(limits.connect)))
        }
        ureq::Error::Timeout(_) => Trouble::Failed(format!("no answer within {}", seconds(limits.answer))),
        ureq::Error::Io(io) => match io.kind() {
            ErrorKind::ConnectionRefused => Trouble::Failed("connection refused".to_owned()),
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::TimedOut => {
                Trouble::Unreachable(io.to_string())
            }
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                Trouble::NotHttp("the connection was closed without an answer".to_owned())
            }
            _ => Trouble::Failed(io.to_string()),
        },
        ureq::Error::Protocol(_) => Trouble::NotHttp("the answer is not HTTP".to_owned()),
        ureq::Error::HostNotFound => Trouble::Unreachable("the host name is not known".to_owned()),
        ureq::Error::ConnectionFailed => Trouble::Unreachable("no connection".to_owned()),
        // Others name the request, in which credentials may be.
        _ => Trouble::Failed("the request failed".to_owned()),
    }
}

pub(super) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds.fract() == 0.0 { format!("{seconds} s") } else { format!("{seconds:.1} s") }
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn a_redirect_is_known_by_its_path() {
        assert_eq!(path_of("http://10.0.0.3:8000/login?next=secret"), "/login");
        assert_eq!(path_of("https://shop.example"), "/");
        assert_eq!(path_of("/login#top"), "/login");
    }
}
