use std::fmt;

use serde::{Deserialize, Serialize};

use super::shape::{Body, Text};

/// One thing that a service can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The service.
    pub service: String,
    /// What is asked.
    pub question: Question,
    /// Why it is asked.
    pub origin: Origin,
    /// The status that a person declared to be right.
    pub expected_status: Option<u16>,
}

/// Why an endpoint is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// `[[probe]]` in `temper.toml`, at this line.
    Declared(u32),
    /// The health check of the container asks it.
    Healthcheck,
    /// The port is published on the host.
    Published,
    /// The port is exposed by the Compose file or the image.
    Exposed,
    /// The OpenAPI document of the service names it.
    OpenApi,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Question {
    /// An HTTP request.
    Http(Request),
    /// A TCP connection.
    Tcp {
        /// Where to.
        place: Place,
    },
    /// A command in the container, without a shell.
    Exec {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// What speaks at the port is not known yet; asking tells whether it is HTTP.
    Port {
        /// The port in the container.
        port: u16,
    },
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A port of the container, wherever the container is: this also asks a clone of it.
    Port(u16),
    /// The port of the container where it serves HTTP, which is not known yet.
    HttpPort,
    /// An address that leads to the service as it is published, never to a clone of it.
    Authority(String),
}

/// An HTTP request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Where it goes.
    pub place: Place,
    /// The method, in capitals.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// Header fields.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Option<String>,
}

/// A header field of a request. Its value may be a credential: it is not part of the debug output.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name.
    pub name: String,
    /// The value. With `expand`, `${NAME}` stands for a variable of temper's environment.
    pub value: String,
    /// True for values from `temper.toml`.
    pub expand: bool,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({}: ***)", self.name)
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// An HTTP response.
    Http(HttpAnswer),
    /// The connection was accepted and stayed open.
    Open,
    /// The command ended.
    Exec {
        /// Its exit status.
        status: i64,
        /// The form of what it printed.
        output: Text,
    },
    /// The service was reached, or should have been, and gave no answer: refused, reset, too late.
    Failed {
        /// What happened, for people.
        reason: String,
    },
    /// It cannot be asked from here.
    Unknown {
        /// What is missing, for people.
        missing: String,
    },
}

/// An HTTP response: its form, never its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The media type without parameters, in lower case.
    pub content_type: Option<String>,
    /// The path that `Location` leads to, without query and host.
    pub location: Option<String>,
    /// The form of the body.
    pub body: Body,
}

impl Endpoint {
    /// What is asked, for people: `GET /full on port 8000`, `redis-cli save`. Queries and arguments may hold
    /// credentials: the query is left out, and a command is named by its first two words.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.question {
            Question::Http(request) => {
                let path = request.path.split('?').next().unwrap_or_default();
                format!("{} {path} {}", request.method, request.place)
            }
            Question::Tcp { place } => format!("TCP {place}"),
            Question::Port { port } => format!("port {port}"),
            Question::Exec { command } => {
                let mut words: Vec<&str> = command.iter().take(2).map(String::as_str).collect();
                if command.len() > 2 {
                    words.push("…");
                }
                format!("`{}`", words.join(" "))
            }
        }
    }

    /// True when asking it changes nothing in the service, as far as HTTP and TCP promise (RFC 9110, 9.2.1).
    #[must_use]
    pub fn is_safe(&self) -> bool {
        match &self.question {
            Question::Http(request) => matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS"),
            Question::Tcp { .. } | Question::Port { .. } => true,
            Question::Exec { .. } => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "on port {port}"),
            Self::HttpPort => f.write_str("on the HTTP port"),
            // A user and password before the host are not shown.
            Self::Authority(text) => write!(f, "at {}", text.rsplit('@').next().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Header, Origin, Place, Question, Request};

    fn endpoint(question: Question) -> Endpoint {
        Endpoint { service: "api".to_owned(), question, origin: Origin::Declared(1), expected_status: None }
    }

    #[test]
    fn the_name_of_an_endpoint_shows_no_credential() {
        let request = Request {
            place: Place::Authority("user:hunter2@shop.example".to_owned()),
            method: "GET".to_owned(),
            path: "/x?token=hunter2".to_owned(),
            headers: vec![Header { name: "Authorization".into(), value: "hunter2".into(), expand: false }],
            body: None,
        };
        let http = endpoint(Question::Http(request));
        assert_eq!(http.name(), "GET /x at shop.example");
        assert!(!format!("{:?}", http).contains("Authorization: hunter2"));
        let command = ["redis-cli", "-a", "hunter2", "ping"].map(str::to_owned).to_vec();
        assert_eq!(endpoint(Question::Exec { command }).name(), "`redis-cli -a …`");
    }
}
