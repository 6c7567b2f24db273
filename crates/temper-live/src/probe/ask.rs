use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::address::Address;
use super::compare::{Comparison, compare};
use super::endpoint::{Answer, Endpoint, Place, Question, Request};
use super::http::{self, Trouble, seconds};
use super::shape::Text;
use crate::engine::{Engine, Inspect};

/// How long and how much is waited for and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection is there.
    pub connect: Duration,
    /// Until the whole answer is there.
    pub answer: Duration,
    /// Until a command in the container has ended.
    pub exec: Duration,
    /// Bytes of an answer.
    pub body: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            answer: Duration::from_secs(5),
            exec: Duration::from_secs(30),
            body: 2 * 1024 * 1024,
        }
    }
}

/// Which container is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The one that serves: addresses that lead to the service as it is published may be asked.
    Live,
    /// A clone beside it. A published address would ask the other one, so it is unknown there.
    Clone,
}

/// Asks services.
#[derive(Debug, Clone)]
pub struct Prober<'a> {
    engine: &'a Engine,
    /// Time and size limits of each question.
    pub limits: Limits,
}

impl<'a> Prober<'a> {
    /// Asks through this engine with the usual limits.
    #[must_use]
    pub fn new(engine: &'a Engine) -> Self {
        Self { engine, limits: Limits::default() }
    }

    /// Asks an endpoint once, in the container that was inspected just now.
    #[must_use]
    pub fn ask(&self, endpoint: &Endpoint, container: &Inspect, scope: Scope) -> Answer {
        match &endpoint.question {
            Question::Http(request) => self.http(request, container, scope),
            Question::Tcp { place } => self.tcp(place, container, scope),
            Question::Port { port } => self.tcp(&Place::Port(*port), container, scope),
            Question::Exec { command } => self.exec(command, container),
        }
    }

    /// Asks an endpoint several times: what a service answers before it is changed, and what of it varies.
    ///
    /// Requests that are not safe, and commands, are only made once: asking twice may not be the same.
    #[must_use]
    pub fn baseline(&self, endpoint: &Endpoint, container: &Inspect, times: usize) -> Vec<Answer> {
        let times = if endpoint.is_safe() { times.max(2) } else { 1 };
        (0..times).map(|_| self.ask(endpoint, container, Scope::Live)).collect()
    }

