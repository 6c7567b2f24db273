use super::ask::{Prober, Scope};
use super::discover::without_repeats;
use super::endpoint::{Answer, Endpoint, Origin, Place, Question, Request};
use super::http::{self, Trouble};
use super::openapi;
use crate::engine::Inspect;

/// TCP ports of protocols that are not HTTP (IANA's registry of service names), so that databases do not log a request
/// that they cannot read.
const NOT_HTTP: [u16; 21] = [
    21, 22, 23, 25, 53, 110, 143, 389, 465, 587, 636, 993, 1433, 1883, 3306, 4222, 5432, 5672, 6379, 11211,
    27017,
];

impl Prober<'_> {
    /// Finds out what speaks at the ports of a container that is ready, and what its OpenAPI document names.
    ///
    /// Every [`Question::Port`] becomes an HTTP request when the answer is HTTP, else a TCP connection; declared
    /// paths without a port get the first HTTP port. A published port on which nobody answers stays a question, so that it is
    /// told and not forgotten; an exposed one is dropped, because images expose what they might use.
    #[must_use]
    pub fn explore(&self, endpoints: Vec<Endpoint>, container: &Inspect) -> Vec<Endpoint> {
        let mut http_ports: Vec<u16> = Vec::new();
        let mut all: Vec<Endpoint> = Vec::new();
        for mut endpoint in endpoints {
            if let Question::Port { port } = endpoint.question {
                if endpoint.origin == Origin::Exposed && self.refuses(&endpoint, container) {
                    continue;
                }
                endpoint.question = match self.speaks_http(port, container) {
                    true => get(port, "/"),
                    false => Question::Tcp { place: Place::Port(port) },
                };
            }
            if let Question::Http(Request { place: Place::Port(port), .. }) = &endpoint.question
                && !http_ports.contains(port)
            {
                http_ports.push(*port);
            }
            all.push(endpoint);
        }
        for endpoint in &mut all {
            if let Question::Http(request) = &mut endpoint.question
                && request.place == Place::HttpPort
                && let Some(port) = http_ports.first()
            {
                request.place = Place::Port(*port);
            }
        }
        // Where a request can be made, a connection to the same port shows nothing more.
        all.retain(|endpoint| match &endpoint.question {
            Question::Tcp { place: Place::Port(port) } => {
                !http_ports.contains(port) || matches!(endpoint.origin, Origin::Declared(_))
            }
            _ => true,
        });
        let service = all.first().map(|endpoint| endpoint.service.clone()).unwrap_or_default();
        for port in http_ports {
            let paths = self.openapi_paths(port, container);
            all.extend(paths.iter().map(|path| Endpoint {
                service: service.clone(),
                question: get(port, path),
                origin: Origin::OpenApi,
                expected_status: None,
            }));
        }
        without_repeats(all)
    }

    fn refuses(&self, endpoint: &Endpoint, container: &Inspect) -> bool {
        matches!(self.ask(endpoint, container, Scope::Clone), Answer::Failed { .. })
    }

    fn speaks_http(&self, port: u16, container: &Inspect) -> bool {
        if NOT_HTTP.contains(&port) {
            return false;
        }
        let Ok(addresses) = self.addresses(container, port) else { return false };
        let Question::Http(request) = get(port, "/") else { return false };
        for address in addresses {
            match http::request(&format!("http://{}", address.socket), &request, &self.limits) {
                Ok(answer) => return matches!(answer, Answer::Http(_)),
                Err(Trouble::Unreachable(_)) => {}
                Err(_) => return false,
            }
        }
        false
    }

    fn openapi_paths(&self, port: u16, container: &Inspect) -> Vec<String> {
        let Ok(addresses) = self.addresses(container, port) else { return Vec::new() };
        for address in addresses {
            let base = format!("http://{}", address.socket);
            let found = openapi::PATHS.iter().find_map(|path| {
                let document = http::json(&base, path, &self.limits)?;
                openapi::paths(&document)
            });
            if let Some(paths) = found {
                return paths;
            }
        }
        Vec::new()
    }
}

fn get(port: u16, path: &str) -> Question {
    Question::Http(Request {
        place: Place::Port(port),
        method: "GET".to_owned(),
        path: path.to_owned(),
        headers: Vec::new(),
        body: None,
    })
}
