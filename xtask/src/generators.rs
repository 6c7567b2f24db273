mod cli;
mod controls;
mod schema;

use crate::generate::Generator;

/// Everything in the repository that is made from the code.
pub(crate) const GENERATORS: &[Generator] = &[
    Generator { owned_folder: Some("docs/controls"), files: controls::files },
    Generator { owned_folder: Some("docs/schema"), files: schema::files },
    Generator { owned_folder: None, files: cli::files },
];

/// The first line of a generated Markdown file, which nobody sees who reads it as a page.
const NOTE: &str = "<!-- Written by `cargo xtask generate`; do not edit. -->";
