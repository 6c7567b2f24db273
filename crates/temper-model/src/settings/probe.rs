use std::ops::Range;

use indexmap::IndexMap;
use toml::Spanned;

use super::raw::RawProbe;

/// A request or command that shows whether a service works, as a person declared it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSettings {
    /// The service, by its name in the Compose file.
    pub service: String,
    /// What is asked.
    pub kind: ProbeKind,
    /// Line of the probe in `temper.toml`, from 1.
    pub line: u32,
}

/// What a declared probe asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeKind {
    /// An HTTP request.
    Http(HttpProbe),
    /// A TCP connection to a port of the container.
    Tcp(u16),
    /// A command in the container: the program and its arguments, without a shell.
    Exec(Vec<String>),
}

/// A declared HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProbe {
    /// Where it goes.
    pub url: ProbeUrl,
    /// The method in capitals: `GET` unless one is declared.
    pub method: String,
    /// The status that the answer must have; `None`: as before.
    pub status: Option<u16>,
    /// The body of the request.
    pub body: Option<String>,
    /// Header fields. `${NAME}` in a value stands for a variable of temper's own environment, read when the request is
    /// made: so no credential has to be in the file.
    pub headers: IndexMap<String, String>,
}

/// Where a declared HTTP request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeUrl {
    /// A path, with the query, on a port of the container. `None`: the port where it serves HTTP.
    Path {
        /// The port in the container.
        port: Option<u16>,
        /// The path.
        path: String,
    },
    /// An address as a client uses it: `http://localhost:8080/cart`.
    Full(String),
}

/// What is wrong with a probe, and where.
pub(super) type Mistake = (Range<usize>, String);

/// Methods of RFC 9110 and RFC 5789 that a request can be made with.
const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// Puts the keys of one `[[probe]]` together; `line` is where it stands.
pub(super) fn probe(raw: Spanned<RawProbe>, line: u32) -> Result<ProbeSettings, Mistake> {
    let whole = raw.span();
    let raw = raw.into_inner();
    let service = raw.service.0.clone();
    let kind = if let Some(exec) = &raw.exec {
        alone(&raw, exec.span())?;
        ProbeKind::Exec(command(exec)?)
    } else if let Some(url) = raw.url.clone() {
        ProbeKind::Http(http(raw, &url)?)
    } else if let Some(port) = &raw.port {
        let port = port_number(port)?;
        without_request(&raw)?;
        ProbeKind::Tcp(port)
    } else {
        return Err((
            whole,
            "expected `url`, `port` or `exec`: what shows that the service works".to_owned(),
        ));
    };
    Ok(ProbeSettings { service, kind, line })
}

fn alone(raw: &RawProbe, exec: Range<usize>) -> Result<(), Mistake> {
    if raw.url.is_some() || raw.port.is_some() {
        return Err((exec, "expected `exec` or `url` and `port`, not both".to_owned()));
    }
    without_request(raw)
}

/// Keys that only mean something beside `url`.
fn without_request(raw: &RawProbe) -> Result<(), Mistake> {
    let span = |name, span: Option<Range<usize>>| span.map(|span| (span, name));
    let found = [
        span("method", raw.method.as_ref().map(Spanned::span)),
        span("status", raw.status.as_ref().map(Spanned::span)),
        span("body", raw.body.as_ref().map(Spanned::span)),
        span("headers", raw.headers.first().map(|(name, _)| name.span())),
    ];
    match found.into_iter().flatten().next() {
        Some((span, name)) => Err((span, format!("`{name}` belongs to an HTTP request: expected `url` too"))),
        None => Ok(()),
    }
}

fn command(exec: &Spanned<Vec<String>>) -> Result<Vec<String>, Mistake> {
    match exec.get_ref().first() {
        Some(program) if !program.is_empty() => Ok(exec.get_ref().clone()),
        _ => Err((
            exec.span(),
            "expected a program and its arguments, as in [\"redis-cli\", \"save\"]".to_owned(),
        )),
    }
}

fn port_number(port: &Spanned<i64>) -> Result<u16, Mistake> {
    match u16::try_from(*port.get_ref()) {
        Ok(number @ 1..) => Ok(number),
        _ => Err((port.span(), format!("{} is no port: expected 1 to 65535", port.get_ref()))),
    }
}

fn http(raw: RawProbe, url: &Spanned<String>) -> Result<HttpProbe, Mistake> {
    let port = raw.port.as_ref().map(port_number).transpose()?;
    let method = match &raw.method {
        None => "GET".to_owned(),
        Some(method) => method_name(method)?,
    };
    let body = match raw.body {
        Some(body) if matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS") => {
            return Err((body.span(), format!("a {method} request has no body: expected `method` too")));
        }
        body => body.map(Spanned::into_inner),
    };
    let status = match &raw.status {
        None => None,
        Some(status) => Some(status_code(status)?),
    };
    let headers = raw.headers.into_iter().map(header).collect::<Result<_, _>>()?;
    Ok(HttpProbe { url: place(url, port)?, method, status, body, headers })
}

fn method_name(method: &Spanned<String>) -> Result<String, Mistake> {
    let upper = method.get_ref().to_ascii_uppercase();
    match METHODS.contains(&upper.as_str()) {
        true => Ok(upper),
        false => Err((
            method.span(),
            format!("`{}` is no method: expected one of {}", method.get_ref(), METHODS.join(", ")),
        )),
    }
}

fn status_code(status: &Spanned<i64>) -> Result<u16, Mistake> {
    match u16::try_from(*status.get_ref()) {
        Ok(code @ 100..=599) => Ok(code),
        _ => Err((status.span(), format!("{} is no HTTP status: expected 100 to 599", status.get_ref()))),
    }
}

