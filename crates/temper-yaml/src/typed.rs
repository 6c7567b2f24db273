use crate::{Kind, Node, Style};

/// What a scalar is read as. Equality is that of the values, except that not-a-number equals itself.
#[derive(Debug, Clone, Copy)]
pub enum Typed<'a> {
    /// Nothing written, `~`, `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number with a fraction or an exponent, `.inf`, `.nan`, or an integer too large for [`Typed::Int`].
    Float(f64),
    /// Anything else.
    Str(&'a str),
}

impl PartialEq for Typed<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Self::Str(a), Self::Str(b)) => a == b,
            _ => false,
        }
    }
}

impl Node {
    /// What this scalar is read as by go-yaml v3, the reader of Docker Compose and of Kubernetes tools.
    ///
    /// A plain scalar without a tag is resolved by the YAML 1.2 core schema with go-yaml's additions: `_` between digits,
    /// `0b…`, and `0777` as octal. `yes`, `no`, `on`, `off` are strings, and so is a date (go-yaml makes a time of it). Quoted and block
    /// scalars, and those with a local tag such as `!reset`, are strings. `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`
    /// are honoured.
    ///
    /// `None` when this is not a scalar, or when its text is not of the type that its tag claims.
    #[must_use]
    pub fn typed(&self) -> Option<Typed<'_>> {
        let Kind::Scalar(scalar) = &self.kind else { return None };
        let text = &*scalar.value;
        let Some(tag) = self.tag.as_deref() else {
            let plain = scalar.style == Style::Plain;
            return Some(if plain { resolve(text) } else { Typed::Str(text) });
        };
        match (tag, resolve(text)) {
            ("!!null", Typed::Null) => Some(Typed::Null),
            ("!!bool", Typed::Bool(value)) => Some(Typed::Bool(value)),
            ("!!int", Typed::Int(value)) => Some(Typed::Int(value)),
            ("!!float", Typed::Float(value)) => Some(Typed::Float(value)),
            #[expect(
                clippy::cast_precision_loss,
                reason = "the tag asks for a float; the nearest one is meant"
            )]
            ("!!float", Typed::Int(value)) => Some(Typed::Float(value as f64)),
            ("!!null" | "!!bool" | "!!int" | "!!float", _) => None,
            _ => Some(Typed::Str(text)),
        }
    }
}

/// Resolves a plain scalar. The order of the steps is that of go-yaml v3's `resolve.go`.
pub(crate) fn resolve(text: &str) -> Typed<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Typed::Null,
        "true" | "True" | "TRUE" => return Typed::Bool(true),
        "false" | "False" | "FALSE" => return Typed::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Typed::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Typed::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Typed::Float(f64::NEG_INFINITY),
        _ => {}
    }
    number(text).unwrap_or(Typed::Str(text))
}

fn number(text: &str) -> Option<Typed<'static>> {
    let first = text.bytes().next()?;
    if first == b'.' {
        // go-yaml takes no `_` here.
        return float(text);
    }
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-')) {
        return None;
    }
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    integer(&digits).or_else(|| float(&digits))
}

fn integer(text: &str) -> Option<Typed<'static>> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (radix, digits) = radix_of(digits);
    // `from_str_radix` would take a second sign.
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    let value = if negative { -i128::from(magnitude) } else { i128::from(magnitude) };
    #[expect(
        clippy::cast_precision_loss,
        reason = "documented: too large for an integer, so the nearest float"
    )]
    let large = magnitude as f64;
    match i64::try_from(value) {
        Ok(value) => Some(Typed::Int(value)),
        Err(_) if negative => None,
        Err(_) => Some(Typed::Float(large)),
    }
}

/// The radix of Go's `ParseInt` with base 0, and the digits after the prefix.
fn radix_of(digits: &str) -> (u32, &str) {
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return (radix, rest);
        }
    }
    match digits.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    }
}

/// A decimal float: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the pattern of YAML 1.2 core. So `08`, which
/// is no octal number, is the float 8.
fn float(text: &str) -> Option<Typed<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    if (whole.is_empty() && fraction.is_empty())
        || !is_digits(whole)
        || !is_digits(fraction)
        || !exponent_fits
    {
        return None;
    }
    text.parse().ok().map(Typed::Float)
}

#[cfg(test)]
mod tests {
    use super::{Typed, resolve};
    use crate::parse;

    fn typed(text: &str) -> String {
        let yaml = parse(text).unwrap();
        format!("{:?}", yaml.documents[0].typed())
    }

    #[test]
    fn plain_scalars_are_resolved_as_go_yaml_does() {
        for (text, expected) in [
            ("", Typed::Null),
            ("NULL", Typed::Null),
            ("nULL", Typed::Str("nULL")),
            ("True", Typed::Bool(true)),
            ("yes", Typed::Str("yes")),
            ("off", Typed::Str("off")),
            ("12", Typed::Int(12)),
            ("-1_000", Typed::Int(-1000)),
            ("0777", Typed::Int(0o777)),
            ("0o17", Typed::Int(0o17)),
            ("-0x1F", Typed::Int(-31)),
            ("0b101", Typed::Int(5)),
            ("0", Typed::Int(0)),
            ("08", Typed::Float(8.0)),
            ("+7", Typed::Int(7)),
            ("9223372036854775808", Typed::Float(9_223_372_036_854_775_808.0)),
            ("99999999999999999999", Typed::Float(1e20)),
            ("1e3", Typed::Float(1000.0)),
            ("-1.5E-1", Typed::Float(-0.15)),
            (".5", Typed::Float(0.5)),
            ("1.", Typed::Float(1.0)),
            ("-.INF", Typed::Float(f64::NEG_INFINITY)),
            (".NaN", Typed::Float(f64::NAN)),
            ("65532:65532", Typed::Str("65532:65532")),
            ("1.2.3", Typed::Str("1.2.3")),
            ("2001-12-14", Typed::Str("2001-12-14")),
            ("inf", Typed::Str("inf")),
            ("+-1", Typed::Str("+-1")),
            ("0x", Typed::Str("0x")),
            ("0x-1", Typed::Str("0x-1")),
            ("_1", Typed::Str("_1")),
            ("1e", Typed::Str("1e")),
            (".", Typed::Str(".")),
            ("-", Typed::Str("-")),
            ("é", Typed::Str("é")),
        ] {
            assert_eq!(resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn quotes_and_local_tags_make_strings() {
        assert_eq!(typed("'12'"), r#"Some(Str("12"))"#);
        assert_eq!(typed("|\n  12\n"), r#"Some(Str("12\n"))"#);
        assert_eq!(typed("!reset null"), r#"Some(Str("null"))"#);
        assert_eq!(typed("! 12"), r#"Some(Str("12"))"#);
    }

    #[test]
    fn tags_of_yaml_itself_are_honoured() {
        assert_eq!(typed("!!str 12"), r#"Some(Str("12"))"#);
        assert_eq!(typed("!!str"), r#"Some(Str(""))"#);
        assert_eq!(typed("!!int '12'"), "Some(Int(12))");
        assert_eq!(typed("!!float 12"), "Some(Float(12.0))");
        assert_eq!(typed("!<tag:yaml.org,2002:bool> true"), "Some(Bool(true))");
        assert_eq!(typed("!!int abc"), "None");
        assert_eq!(typed("[]"), "None");
    }
}
