use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::endpoint::{Answer, Endpoint, HttpAnswer};
use super::shape::{Body, Json, Text};

/// Whether a service answers as it did before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Comparison {
    /// It answers as before.
    Same {
        /// What changed without being a loss, for people: fields that are new.
        notes: Vec<String>,
    },
    /// It does not.
    Different {
        /// What changed, for people.
        differences: Vec<String>,
    },
    /// It cannot be said.
    Unknown {
        /// What is missing, for people.
        missing: String,
    },
}

impl Comparison {
    /// True when it answers as before.
    #[must_use]
    pub fn is_same(&self) -> bool {
        matches!(self, Self::Same { .. })
    }
}

/// Compares an answer with those that the service gave before it was changed.
///
/// Several answers from before show what varies from one to the next: that is not compared. A service that did not work
/// before cannot be shown to work as before: that is unknown.
#[must_use]
pub fn compare(endpoint: &Endpoint, before: &[Answer], after: &Answer) -> Comparison {
    let unknown = |missing: String| Comparison::Unknown { missing };
    let Some(first) = before.first() else { return unknown("it was not asked before".to_owned()) };
    if let Answer::Unknown { missing } = after {
        return unknown(missing.clone());
    }
    for answer in before {
        match answer {
            Answer::Unknown { missing } => return unknown(format!("before: {missing}")),
            Answer::Failed { reason } => return unknown(format!("it did not answer before: {reason}")),
            Answer::Http(_) | Answer::Open | Answer::Exec { .. } => {}
        }
    }
    if let Some(status) = before.iter().find_map(failed_command) {
        return unknown(format!("it ended with exit status {status} before too"));
    }
    let mut found = Found::default();
    match (first, after) {
        (_, Answer::Failed { reason }) => found.differences.push(format!("no answer: {reason}")),
        (Answer::Open, Answer::Open) => {}
        (Answer::Exec { .. }, Answer::Exec { status, output }) => exec(before, *status, output, &mut found),
        (Answer::Http(_), Answer::Http(now)) => {
            let before: Vec<&HttpAnswer> = before
                .iter()
                .filter_map(|answer| match answer {
                    Answer::Http(answer) => Some(answer),
                    _ => None,
                })
                .collect();
            if let Some(missing) = was_broken(endpoint, &before) {
                return unknown(missing);
            }
            http(endpoint, &before, now, &mut found);
        }
        _ => found.differences.push("another kind of answer than before".to_owned()),
    }
    match found.differences.is_empty() {
        true => Comparison::Same { notes: found.notes },
        false => Comparison::Different { differences: found.differences },
    }
}

/// A command that does not end with 0 shows nothing: it may not even be there.
fn failed_command(answer: &Answer) -> Option<i64> {
    match answer {
        Answer::Exec { status, .. } if *status != 0 => Some(*status),
        _ => None,
    }
}

#[derive(Default)]
struct Found {
    differences: Vec<String>,
    notes: Vec<String>,
}

/// Why the answers from before show no working service.
fn was_broken(endpoint: &Endpoint, before: &[&HttpAnswer]) -> Option<String> {
    let status = before.iter().map(|answer| answer.status).find(|status| match endpoint.expected_status {
        Some(expected) => *status != expected,
        None => *status >= 500,
    })?;
    Some(match endpoint.expected_status {
        Some(expected) => {
            format!("it answered {status} before too, where {expected} is declared to be right")
        }
        None => format!("it answered {status} before too"),
    })
}

fn exec(before: &[Answer], status: i64, output: &Text, found: &mut Found) {
    let before: Vec<(i64, &Text)> = before
        .iter()
        .filter_map(|answer| match answer {
            Answer::Exec { status, output } => Some((*status, output)),
            _ => None,
        })
        .collect();
    if !before.iter().any(|(was, _)| *was == status) {
        let was = list(before.iter().map(|(was, _)| was));
        found.differences.push(format!("exit status {status}, was {was}"));
    }
    texts(&before.iter().map(|(_, text)| *text).collect::<Vec<_>>(), output, "output", found);
}