fn header((name, value): (Spanned<String>, Spanned<String>)) -> Result<(String, String), Mistake> {
    // `token` of RFC 9110, 5.6.2.
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.get_ref().is_empty() || !name.get_ref().bytes().all(token) {
        return Err((name.span(), format!("`{}` is no name of a header field", name.get_ref())));
    }
    // The value is not shown: it may be a credential.
    let printable = |byte: u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    if !value.get_ref().bytes().all(printable) {
        return Err((value.span(), "expected a value without line ends and control characters".to_owned()));
    }
    let mut rest = value.get_ref().as_str();
    while let Some(at) = rest.find("${") {
        let variable = rest[at + 2..].split_once('}');
        match variable {
            Some((name, after)) if is_variable(name) => rest = after,
            _ => return Err((value.span(), "expected ${NAME} with the name of a variable".to_owned())),
        }
    }
    Ok((name.into_inner(), value.into_inner()))
}

fn is_variable(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn place(url: &Spanned<String>, port: Option<u16>) -> Result<ProbeUrl, Mistake> {
    let text = url.get_ref();
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    let full = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match full {
        Some(rest) if visible && !rest.starts_with(['/', '?', ':']) && !rest.is_empty() => match port {
            None => Ok(ProbeUrl::Full(text.clone())),
            Some(_) => Err((url.span(), "expected a path beside `port`, as in \"/health\"".to_owned())),
        },
        None if visible && text.starts_with('/') => Ok(ProbeUrl::Path { port, path: text.clone() }),
        _ => Err((
            url.span(),
            format!(
                "`{text}` is no place to ask: expected a path as in \"/health\" or a whole address as in \"http://localhost:8080/health\""
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{ProbeKind, ProbeUrl};
    use crate::Settings;

    fn parse(text: &str) -> Result<Settings, String> {
        Settings::parse("temper.toml", text, &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_request_a_port_and_a_command_are_read() {
        let settings = parse(
            "[[probe]]\nservice = \"api\"\nurl = \"/full?deep=1\"\nport = 8000\nmethod = \"post\"\nstatus = 201\n\
             body = \"{}\"\nheaders = { Authorization = \"Bearer ${API_TOKEN}\" }\n\n\
             [[probe]]\nservice = \"db\"\nport = 5432\n\n\
             [[probe]]\nservice = \"redis\"\nexec = [\"redis-cli\", \"save\"]\n\n\
             [[probe]]\nservice = \"web\"\nurl = \"http://localhost:8080/\"\n",
        )
        .unwrap();
        let kinds: Vec<&ProbeKind> = settings.probes.iter().map(|probe| &probe.kind).collect();
        let ProbeKind::Http(request) = kinds[0] else { panic!("{:?}", kinds[0]) };
        assert_eq!(request.url, ProbeUrl::Path { port: Some(8000), path: "/full?deep=1".to_owned() });
        assert_eq!((request.method.as_str(), request.status), ("POST", Some(201)));
        assert_eq!(request.headers["Authorization"], "Bearer ${API_TOKEN}");
        assert_eq!(kinds[1], &ProbeKind::Tcp(5432));
        assert_eq!(kinds[2], &ProbeKind::Exec(vec!["redis-cli".to_owned(), "save".to_owned()]));
        assert_eq!(settings.probes[3].line, 18);
        assert!(matches!(kinds[3], ProbeKind::Http(request) if request.method == "GET"));
    }

    #[test]
    fn every_mistake_is_named_with_its_place_and_no_header_value_is_shown() {
        let shown: Vec<String> = [
            "",
            "exec = []",
            "exec = [\"true\"]\nport = 80",
            "port = 0",
            "port = 80\nstatus = 200",
            "url = \"health\"",
            "url = \"http:///x\"",
            "url = \"http://h/\"\nport = 80",
            "url = \"/\"\nmethod = \"FETCH\"",
            "url = \"/\"\nstatus = 20",
            "url = \"/\"\nbody = \"x\"",
            "url = \"/\"\nheaders = { \"a b\" = \"x\" }",
            "url = \"/\"\nheaders = { a = \"hunter2 ${\" }",
            "url = \"/\"\nheader = 1",
        ]
        .iter()
        .map(|keys| parse(&format!("[[probe]]\nservice = \"api\"\n{keys}\n")).unwrap_err())
        .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        temper.toml:1:1: expected `url`, `port` or `exec`: what shows that the service works
        temper.toml:3:8: expected a program and its arguments, as in ["redis-cli", "save"]
        temper.toml:3:8: expected `exec` or `url` and `port`, not both
        temper.toml:3:8: 0 is no port: expected 1 to 65535
        temper.toml:4:10: `status` belongs to an HTTP request: expected `url` too
        temper.toml:3:7: `health` is no place to ask: expected a path as in "/health" or a whole address as in "http://localhost:8080/health"
        temper.toml:3:7: `http:///x` is no place to ask: expected a path as in "/health" or a whole address as in "http://localhost:8080/health"
        temper.toml:3:7: expected a path beside `port`, as in "/health"
        temper.toml:4:10: `FETCH` is no method: expected one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE
        temper.toml:4:10: 20 is no HTTP status: expected 100 to 599
        temper.toml:4:8: a GET request has no body: expected `method` too
        temper.toml:4:13: `a b` is no name of a header field
        temper.toml:4:17: expected ${NAME} with the name of a variable
        temper.toml:4:1: unknown key `header`, expected one of `service`, `url`, `port`, `method`, `status`, `body`, `headers`, `exec`
        "#);
    }
}
