//! The canonical form of `docker compose config --format json`.

use serde_json::{Map, Number, Value as Json};

use super::canonical::text_of;
use super::schema::{Object, PROJECT, Shape, Zero, fits};
use super::units;
use crate::{Data, Value};

/// Prints a canonical, normalized project. `name` is the name of the project.
pub(crate) fn print(root: &Value, name: &str) -> Json {
    let mut json = object(root, &PROJECT);
    json.insert("name".to_owned(), Json::String(name.to_owned()));
    for (key, member) in root.as_map().into_iter().flatten() {
        if key.starts_with("x-") {
            json.insert(key.clone(), plain(&member.value));
        }
    }
    escaped(Json::Object(json))
}

/// Compose doubles `$`, so that its output can be read as a Compose file again.
fn escaped(json: Json) -> Json {
    match json {
        Json::String(text) => Json::String(text.replace('$', "$$")),
        Json::Array(items) => Json::Array(items.into_iter().map(escaped).collect()),
        Json::Object(map) => Json::Object(
            map.into_iter().map(|(key, value)| (key.replace('$', "$$"), escaped(value))).collect(),
        ),
        other => other,
    }
}

fn object(value: &Value, shape: &Object) -> Map<String, Json> {
    let mut json = Map::new();
    for field in shape.fields {
        let (written, zero) = match value.get(field.name) {
            Some(value) => printed(value, &field.shape),
            None => (Json::Null, true),
        };
        let kept = match field.zero {
            Zero::Hidden => continue,
            Zero::Omitted => !zero,
            Zero::Kept => value.get(field.name).is_some_and(|value| !matches!(value.data, Data::Null)),
            Zero::Null => true,
            Zero::Empty => {
                json.insert(field.printed.to_owned(), or_empty(written, &field.shape));
                continue;
            }
        };
        if kept {
            json.insert(field.printed.to_owned(), written);
        }
    }
    json
}

/// A struct that is not written is printed as one without fields.
fn or_empty(written: Json, shape: &Shape) -> Json {
    match (written, shape) {
        (Json::Null, Shape::Object(shape)) => {
            let fields = shape.fields.iter().filter(|field| field.zero == Zero::Null);
            Json::Object(fields.map(|field| (field.printed.to_owned(), Json::Null)).collect())
        }
        (Json::Null, _) => Json::Object(Map::new()),
        (written, _) => written,
    }
}

/// The value as JSON, and whether it counts as zero.
fn printed(value: &Value, shape: &Shape) -> (Json, bool) {
    match shape {
        Shape::Either(shapes) => match shapes.iter().find(|shape| fits(value, shape)) {
            Some(shape) => printed(value, shape),
            None => (Json::Null, true),
        },
        Shape::Any => (plain(value), false),
        Shape::Null => (Json::Null, true),
        Shape::Text | Shape::OneOf(_) | Shape::TextOrNumber | Shape::TextOrInt | Shape::NullAsText => {
            text(text_of(value).unwrap_or_default())
        }
        Shape::Scalar => match text_of(value) {
            Some(value) => (Json::String(value), false),
            None => (Json::Null, false),
        },
        Shape::ScalarOrEmpty => (Json::String(text_of(value).unwrap_or_default()), false),
        Shape::Bool | Shape::StrictBool => {
            let value = super::normalize::is_true(value);
            (Json::Bool(value), !value)
        }
        Shape::Int(..) | Shape::StrictInt => {
            let number = units::whole(&value.data).unwrap_or(0);
            (Json::from(number), number == 0)
        }
        Shape::Limit => match units::whole(&value.data) {
            Some(0) | None => (Json::Object(Map::new()), true),
            Some(number) => (Json::from(number), false),
        },
        Shape::Float => float(value),
        Shape::Bytes | Shape::BytesText => {
            let bytes = bytes_of(value);
            (Json::String(bytes.to_string()), bytes == 0)
        }
        Shape::Duration => {
            let nanoseconds = value.as_str().and_then(units::duration).unwrap_or(0);
            (Json::String(units::duration_text(nanoseconds)), nanoseconds == 0)
        }
        Shape::List(item) | Shape::Set(item) => {
            let items: Vec<Json> =
                value.as_seq().unwrap_or_default().iter().map(|value| printed(value, item).0).collect();
            let zero = items.is_empty();
            (Json::Array(items), zero)
        }
        Shape::Dict(item) | Shape::Named(item) => {
            let entries = value.as_map().into_iter().flatten();
            let map: Map<String, Json> =
                entries.map(|(key, member)| (key.clone(), printed(&member.value, item).0)).collect();
            let zero = map.is_empty();
            (Json::Object(map), zero)
        }
        Shape::Object(shape) => (Json::Object(object(value, shape)), false),
    }
}

fn text(value: String) -> (Json, bool) {
    let zero = value.is_empty();
    (Json::String(value), zero)
}

/// Compose reads sizes from whole numbers and from text; a fraction counts as nothing.
fn bytes_of(value: &Value) -> i64 {
    match &value.data {
        Data::Int(number) => *number,
        Data::Str(text) => units::bytes(&text.value).unwrap_or(0),
        _ => 0,
    }
}

/// Compose keeps such numbers in single precision.
fn float(value: &Value) -> (Json, bool) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "Compose does the same")]
    let number = match &value.data {
        Data::Int(number) => *number as f32,
        Data::Float(number) => *number as f32,
        Data::Str(text) => units::number(&text.value).unwrap_or(0.0) as f32,
        _ => 0.0,
    };
    let shortest = number.to_string().parse().unwrap_or(0.0);
    (real(shortest), number == 0.0)
}

/// Whole numbers are printed without a point.
fn real(number: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return Json::from(number as i64);
    }
    Number::from_f64(number).map_or(Json::Null, Json::Number)
}

/// A value that Compose does not interpret: `x-` fields.
fn plain(value: &Value) -> Json {
    match &value.data {
        Data::Null => Json::Null,
        Data::Bool(value) => Json::Bool(*value),
        Data::Int(value) => Json::from(*value),
        Data::Float(value) => real(*value),
        Data::Str(text) => Json::String(text.value.clone()),
        Data::Seq(items) => Json::Array(items.iter().map(plain).collect()),
        Data::Map(map) => {
            Json::Object(map.iter().map(|(key, member)| (key.clone(), plain(&member.value))).collect())
        }
    }
}
