//! `$VAR` and `${VAR…}` in a text, as Docker Compose substitutes them.
//!
//! Source: the specification, "Interpolation"; where it is silent, what Compose 2.26 does: a lone `$` stays, the text
//! after an operator reaches to the brace that closes it, and both sides of an operator are always evaluated.

use std::cell::RefCell;
use std::ops::Range;

/// How deep `${A:-${B:-…}}` may be nested.
const MAX_NESTING: usize = 100;

/// What becomes of `${VAR:?message}` when the variable has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Required {
    /// It is refused, as Compose does.
    Refuse,
    /// The variable is missing like any other.
    Unknown,
}

/// A text after substitution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Substituted {
    /// The text; a variable without a value and without a default is empty.
    pub(crate) value: String,
    /// Those variables.
    pub(crate) missing: Vec<String>,
    /// True when anything was substituted, `$$` included.
    pub(crate) changed: bool,
}

/// Why a text cannot be substituted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateFault {
    /// The bytes of the text that are at fault.
    pub(crate) range: Range<usize>,
    /// What was expected.
    pub(crate) message: String,
}

/// Substitutes the variables of `text`.
///
/// # Errors
/// When a `${` is not closed or not followed by a name, or when a required variable has no value.
pub(crate) fn substitute(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    required: Required,
) -> Result<Substituted, TemplateFault> {
    if !text.contains('$') {
        return Ok(Substituted { value: text.to_owned(), ..Substituted::default() });
    }
    Template { lookup, required }.substitute(text, 0, 0)
}

/// Names of the variables in `text`, each once, those inside a default before the one that has it; none where `text` is not valid.
pub(crate) fn names(text: &str) -> Vec<String> {
    let asked = RefCell::new(Vec::new());
    let record = |name: &str| -> Option<String> {
        add_missing(&mut asked.borrow_mut(), name);
        None
    };
    let valid = substitute(text, &record, Required::Unknown).is_ok();
    if valid { asked.into_inner() } else { Vec::new() }
}

struct Template<'l> {
    lookup: &'l dyn Fn(&str) -> Option<String>,
    required: Required,
}

#[derive(Clone, Copy)]
enum Operator {
    Default,
    Required,
    Alternative,
}

/// The parts of `${NAME:-argument}`.
struct Braced<'t> {
    name: &'t str,
    /// The operator, and whether an empty value counts as none (`:`).
    operator: Option<(Operator, bool)>,
    argument: &'t str,
    /// Where the argument begins, counted from the `$`.
    argument_at: usize,
    /// Just past the closing brace, counted from the `$`.
    end: usize,
}

impl Template<'_> {
    /// `offset`: where `text` begins in the whole text, for faults.
    fn substitute(&self, text: &str, offset: usize, depth: usize) -> Result<Substituted, TemplateFault> {
        let mut out = Substituted::default();
        let mut line = Line::default();
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find('$')) {
            let dollar = at + found;
            out.value.push_str(text.get(at..dollar).unwrap_or_default());
            let rest = text.get(dollar..).unwrap_or_default();
            let after = rest.as_bytes().get(1).copied();
            at = match after {
                Some(b'$') => {
                    out.value.push('$');
                    out.changed = true;
                    dollar + 2
                }
                Some(b'{') => {
                    let last_brace = line.last_brace(text, dollar).map(|brace| brace - dollar);
                    let Some(braced) = braced(rest, last_brace) else {
                        return Err(invalid(rest, offset + dollar));
                    };
                    self.braced(&braced, offset + dollar, depth, &mut out)?;
                    dollar + braced.end
                }
                Some(byte) if is_name_start(byte) => {
                    let name = name(rest.get(1..).unwrap_or_default());
                    self.plain(name, &mut out);
                    dollar + 1 + name.len()
                }
                _ => {
                    out.value.push('$');
                    dollar + 1
                }
            };
        }
        out.value.push_str(text.get(at..).unwrap_or_default());
        Ok(out)
    }

    fn plain(&self, name: &str, out: &mut Substituted) {
        out.changed = true;
        match (self.lookup)(name) {
            Some(value) => out.value.push_str(&value),
            None => add_missing(&mut out.missing, name),
        }
    }

    fn braced(
        &self,
        braced: &Braced<'_>,
        offset: usize,
        depth: usize,
        out: &mut Substituted,
    ) -> Result<(), TemplateFault> {
        let Some((operator, empty_is_none)) = braced.operator else {
            self.plain(braced.name, out);
            return Ok(());
        };
        out.changed = true;
        if depth >= MAX_NESTING {
            let message = format!("expected variables nested at most {MAX_NESTING} deep");
            return Err(TemplateFault { range: offset..offset + braced.end, message });
        }
        // Compose evaluates the argument even when it is not used: `${SET:-${UNSET:?}}` is refused.
        let argument = self.substitute(braced.argument, offset + braced.argument_at, depth + 1)?;
        let value = (self.lookup)(braced.name).filter(|value| !(empty_is_none && value.is_empty()));
        match (operator, value) {
            (Operator::Default | Operator::Required, Some(value)) => out.value.push_str(&value),
            (Operator::Default, None) | (Operator::Alternative, Some(_)) => out.append(argument),
            (Operator::Alternative, None) => {}
            (Operator::Required, None) if self.required == Required::Unknown => {
                add_missing(&mut out.missing, braced.name);
            }
            (Operator::Required, None) => {
                let reason = match argument.value.as_str() {
                    "" => String::new(),
                    reason => format!(": {reason}"),
                };
                let message = format!("required variable {} is missing a value{reason}", braced.name);
                return Err(TemplateFault { range: offset..offset + braced.end, message });
            }
        }
        Ok(())
    }
}