fn http(endpoint: &Endpoint, before: &[&HttpAnswer], now: &HttpAnswer, found: &mut Found) {
    let allowed = before.iter().any(|was| was.status == now.status);
    if !allowed && endpoint.expected_status != Some(now.status) {
        let was = list(before.iter().map(|was| was.status));
        found.differences.push(format!("status {}, was {was}", now.status));
    }
    if !before.iter().any(|was| was.content_type == now.content_type) {
        let name = |kind: &Option<String>| kind.clone().unwrap_or_else(|| "none".to_owned());
        let was = list(before.iter().map(|was| name(&was.content_type)));
        found.differences.push(format!("content type {}, was {was}", name(&now.content_type)));
    }
    let places: BTreeSet<&Option<String>> = before.iter().map(|was| &was.location).collect();
    if places.len() == 1 && !places.contains(&now.location) {
        let name = |place: &Option<String>| place.clone().unwrap_or_else(|| "nowhere".to_owned());
        let was = list(places.into_iter().map(name));
        found.differences.push(format!("redirects to {}, was {was}", name(&now.location)));
    }
    body(&before.iter().map(|was| &was.body).collect::<Vec<_>>(), &now.body, found);
}

fn body(before: &[&Body], now: &Body, found: &mut Found) {
    let kinds: BTreeSet<&str> = before.iter().map(|was| was.kind()).collect();
    if !kinds.contains(now.kind()) {
        let was = list(kinds.iter());
        found.differences.push(format!("{}, was {was}", now.kind()));
        return;
    }
    if kinds.len() > 1 {
        // It varies by itself; nothing below is comparable.
        return;
    }
    match now {
        Body::Json(now) => {
            let mut was = Json::default();
            for body in before {
                if let Body::Json(form) = body {
                    was.merge(form);
                }
            }
            json("", &was, now, found);
        }
        Body::Html { title, skeleton } => html(before, title.as_ref(), skeleton, found),
        Body::Metrics { names } => metrics(before, names, found),
        Body::Text(now) => {
            let was: Vec<&Text> = before
                .iter()
                .filter_map(|body| match body {
                    Body::Text(text) => Some(text),
                    _ => None,
                })
                .collect();
            texts(&was, now, "text", found);
        }
        Body::Empty | Body::Binary | Body::Unfinished => {}
    }
}

/// A text that was always the same has to stay so; of one that varies, its first word, if that does not vary.
fn texts(before: &[&Text], now: &Text, what: &str, found: &mut Found) {
    let differs = |part: fn(&Text) -> &String| {
        let was: BTreeSet<&String> = before.iter().map(|text| part(text)).collect();
        was.len() == 1 && !was.contains(part(now))
    };
    if now.empty && before.iter().all(|text| !text.empty) {
        found.differences.push(format!("no {what}, was some"));
    } else if differs(|text| &text.first) {
        found.differences.push(format!("the {what} begins with another word"));
    } else if differs(|text| &text.whole) {
        // Longer texts change for good reasons, such as a greeting with a host name; short ones are messages.
        found.notes.push(format!("the {what} has other words"));
    }
}

fn html(before: &[&Body], title: Option<&String>, skeleton: &str, found: &mut Found) {
    let pages = || {
        before.iter().filter_map(|body| match body {
            Body::Html { title, skeleton } => Some((title.as_ref(), skeleton.as_str())),
            _ => None,
        })
    };
    let titles: BTreeSet<Option<&String>> = pages().map(|page| page.0).collect();
    if titles.len() == 1 && !titles.contains(&title) {
        let name = |title: Option<&String>| title.map_or("none".to_owned(), |title| format!("`{title}`"));
        let was = list(titles.into_iter().map(name));
        found.differences.push(format!("title {}, was {was}", name(title)));
    }
    let skeletons: BTreeSet<&str> = pages().map(|page| page.1).collect();
    if skeletons.len() == 1 && !skeletons.contains(skeleton) {
        found.differences.push("the page is built from other elements".to_owned());
    }
}

fn metrics(before: &[&Body], now: &BTreeSet<String>, found: &mut Found) {
    let all = before.iter().filter_map(|body| match body {
        Body::Metrics { names } => Some(names.clone()),
        _ => None,
    });
    let always = all.reduce(|a, b| &a & &b).unwrap_or_default();
    let (with_use, gone): (Vec<&String>, Vec<&String>) =
        always.difference(now).partition(|name| Body::metric_comes_with_use(name));
    if !gone.is_empty() {
        found.differences.push(format!("metrics are gone: {}", some(&gone)));
    }
    if !with_use.is_empty() {
        found.notes.push(format!("counters are gone, which may come with use: {}", some(&with_use)));
    }
}

