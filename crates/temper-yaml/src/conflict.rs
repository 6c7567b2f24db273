use temper_text::Span;

use crate::YamlError;

/// Finds a merge conflict that was committed: the three markers that Git writes, each at the start of a line, in order.
///
/// All three are asked for because a lone `=======` is an ordinary underline. A YAML parser would name the marker only by
/// accident, or take it for a scalar and accept the file.
pub(crate) fn merge_conflict(text: &str) -> Option<YamlError> {
    if !text.contains("<<<<<<< ") {
        return None;
    }
    let mut first = None;
    let mut middle = false;
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let body = line.trim_end_matches(['\n', '\r']);
        if first.is_none() && body.starts_with("<<<<<<< ") {
            first = Some((index + 1, body, Span::new(offset, offset + body.len())));
        } else if first.is_some() && body == "=======" {
            middle = true;
        } else if middle && body.starts_with(">>>>>>> ") {
            let (number, marker, span) = first?;
            let message =
                format!("merge conflict: line {number} is `{marker}`; resolve the conflict, then run again");
            return Some(YamlError::new(message, span));
        }
        offset += line.len();
    }
    None
}