impl Substituted {
    fn append(&mut self, other: Self) {
        self.value.push_str(&other.value);
        for name in &other.missing {
            add_missing(&mut self.missing, name);
        }
    }
}

fn add_missing(missing: &mut Vec<String>, name: &str) {
    if !missing.iter().any(|known| known == name) {
        missing.push(name.to_owned());
    }
}

fn invalid(rest: &str, at: usize) -> TemplateFault {
    let end = rest
        .find(['\n', '}'])
        .map_or(rest.len(), |end| end + usize::from(rest.as_bytes().get(end) == Some(&b'}')));
    let shown = rest.get(..end).unwrap_or(rest);
    let message = format!(
        "invalid interpolation `{shown}`; expected `$VAR`, `${{VAR}}`, `${{VAR:-default}}` or `${{VAR:?message}}`; \
         a plain `$` is written `$$`"
    );
    TemplateFault { range: at..at + end, message }
}

/// Reads `${…}` at the start of `text`. `last_brace` is the last `}` of the line.
fn braced(text: &str, last_brace: Option<usize>) -> Option<Braced<'_>> {
    let inner = text.get(2..)?;
    let name = name(inner);
    if name.is_empty() || !name.bytes().next().is_some_and(is_name_start) {
        return None;
    }
    let rest = inner.get(name.len()..)?;
    if rest.starts_with('}') {
        let end = 2 + name.len() + 1;
        return Some(Braced { name, operator: None, argument: "", argument_at: end, end });
    }
    let (empty_is_none, sign) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let operator = match sign.bytes().next()? {
        b'-' => Operator::Default,
        b'?' => Operator::Required,
        b'+' => Operator::Alternative,
        _ => return None,
    };
    let argument_at = 2 + name.len() + usize::from(empty_is_none) + 1;
    let last = last_brace.filter(|last| *last >= argument_at)?;
    // Without a brace that closes it, Compose takes everything up to the last brace of the line as argument.
    let close = closing_brace(text.get(..=last)?).filter(|close| *close >= argument_at).unwrap_or(last);
    let argument = text.get(argument_at..close)?;
    Some(Braced { name, operator: Some((operator, empty_is_none)), argument, argument_at, end: close + 1 })
}

/// The brace that closes the first one. As in Compose, the character after an opening brace is not looked at.
fn closing_brace(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open = 0_usize;
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'}' => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return Some(index);
                }
            }
            b'{' => {
                open += 1;
                index += 1;
            }
            _ => {}
        }
        index += 1;
    }
    None
}

/// The last brace of the line that is being read, found once a line so that long lines are read once.
#[derive(Default)]
struct Line {
    end: usize,
    brace: Option<usize>,
}

impl Line {
    fn last_brace(&mut self, text: &str, at: usize) -> Option<usize> {
        if at >= self.end {
            let rest = text.get(at..).unwrap_or_default();
            let length = rest.find('\n').unwrap_or(rest.len());
            self.end = at + length;
            self.brace = rest.get(..length).and_then(|line| line.rfind('}')).map(|brace| at + brace);
        }
        self.brace.filter(|brace| *brace >= at)
    }
}