/// `was` is the union of all answers from before; a member that was always there has to be there.
fn json(path: &str, was: &Json, now: &Json, found: &mut Found) {
    let name = if path.is_empty() { "the document".to_owned() } else { format!("`{path}`") };
    let known = was.types.iter().any(|kind| kind != "null");
    let other: Vec<&String> = now.types.difference(&was.types).collect();
    if known && !other.is_empty() {
        let was = list(was.types.iter().map(|kind| with_article(kind)));
        let now = list(other.iter().map(|kind| with_article(kind)));
        found.differences.push(format!("{name} is {now}, was {was}"));
        return;
    }
    if was.states.len() == 1 && !now.states.is_subset(&was.states) {
        found.differences.push(format!("{name} has another value, which says how the service is"));
    }
    match (&was.items, &now.items) {
        (Some(was), Some(now)) => json(&format!("{path}[]"), was, now, found),
        (Some(_), None) if now.types.contains("list") && !was.empty => {
            found.differences.push(format!("{name} is an empty list, had items"));
        }
        _ => {}
    }
    if !now.types.contains("object") {
        return;
    }
    let objects = |form: &Json| form.members.values().map(|member| member.seen).max().unwrap_or(0);
    for (member, before) in &was.members {
        let path = if path.is_empty() { member.clone() } else { format!("{path}.{member}") };
        match now.members.get(member) {
            Some(now) => json(&path, before, now, found),
            None if member == Json::MAP && was.empty => {}
            None if member == Json::MAP => {
                found.differences.push(format!("{name} has no entries, had some"));
            }
            // It was in every object that was seen there.
            None if before.seen >= was.seen => found.differences.push(format!("field `{path}` is gone")),
            None => {}
        }
    }
    if objects(was) > 0 {
        let new: Vec<&String> = now.members.keys().filter(|key| !was.members.contains_key(*key)).collect();
        new_fields(path, &new, found);
    }
}

/// A field that is new is no loss, unless it tells of one.
fn new_fields(path: &str, new: &[&String], found: &mut Found) {
    const TROUBLE: [&str; 6] = ["error", "errors", "exception", "traceback", "stacktrace", "failure"];
    for key in new {
        let path = if path.is_empty() { (*key).clone() } else { format!("{path}.{key}") };
        match TROUBLE.contains(&key.to_ascii_lowercase().as_str()) {
            true => found.differences.push(format!("field `{path}` is new")),
            false => found.notes.push(format!("field `{path}` is new")),
        }
    }
}

fn with_article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "object" => "an object".to_owned(),
        other => format!("a {other}"),
    }
}

/// Distinct texts in their order: `200 or 204`.
fn list<T: ToString>(all: impl Iterator<Item = T>) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in all.map(|one| one.to_string()) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join(" or ")
}

