use std::fmt::Write;

use super::NOTE;
use crate::failure::{Failure, Result};
use crate::generate::File;
use crate::shell;
use crate::workspace::Workspace;

/// One page with the help of every command, from the program itself.
pub(super) fn files(workspace: &Workspace) -> Result<Vec<File>> {
    let help = |words: &[&str]| {
        let program = ["run", "--quiet", "--package", "temper", "--"];
        // Neither input nor output is a terminal here, so the width of the one we run in cannot show.
        shell::read(workspace.cargo(&[&program, words, &["--help"]].concat()).env_remove("COLUMNS"))
    };
    let whole = help(&[])?;
    let commands = commands(&whole);
    if commands.is_empty() {
        return Err(Failure::step("`temper --help` lists no commands, so docs/cli.md cannot be written"));
    }
    let mut page = format!("{NOTE}\n# Command line\n\n{}", block(&whole));
    for command in commands {
        // Writing to a string cannot fail.
        let _ = write!(page, "\n## temper {command}\n\n{}", block(&help(&[command])?));
    }
    Ok(vec![File { path: "docs/cli.md".to_owned(), content: page }])
}

/// The names below `Commands:`, without `help`.
fn commands(help: &str) -> Vec<&str> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = below.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

fn block(help: &str) -> String {
    let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    format!("```text\n{}\n```\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{block, commands};

    #[test]
    fn commands_are_read_from_the_help() {
        let help = "About.\n\nCommands:\n  scan  Say what\n        is there\n  init  Write\n  help  Print\n\nOptions:\n  -h\n";
        assert_eq!(commands(help), ["scan", "init"]);
        assert!(commands("About.\n").is_empty());
    }

    #[test]
    fn help_has_no_white_space_at_its_line_ends() {
        assert_eq!(block("a  \n\nb\n\n"), "```text\na\n\nb\n```\n");
    }
}