fn is_name_start(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphabetic()
}

fn name(text: &str) -> &str {
    let end = text.bytes().position(|byte| !(is_name_start(byte) || byte.is_ascii_digit()));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Required, Substituted, TemplateFault, names, substitute};

    fn lookup(name: &str) -> Option<String> {
        match name {
            "SET" => Some("val".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn strict(text: &str) -> Result<Substituted, TemplateFault> {
        substitute(text, &lookup, Required::Refuse)
    }

    fn gives(text: &str, expected: &str) {
        assert_eq!(strict(text).expect(text).value, expected, "{text}");
    }

    /// The part of the text that the fault points at.
    fn refused(text: &str) -> &str {
        text.get(strict(text).expect_err(text).range).expect("the range lies in the text")
    }

    #[test]
    fn names_are_those_asked_for_whatever_their_value_is() {
        assert_eq!(names("${A:-${B:-}}-$C-${A}-$$D"), ["B", "A", "C"]);
        assert_eq!(names("none"), [""; 0]);
        assert_eq!(names("${A"), [""; 0]);
    }

    #[test]
    fn default_stands_for_an_unset_or_empty_variable() {
        gives("${SET:-d} ${NONE:-d} ${EMPTY:-d} ${EMPTY-d} ${NONE-d}", "val d d  d");
    }

    #[test]
    fn alternative_stands_for_a_set_variable() {
        gives("${SET:+r}|${EMPTY:+r}|${EMPTY+r}|${NONE+r}", "r||r|");
    }

    #[test]
    fn two_dollars_are_one_and_a_lone_dollar_stays() {
        gives("$$SET $${SET} $ a$ $1 $-", "$SET ${SET} $ a$ $1 $-");
    }

    #[test]
    fn defaults_nest() {
        gives("${NONE:-${OTHER:-${SET}}}", "val");
        gives("${NONE:-a${SET}b}c}", "avalbc}");
    }

    #[test]
    fn brace_after_an_opening_brace_is_passed_over_as_in_compose() {
        gives("${NONE:-{}}", "{}");
        gives("${NONE:-{a}}", "{a}");
    }

    #[test]
    fn unset_variable_without_default_is_empty_and_named() {
        let done = strict("$NONE-${OTHER}-$NONE").expect("it is good");
        assert_eq!(done.value, "--");
        assert_eq!(done.missing, ["NONE", "OTHER"]);
    }

    #[test]
    fn default_that_is_not_used_is_not_missing() {
        assert!(strict("${SET:-$NONE}").expect("it is good").missing.is_empty());
    }

    #[test]
    fn faults_point_at_the_variable() {
        assert_eq!(refused("a ${SET!} b"), "${SET!}");
        assert_eq!(refused("a ${} b"), "${}");
        assert_eq!(refused("$SET ${SET"), "${SET");
        assert_eq!(refused("a ${NONE:?why} b"), "${NONE:?why}");
        assert_eq!(refused("${SET:-${NONE?}}"), "${NONE?}");
        assert_eq!(refused("${NONE:-a\nb}"), "${NONE:-a");
    }

    #[test]
    fn required_variable_tells_its_reason() {
        let message = strict("${NONE:?set it}").expect_err("it has no value").message;
        assert_eq!(message, "required variable NONE is missing a value: set it");
    }

    #[test]
    fn required_variable_is_unknown_when_reading_leniently() {
        let done = substitute("x${NONE:?why}", &lookup, Required::Unknown).expect("nothing is refused");
        assert_eq!((done.value.as_str(), done.missing.as_slice()), ("x", &["NONE".to_owned()][..]));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = format!("{}x{}", "${A:-".repeat(5000), "}".repeat(5000));
        assert!(strict(&text).is_err());
    }

    #[test]
    fn long_lines_are_read_in_one_pass() {
        let text = "${NONE:-a}".repeat(100_000);
        assert_eq!(strict(&text).expect("it is good").value.len(), 100_000);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_substituted_or_refused_within_it(text in "[$]?[${}A:?+\\- \n\u{e9}]{0,40}") {
            if let Err(fault) = strict(&text) {
                proptest::prop_assert!(text.get(fault.range).is_some());
            }
        }

        #[test]
        fn text_without_a_dollar_stays(text in "[^$]{0,40}") {
            let done = strict(&text).expect("there is nothing to substitute");
            proptest::prop_assert_eq!(done.value, text);
        }
    }
}