/// The first few of many names.
fn some(names: &[&String]) -> String {
    let mut shown: Vec<&str> = names.iter().take(5).map(|name| name.as_str()).collect();
    if names.len() > 5 {
        shown.push("…");
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::{Origin, Place, Question, Request};
    use super::*;

    fn endpoint(expected_status: Option<u16>) -> Endpoint {
        let request = Request {
            place: Place::Port(80),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            headers: Vec::new(),
            body: None,
        };
        let question = Question::Http(request);
        Endpoint { service: "api".to_owned(), question, origin: Origin::Published, expected_status }
    }

    fn answer(status: u16, content_type: &str, body: &str) -> Answer {
        Answer::Http(HttpAnswer {
            status,
            content_type: Some(content_type.to_owned()),
            location: None,
            body: Body::of(body.as_bytes(), Some(content_type)),
        })
    }

    fn page(body: &str) -> Answer {
        answer(200, "application/json", body)
    }

    fn run(status: i64, output: &str) -> Answer {
        Answer::Exec { status, output: Text::of(output) }
    }

    fn shown(before: &[Answer], after: &Answer) -> String {
        match compare(&endpoint(None), before, after) {
            Comparison::Same { notes } if notes.is_empty() => "same".to_owned(),
            Comparison::Same { notes } => format!("same; {}", notes.join("; ")),
            Comparison::Different { differences } => differences.join("; "),
            Comparison::Unknown { missing } => format!("unknown: {missing}"),
        }
    }

    #[test]
    fn what_people_see_of_a_difference() {
        let items = r#"{"items": [{"id": 1, "price": 2}, {"id": 2, "price": 3}], "next": null}"#;
        let ok = answer(200, "text/plain", "ok");
        let gauge = "up 1\nprocess_open_fds 3\nhttp_requests_total 2\n";
        let cases = [
            (page(items), answer(500, "text/html", "<html><title>Internal Server Error</title></html>")),
            (page(items), page("")),
            (page(items), page(r#"{"items": [{"id": 1}], "next": "x"}"#)),
            (page(items), page(r#"{"items": [], "next": null}"#)),
            (page(items), page(r#"{"items": [{"id": "1", "price": 2}], "next": null, "page": 1}"#)),
            (page(items), page(r#"{"items": [{"id": 1, "price": 2}], "next": null, "error": "EROFS"}"#)),
            (page(r#"{"status": "ok"}"#), page(r#"{"status": "degraded"}"#)),
            (page(r#"{"a1": {"n": 1}}"#), page("{}")),
            (ok.clone(), answer(200, "text/plain", "")),
            (ok.clone(), answer(200, "text/plain", "error: disk")),
            (answer(200, "text/plain", gauge), answer(200, "text/plain", "up 1\n")),
            (
                answer(200, "text/html", "<title>Shop</title><p>"),
                answer(200, "text/html", "<title>502</title><h1>"),
            ),
            (ok.clone(), Answer::Failed { reason: "connection refused".to_owned() }),
            (run(0, "OK"), run(0, "ERR Failed opening the temp RDB file: Permission denied")),
            (run(0, "OK"), run(1, "OK")),
            (Answer::Open, Answer::Open),
            (ok.clone(), Answer::Open),
        ];
        let shown: Vec<String> =
            cases.iter().map(|(was, now)| shown(std::slice::from_ref(was), now)).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        status 500, was 200; content type text/html, was application/json; an HTML page, was JSON
        an empty body, was JSON
        field `items[].price` is gone
        `items` is an empty list, had items
        `items[].id` is a string, was a number
        field `error` is new
        `status` has another value, which says how the service is
        the document has no entries, had some
        an empty body, was a text
        the text begins with another word
        metrics are gone: process_open_fds
        title `502`, was `Shop`; the page is built from other elements
        no answer: connection refused
        the output begins with another word
        exit status 1, was 0
        same
        another kind of answer than before
        ");
    }

    #[test]
    fn what_varies_by_itself_is_learned() {
        let before = [page(r#"{"a": 1, "b": "x"}"#), page(r#"{"a": "now", "at": 5}"#)];
        assert_eq!(shown(&before, &page(r#"{"a": 2}"#)), "same");
        assert_eq!(shown(&before, &page(r#"{"b": "y"}"#)), "field `a` is gone");
        let titles =
            [answer(200, "text/html", "<title>1</title>"), answer(200, "text/html", "<title>2</title>")];
        assert_eq!(shown(&titles, &answer(200, "text/html", "<title>3</title>")), "same");
        assert_eq!(shown(&[run(0, "a b"), run(0, "a c")], &run(0, "a d")), "same");
    }

    #[test]
    fn a_service_that_did_not_work_before_is_not_shown_to_work() {
        let broken = answer(503, "text/plain", "no");
        assert_eq!(shown(std::slice::from_ref(&broken), &broken), "unknown: it answered 503 before too");
        assert_eq!(shown(&[page("{}"), broken.clone()], &broken), "unknown: it answered 503 before too");
        let late = Answer::Failed { reason: "no answer within 5 s".to_owned() };
        assert!(shown(std::slice::from_ref(&late), &late).starts_with("unknown: it did not answer before"));
        assert_eq!(shown(&[], &Answer::Open), "unknown: it was not asked before");
        let missing = Answer::Unknown { missing: "the container has no network".to_owned() };
        assert_eq!(shown(&[Answer::Open], &missing), "unknown: the container has no network");
    }

    #[test]
    fn a_declared_status_is_what_counts() {
        let declared = endpoint(Some(401));
        let answers = [answer(401, "text/plain", "who are you")];
        assert!(compare(&declared, &answers, &answers[0]).is_same());
        let comparison = compare(&declared, &answers, &answer(200, "text/plain", "who are you"));
        assert!(matches!(comparison, Comparison::Different { .. }), "{comparison:?}");
        let unknown = compare(&endpoint(Some(200)), &answers, &answers[0]);
        assert!(matches!(unknown, Comparison::Unknown { .. }), "{unknown:?}");
    }
}
