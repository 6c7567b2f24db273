use temper_model::DiskTree;
use temper_model::compose::{self, Selection};
use temper_text::SourceMap;

use crate::args::Config;
use crate::error::{Error, Exit};
use crate::output;
use crate::root::Root;

/// `temper config`: accepts and refuses what Docker Compose accepts and refuses.
pub(crate) fn run(args: &Config) -> Result<Exit, Error> {
    let root = Root::of(&args.stack)?;
    let tree = DiskTree::new(&root.path);
    let mut sources = SourceMap::new();
    let selection = Selection {
        files: root.files,
        profiles: args.stack.profiles.clone(),
        env_files: root.env_files,
        project_name: args.stack.project_name.clone(),
        project_directory: None,
        // `docker compose config` takes variables from the shell, so this does too; a scan does not.
        environment: shell_variables(),
    };
    match compose::config(&tree, &mut sources, &selection) {
        Ok(model) => {
            output::print(&format!("{model:#}\n"))?;
            Ok(Exit::Clean)
        }
        Err(problems) => {
            for problem in &problems {
                output::error(&temper_report::problem_line(&sources, problem));
            }
            Ok(Exit::BadInput)
        }
    }
}

/// Variables that are not UTF-8 cannot stand in a Compose file either.
pub(super) fn shell_variables() -> indexmap::IndexMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}
