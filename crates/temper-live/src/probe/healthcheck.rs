use temper_dockerfile::shell::{Script, SimpleCommand, script_file};
use temper_dockerfile::{Resolved, Scope, Variable};

use super::endpoint::{Header, Place, Question, Request};

/// What the health check of a container asks of the container itself.
///
/// `test` is `Config.Healthcheck.Test` with its first word; `environment` is `Config.Env`; `names` are the names that
/// mean the container inside it. Requests that may change something (`-X POST`, `-d`) are left out.
pub(super) fn questions(test: &[&str], environment: &[&str], names: &[&str]) -> Vec<Question> {
    let commands: Vec<Vec<String>> = match test {
        ["CMD", words @ ..] => vec![words.iter().map(|word| (*word).to_owned()).collect()],
        ["CMD-SHELL", text, ..] => commands(&script_file(text), &scope(environment)),
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for command in commands {
        let inner = inline_script(&command);
        let inner = inner.map(|text| commands_of_text(text, environment)).unwrap_or_default();
        for command in if inner.is_empty() { vec![command] } else { inner } {
            all.extend(asked_by(&command, names));
        }
    }
    all.dedup();
    all
}

fn scope(environment: &[&str]) -> Scope {
    let mut scope = Scope::default();
    for (name, value) in environment.iter().filter_map(|entry| entry.split_once('=')) {
        scope.set_env(name, Variable::Set(value.to_owned()));
    }
    scope
}

fn commands_of_text(text: &str, environment: &[&str]) -> Vec<Vec<String>> {
    commands(&script_file(text), &scope(environment))
}

/// The words of every command of a script; commands with a word that is only known when they run are kept without it.
fn commands(script: &Script, scope: &Scope) -> Vec<Vec<String>> {
    let words = |command: &SimpleCommand| {
        let all = std::iter::once(&command.name).chain(&command.args);
        all.filter_map(|word| match word.resolve(scope) {
            Resolved::Known(text) => Some(text),
            Resolved::Unknown { .. } => None,
        })
        .collect()
    };
    script.commands.iter().map(words).collect()
}

/// The script of `sh -c SCRIPT`.
fn inline_script(command: &[String]) -> Option<&str> {
    let shell = matches!(program(command)?, "sh" | "bash" | "ash" | "dash");
    let at = command.iter().position(|word| word.starts_with('-') && word.ends_with('c'))?;
    shell.then(|| command.get(at + 1).map(String::as_str))?
}

fn program(command: &[String]) -> Option<&str> {
    command.first()?.rsplit('/').next()
}

fn asked_by(command: &[String], names: &[&str]) -> Vec<Question> {
    let Some(program) = program(command) else { return Vec::new() };
    let asked = match program {
        "curl" => client(&command[1..], &CURL),
        "wget" => client(&command[1..], &WGET),
        _ => {
            Client { urls: command[1..].iter().flat_map(|word| urls_in(word)).collect(), ..Client::default() }
        }
    };
    if asked.unsafe_or_elsewhere {
        return Vec::new();
    }
    asked.urls.iter().filter_map(|url| question(url, &asked.headers, names)).collect()
}

/// What a command line asks.
#[derive(Default)]
struct Client {
    urls: Vec<String>,
    headers: Vec<Header>,
    /// It sends something, or not to a network address.
    unsafe_or_elsewhere: bool,
}

/// Which options of a program are followed by a value (curl(1), wget(1)).
struct Options {
    short: &'static str,
    long: &'static [&'static str],
    /// Options that send something, or that lead somewhere else than the address says.
    others: &'static [&'static str],
}

const CURL: Options = Options {
    short: "oHXdAbcemuwxTFKErytCDPQUYz",
    long: &[
        "output",
        "header",
        "request",
        "data",
        "data-raw",
        "data-binary",
        "data-urlencode",
        "json",
        "user-agent",
        "cookie",
        "cookie-jar",
        "referer",
        "max-time",
        "connect-timeout",
        "user",
        "write-out",
        "proxy",
        "upload-file",
        "form",
        "config",
        "cert",
        "key",
        "cacert",
        "capath",
        "range",
        "retry",
        "retry-delay",
        "retry-max-time",
        "dump-header",
        "interface",
        "unix-socket",
        "abstract-unix-socket",
        "resolve",
        "connect-to",
        "url",
        "max-redirs",
        "max-filesize",
        "limit-rate",
        "oauth2-bearer",
    ],
    others: &[
        "d",
        "data",
        "data-raw",
        "data-binary",
        "data-urlencode",
        "json",
        "F",
        "form",
        "T",
        "upload-file",
        "unix-socket",
        "abstract-unix-socket",
        "x",
        "proxy",
        "connect-to",
        "resolve",
    ],
};

const WGET: Options = Options {
    short: "OoTtUPeQwaA",
    long: &[
        "output-document",
        "output-file",
        "timeout",
        "tries",
        "user-agent",
        "header",
        "post-data",
        "post-file",
        "method",
        "body-data",
        "user",
        "password",
        "directory-prefix",
        "connect-timeout",
        "read-timeout",
        "dns-timeout",
        "ca-certificate",
        "wait",
        "execute",
    ],
    others: &["post-data", "post-file", "body-data"],
};

fn client(arguments: &[String], options: &Options) -> Client {
    let mut client = Client::default();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None if options.long.contains(&long) => (long, words.next().cloned()),
                None => (long, None),
            };
            client.option(name, value.as_deref().unwrap_or_default(), options);
        } else if let Some(cluster) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            let Some(at) = cluster.find(|letter| options.short.contains(letter)) else { continue };
            let (letter, attached) = cluster[at..].split_at(1);
            let value = match attached {
                "" => words.next().cloned().unwrap_or_default(),
                attached => attached.to_owned(),
            };
            client.option(letter, &value, options);
        } else {
            client.urls.push(word.clone());
        }
    }
    client
}

