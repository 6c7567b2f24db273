use std::fmt::Write as _;

use temper_text::Loc;

use super::fields::PROJECT;
use super::shape::{Object, Shape};
use crate::compose::report::Report;
use crate::compose::units;
use crate::{Data, Text, Value};

/// Checks a merged Compose file against the format: unknown keys, wrong types, missing keys, items that stand
/// twice. Every fault becomes a refusal in `report`.
pub(crate) fn check(root: &Value, report: &mut Report) {
    Checker { report, path: Vec::new(), is_final: true }.object(root, &PROJECT);
}

/// Checks what is merged so far, when more files may follow. What sizes and numbers in text say is left alone:
/// Compose reads it when all files are merged, so that a later file may still replace it.
pub(crate) fn check_layer(root: &Value, report: &mut Report) {
    Checker { report, path: Vec::new(), is_final: false }.object(root, &PROJECT);
}

struct Checker<'r> {
    report: &'r mut Report,
    is_final: bool,
    path: Vec<String>,
}

impl Checker<'_> {
    fn value(&mut self, value: &Value, shape: &Shape) {
        if self.report.passes_over(value) {
            return;
        }
        match shape {
            Shape::Either(shapes) => match shapes.iter().find(|shape| fits(value, shape)) {
                Some(shape) => self.value(value, shape),
                None => self.wrong_type(value, shape),
            },
            _ if !fits(value, shape) => self.wrong_type(value, shape),
            Shape::List(item) => self.items(value, item),
            Shape::Set(item) => {
                self.items(value, item);
                self.no_item_twice(value);
            }
            Shape::Dict(item) => self.entries(value, item),
            Shape::Named(item) => {
                self.names(value);
                self.entries(value, item);
            }
            Shape::Object(object) => self.object(value, object),
            _ => self.scalar(value, shape),
        }
    }

    fn at_key(&mut self, key: &str, value: &Value, shape: &Shape) {
        self.path.push(key.to_owned());
        self.value(value, shape);
        self.path.pop();
    }

    fn items(&mut self, value: &Value, shape: &Shape) {
        for (index, item) in value.as_seq().unwrap_or_default().iter().enumerate() {
            self.at_key(&index.to_string(), item, shape);
        }
    }

    fn no_item_twice(&mut self, value: &Value) {
        let items = value.as_seq().unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            if items.iter().take(index).any(|earlier| same(earlier, item)) {
                self.refuse(item.at, "this item stands in the list twice; remove one");
            }
        }
    }

    fn names(&mut self, value: &Value) {
        for (name, member) in value.as_map().into_iter().flatten() {
            if !name.starts_with("x-") && !is_name(name) {
                let message = format!("{name:?} is not a name; use letters, digits, '.', '_' and '-'");
                self.refuse(member.key, &message);
            }
        }
    }

    fn entries(&mut self, value: &Value, shape: &Shape) {
        for (key, member) in value.as_map().into_iter().flatten() {
            self.at_key(key, &member.value, shape);
        }
    }

    fn object(&mut self, value: &Value, object: &Object) {
        let Some(map) = value.as_map() else {
            self.wrong_type(value, &Shape::Dict(&Shape::Any));
            return;
        };
        for (key, member) in map {
            match object.field(key) {
                Some(field) => self.at_key(key, &member.value, &field.shape),
                None if object.extensions && key.starts_with("x-") => {}
                None => self.refuse(member.key, &unknown_key(key, object)),
            }
        }
        for key in object.required.iter().filter(|key| !map.contains_key(**key)) {
            self.refuse(value.at, &format!("{key:?} is missing; it is required here"));
        }
    }

    fn scalar(&mut self, value: &Value, shape: &Shape) {
        if !self.is_final && !matches!(shape, Shape::OneOf(_) | Shape::Duration) {
            return;
        }
        let Data::Str(text) = &value.data else {
            if let (Shape::Int(low, high), Some(number)) = (shape, units::whole(&value.data)) {
                self.bounds(value.at, number, *low, *high);
            }
            return;
        };
        let text = &text.value;
        let wrong = match shape {
            Shape::OneOf(words) => (!is_one_of(text, words)).then(|| words.join(", ")),
            Shape::Bool => units::boolean(text).is_none().then(|| "true or false".to_owned()),
            Shape::Int(low, high) => match units::integer(text) {
                Some(number) => return self.bounds(value.at, number, *low, *high),
                None => Some("an integer".to_owned()),
            },
            Shape::Float => units::number(text).is_none().then(|| "a number".to_owned()),
            Shape::Bytes | Shape::BytesText => {
                units::bytes(text).is_none().then(|| "a size such as 512m or 1g".to_owned())
            }
            Shape::Duration => {
                units::duration(text).is_none().then(|| "a duration such as 1m30s or 500ms".to_owned())
            }
            _ => None,
        };
        if let Some(expected) = wrong {
            self.refuse(value.at, &format!("expected {expected}, found {text:?}"));
        }
    }

    fn bounds(&mut self, at: Loc, number: i64, low: i64, high: i64) {
        if number < low || number > high {
            self.refuse(at, &format!("expected a number from {low} to {high}, found {number}"));
        }
    }

    fn wrong_type(&mut self, value: &Value, shape: &Shape) {
        if self.report.was_emptied(value) {
            let message = "Docker Compose 2.26 makes nothing of an empty list once another file is merged, and \
                           refuses that; remove the key";
            return self.refuse(value.at, message);
        }
        let message = format!("expected {}, found {}", expected(shape), found(value));
        self.refuse(value.at, &message);
    }

    fn refuse(&mut self, at: Loc, message: &str) {
        let mut place = self.path.join(".");
        if !place.is_empty() {
            place.push_str(": ");
        }
        self.report.refuse(at, format!("{place}{message}"));
    }
}