    /// Asks until the answer is as before, twice in a row, or `patience` is used up: a service that was started just now
    /// may still be filling its caches, and one right answer among wrong ones is none. What is not safe is asked once.
    #[must_use]
    pub fn settle(
        &self,
        endpoint: &Endpoint,
        before: &[Answer],
        container: &Inspect,
        scope: Scope,
        patience: Duration,
    ) -> (Answer, Comparison) {
        let begun = Instant::now();
        let mut same_before = false;
        loop {
            let answer = self.ask(endpoint, container, scope);
            let comparison = compare(endpoint, before, &answer);
            let same = comparison.is_same();
            let known = !endpoint.is_safe()
                || matches!(comparison, Comparison::Unknown { .. })
                || if same { same_before } else { begun.elapsed() >= patience };
            if known {
                return (answer, comparison);
            }
            same_before = same;
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The addresses of a port of the container, or of the container whose network it uses.
    pub(super) fn addresses(&self, container: &Inspect, port: u16) -> Result<Vec<Address>, String> {
        let mode = container.text("/HostConfig/NetworkMode");
        match mode.strip_prefix("container:") {
            None => Address::of(container, port, self.engine.is_local()),
            Some(_) if !container.is_running() => Err("the container does not run".to_owned()),
            Some(other) => {
                let other = self.engine.inspect(other).map_err(|error| error.to_string())?;
                Address::of(&other, port, self.engine.is_local())
            }
        }
    }

    fn http(&self, request: &Request, container: &Inspect, scope: Scope) -> Answer {
        let places = match self.places(&request.place, container, scope) {
            Ok(places) => places,
            Err(missing) => return Answer::Unknown { missing },
        };
        let mut last = String::new();
        for place in places {
            match http::request(&format!("http://{place}"), request, &self.limits) {
                Ok(answer) => return answer,
                Err(Trouble::Unreachable(reason)) => last = reason,
                Err(Trouble::Failed(reason) | Trouble::NotHttp(reason)) => return Answer::Failed { reason },
                Err(Trouble::Unknown(missing)) => return Answer::Unknown { missing },
            }
        }
        Answer::Failed { reason: last }
    }

    /// Host and port of every way to a place.
    fn places(&self, place: &Place, container: &Inspect, scope: Scope) -> Result<Vec<String>, String> {
        match place {
            Place::Port(port) => {
                let all = self.addresses(container, *port)?;
                Ok(all.into_iter().map(|address| address.socket.to_string()).collect())
            }
            Place::HttpPort => Err("the port is not known on which the service speaks HTTP".to_owned()),
            Place::Authority(_) if scope == Scope::Clone => {
                Err("the published address leads to the running service, not to a clone of it".to_owned())
            }
            Place::Authority(authority) => Ok(vec![authority.clone()]),
        }
    }

    fn tcp(&self, place: &Place, container: &Inspect, scope: Scope) -> Answer {
        let addresses = match place {
            Place::Port(port) => match self.addresses(container, *port) {
                Ok(all) => all,
                Err(missing) => return Answer::Unknown { missing },
            },
            other => match self.places(other, container, scope).and_then(|places| resolve(&places)) {
                Ok(all) => all,
                Err(missing) => return Answer::Unknown { missing },
            },
        };
        let mut last = String::new();
        for address in addresses {
            match connect(address, &self.limits) {
                Ok(()) => return Answer::Open,
                Err((true, reason)) => last = reason,
                Err((false, reason)) => return Answer::Failed { reason },
            }
        }
        Answer::Failed { reason: last }
    }

    fn exec(&self, command: &[String], container: &Inspect) -> Answer {
        if !container.is_running() {
            return Answer::Failed { reason: "the container does not run".to_owned() };
        }
        match self.engine.exec(container.id(), command, self.limits.exec, self.limits.body) {
            Ok(run) => match run.status {
                Some(status) => Answer::Exec { status, output: Text::of(&run.output) },
                None => {
                    Answer::Failed { reason: format!("it did not end within {}", seconds(self.limits.exec)) }
                }
            },
            Err(error) => Answer::Failed { reason: error.to_string() },
        }
    }
}

fn resolve(places: &[String]) -> Result<Vec<Address>, String> {
    use std::net::ToSocketAddrs;
    let mut all = Vec::new();
    for place in places {
        let found = place.to_socket_addrs().map_err(|error| format!("{place}: {error}"))?;
        all.extend(found.map(|socket| Address { socket, published: true }));
    }
    Ok(all)
}

/// Connects once. An error tells whether another address may do, and what happened.
fn connect(address: Address, limits: &Limits) -> Result<(), (bool, String)> {
    let stream =
        TcpStream::connect_timeout(&address.socket, limits.connect).map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => (false, "connection refused".to_owned()),
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                (true, format!("no connection within {}", seconds(limits.connect)))
            }
            _ => (true, error.to_string()),
        })?;
    if address.published {
        stays_open(stream).map_err(|reason| (false, reason))?;
    }
    Ok(())
}

/// The engine's proxy accepts every connection and closes it when nobody in the container answers.
fn stays_open(mut stream: TcpStream) -> Result<(), String> {
    let patience = Duration::from_millis(300);
    let begun = Instant::now();
    let closed = || "the connection was closed at once: nobody listens in the container".to_owned();
    stream.set_read_timeout(Some(patience)).map_err(|error| error.to_string())?;
    match stream.read(&mut [0; 1]) {
        Ok(0) if begun.elapsed() < patience => Err(closed()),
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
        Err(_) => Err(closed()),
    }
}