impl Client {
    fn option(&mut self, name: &str, value: &str, options: &Options) {
        self.unsafe_or_elsewhere |= options.others.contains(&name);
        match name {
            "url" => self.urls.push(value.to_owned()),
            "H" | "header" => {
                if let Some((name, value)) = value.split_once(':') {
                    let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
                    self.headers.push(Header { name, value, expand: false });
                }
            }
            "X" | "request" | "method" => {
                self.unsafe_or_elsewhere |= !matches!(value, "GET" | "HEAD" | "OPTIONS");
            }
            _ => {}
        }
    }
}

/// Addresses in an argument, such as in the program after `python -c`.
fn urls_in(word: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = word;
    while let Some(at) = ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let tail = &rest[at..];
        let end =
            tail.find(|c: char| c.is_whitespace() || "'\"`<>\\,;)}]|".contains(c)).unwrap_or(tail.len());
        all.push(tail[..end].to_owned());
        rest = &tail[end..];
    }
    all
}

/// The question that an address means, when it is the container's own.
fn question(url: &str, headers: &[Header], names: &[&str]) -> Option<Question> {
    let (tls, rest) = match url.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        Some(_) => return None,
        None => (false, url),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = host_and_port(authority, if tls { 443 } else { 80 })?;
    let own = matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0" | "ip6-localhost")
        || names.contains(&host);
    if !own {
        return None;
    }
    if tls {
        return Some(Question::Tcp { place: Place::Port(port) });
    }
    let path = path.split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Some(Question::Http(Request {
        place: Place::Port(port),
        method: "GET".to_owned(),
        path,
        headers: headers.to_vec(),
        body: None,
    }))
}

/// Splits `user@host:port`; IPv6 addresses keep their brackets.
pub(super) fn host_and_port(authority: &str, default: u16) -> Option<(&str, u16)> {
    let host = authority.rsplit('@').next()?;
    let colon = host.rfind(':').filter(|colon| !host[*colon..].contains(']'));
    match colon {
        Some(colon) => Some((&host[..colon], host[colon + 1..].parse().ok()?)),
        None => Some((host, default)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::endpoint::{Place, Question};
    use super::questions;

    fn shown(test: &[&str]) -> String {
        let env = ["PORT=9000", "EMPTY="];
        let asked = questions(test, &env, &["api"]).into_iter().map(|question| match question {
            Question::Http(request) => {
                let headers: Vec<&str> = request.headers.iter().map(|header| header.name.as_str()).collect();
                format!("{} {} {} {}", request.method, request.path, request.place, headers.join(","))
                    .trim()
                    .to_owned()
            }
            Question::Tcp { place: Place::Port(port) } => format!("TCP {port}"),
            other => format!("{other:?}"),
        });
        asked.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_request_of_a_health_check_is_read_from_its_words() {
        let python =
            "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)";
        let cases: [(&[&str], &str); 14] = [
            (&["CMD", "curl", "-fsS", "http://localhost/nginx-health"], "GET /nginx-health on port 80"),
            (&["CMD", "python3", "-c", python], "GET /healthz on port 8000"),
            (
                &["CMD-SHELL", "curl -fsSo /dev/null -m 3 -H 'X-Key: s' localhost:$PORT/ready || exit 1"],
                "GET /ready on port 9000 X-Key",
            ),
            (&["CMD-SHELL", "wget -qO- --header=A:b http://api:8080?x=1"], "GET /?x=1 on port 8080 A"),
            (&["CMD", "wget", "--spider", "-T", "5", "http://[::1]:81/"], "GET / on port 81"),
            (
                &["CMD", "sh", "-c", "wget -q -O /dev/null http://0.0.0.0:3000/a || exit 1"],
                "GET /a on port 3000",
            ),
            (
                &[
                    "CMD",
                    "node",
                    "-e",
                    "require('http').get(\"http://localhost:3000/h\", r => process.exit(r.statusCode != 200))",
                ],
                "GET /h on port 3000",
            ),
            (&["CMD-SHELL", "curl -k https://localhost:8443/health"], "TCP 8443"),
            (&["CMD", "curl", "-X", "POST", "http://localhost/ping"], ""),
            (&["CMD", "curl", "--unix-socket", "/run/a.sock", "http://localhost/ping"], ""),
            (&["CMD", "curl", "http://db:8123/ping"], ""),
            (&["CMD", "/bin/probe", "--url=http://localhost:4000/v1/ok"], "GET /v1/ok on port 4000"),
            (&["CMD-SHELL", "pg_isready -U shop"], ""),
            (&["NONE"], ""),
        ];
        for (test, expected) in cases {
            assert_eq!(shown(test), expected, "{test:?}");
        }
    }

    #[test]
    fn a_word_that_is_only_known_when_it_runs_names_no_address() {
        assert_eq!(shown(&["CMD-SHELL", "curl http://localhost:$UNSET/x"]), "");
        assert_eq!(shown(&["CMD-SHELL", "curl http://$(hostname):80/x"]), "");
    }

    proptest! {
        #[test]
        fn any_words_are_read(words in proptest::collection::vec("(curl|wget|-|--|H|o|é|http://|localhost|:|80|/|@|#|=| |\\$x|\\[|\\])*", 0..5)) {
            let mut test = vec!["CMD"];
            test.extend(words.iter().map(String::as_str));
            let _ = questions(&test, &[], &[]);
            let _ = questions(&["CMD", "curl", words.first().map_or("", String::as_str)], &[], &[]);
        }
    }
}