/// True when the kind of the value (not its content) is one that the shape allows.
pub(crate) fn fits(value: &Value, shape: &Shape) -> bool {
    let data = &value.data;
    match shape {
        Shape::Any => true,
        Shape::Null | Shape::NullAsText => matches!(data, Data::Null),
        Shape::TextOrInt => matches!(data, Data::Str(_) | Data::Int(_)),
        Shape::Text | Shape::OneOf(_) | Shape::BytesText | Shape::Duration => matches!(data, Data::Str(_)),
        Shape::TextOrNumber | Shape::Bytes | Shape::Float => {
            matches!(data, Data::Str(_) | Data::Int(_) | Data::Float(_))
        }
        Shape::Scalar | Shape::ScalarOrEmpty => !matches!(data, Data::Seq(_) | Data::Map(_)),
        Shape::Bool => matches!(data, Data::Bool(_) | Data::Str(_)),
        Shape::StrictBool => matches!(data, Data::Bool(_)),
        // A whole number with a point is an integer in JSON Schema.
        Shape::Int(..) => match data {
            Data::Float(number) => number.fract() == 0.0,
            data => matches!(data, Data::Int(_) | Data::Str(_)),
        },
        Shape::StrictInt | Shape::Limit => matches!(data, Data::Int(_)),
        Shape::List(_) | Shape::Set(_) => matches!(data, Data::Seq(_)),
        Shape::Dict(_) | Shape::Named(_) | Shape::Object(_) => matches!(data, Data::Map(_)),
        Shape::Either(shapes) => shapes.iter().any(|shape| fits(value, shape)),
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (&left.data, &right.data) {
        (Data::Str(left), Data::Str(right)) => left.value == right.value,
        (Data::Seq(left), Data::Seq(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Data::Map(left), Data::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, member)| {
                    right.get(key).is_some_and(|other| same(&member.value, &other.value))
                })
        }
        (left, right) => left == right,
    }
}

fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text == *word || (word.ends_with('_') && text.starts_with(word)))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn unknown_key(key: &str, object: &Object) -> String {
    let mut message = format!("unknown key {key:?}");
    if let Some(near) = object.fields.iter().map(|field| field.name).find(|name| is_near(key, name)) {
        // Writing to a String cannot fail.
        let _ = write!(message, "; did you mean {near:?}?");
    } else {
        message.push_str("; remove it, or begin it with 'x-' when it is your own");
    }
    message
}

/// True when the two differ in at most one character, in two neighbours that changed places, or in `-` for `_`.
fn is_near(key: &str, name: &str) -> bool {
    let (key, name) = (key.replace('-', "_").to_lowercase(), name);
    if key == name {
        return true;
    }
    let prefix = key.bytes().zip(name.bytes()).take_while(|(left, right)| left == right).count();
    let (left, right) = (&key.as_bytes()[prefix..], &name.as_bytes()[prefix..]);
    match (left, right) {
        ([a, b, left @ ..], [c, d, right @ ..]) if a == d && b == c => left == right,
        ([_, left @ ..], [_, right @ ..]) if left == right => true,
        ([_, left @ ..], right) if left == right => true,
        (left, [_, right @ ..]) => left == right,
        _ => false,
    }
}

fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Any => "anything".to_owned(),
        Shape::Null | Shape::NullAsText => "nothing".to_owned(),
        Shape::TextOrInt => "a string or an integer".to_owned(),
        Shape::Text => "a string (quote it)".to_owned(),
        Shape::OneOf(words) => format!("one of {}", words.join(", ")),
        Shape::TextOrNumber => "a string or a number".to_owned(),
        Shape::Scalar | Shape::ScalarOrEmpty => "a string, a number or a boolean".to_owned(),
        Shape::Bool | Shape::StrictBool => "true or false".to_owned(),
        Shape::Int(..) | Shape::StrictInt | Shape::Limit => "an integer".to_owned(),
        Shape::Float => "a number".to_owned(),
        Shape::Bytes => "a size such as 512m".to_owned(),
        Shape::BytesText => "a size with its unit, such as 512m".to_owned(),
        Shape::Duration => "a duration such as 1m30s".to_owned(),
        Shape::List(_) | Shape::Set(_) => "a list".to_owned(),
        Shape::Dict(_) | Shape::Named(_) | Shape::Object(_) => "a mapping".to_owned(),
        Shape::Either(shapes) => {
            let words: Vec<String> = shapes
                .iter()
                .filter(|shape| !matches!(shape, Shape::Null | Shape::NullAsText))
                .map(expected)
                .collect();
            words.join(" or ")
        }
    }
}

fn found(value: &Value) -> String {
    match &value.data {
        Data::Null => "nothing".to_owned(),
        Data::Bool(value) => format!("the boolean {value}"),
        Data::Int(value) => format!("the number {value}"),
        Data::Float(value) => format!("the number {value}"),
        Data::Str(Text { value, .. }) => format!("{value:?}"),
        Data::Seq(_) => "a list".to_owned(),
        Data::Map(_) => "a mapping".to_owned(),
    }
}
