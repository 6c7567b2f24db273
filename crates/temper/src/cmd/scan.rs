use temper_controls::{Judged, Verdict};
use temper_model::Stack;
use temper_report::{Detail, View};

use super::load::Loaded;
use crate::args::{FailOn, Format, Scan};
use crate::error::{Error, Exit};
use crate::output;

/// `temper scan`.
pub(crate) fn run(args: &Scan) -> Result<Exit, Error> {
    let loaded = Loaded::new(&args.stack)?;
    let judged = loaded.judge(&args.select)?;
    let (root, stack) = (&loaded.root.shown, &loaded.stack);
    let text = in_format(args.format, root, stack, &judged, view(args.quiet, args.verbose));
    output::print(&text)?;
    Ok(exit(stack, &judged, args.fail_on))
}

/// Judgements in one of the formats.
pub(super) fn in_format(format: Format, root: &str, stack: &Stack, judged: &Judged, view: View) -> String {
    match format {
        Format::Human => temper_report::findings(root, stack, judged, view),
        Format::Json => json(root, stack, judged),
        Format::Sarif => temper_report::sarif(stack, judged),
        Format::Junit => temper_report::junit(stack, judged),
    }
}

/// How much is shown, from `--quiet` and `--verbose`.
pub(super) fn view(quiet: bool, verbose: bool) -> View {
    let detail = match (quiet, verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Normal,
    };
    View { detail, width: output::width() }
}

fn json(root: &str, stack: &Stack, judged: &Judged) -> String {
    let document = temper_report::document(root, stack, judged);
    // The document is made of structs, strings and numbers, which always serialise.
    serde_json::to_string_pretty(&document)
        .map_or_else(|error| format!("{{\"error\": \"{error}\"}}\n"), |text| text + "\n")
}

/// A file that could not be read may hide anything, so it weighs more than findings.
pub(super) fn exit(stack: &Stack, judged: &Judged, fail_on: FailOn) -> Exit {
    if temper_report::has_errors(stack) {
        return Exit::BadInput;
    }
    let FailOn::AtLeast(severity) = fail_on else { return Exit::Clean };
    let counts = |verdict: &Verdict| matches!(verdict, Verdict::Fail | Verdict::Unknown { .. });
    let found =
        judged.judgements.iter().any(|found| counts(&found.verdict) && found.control.severity >= severity);
    if found { Exit::Findings } else { Exit::Clean }
}
