use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use temper_controls::Severity;

const AFTER_HELP: &str = "\
Examples:
  temper scan                  what is not hardened in the stack of this directory
  temper plan                  the change that hardens it; nothing is written
  temper apply                 write that change
  temper verify                prove on the running containers that every control holds
  temper explain non-root-user what a control means, and why

Exit status: 0 proven clean or done, 1 findings, 2 bad input or usage, 3 no container engine.";

const SCAN_HELP: &str = "\
Examples:
  temper scan -q                                    one line a service
  temper scan --only non-root-user --service api -v one control on one service, with evidence
  temper scan -f compose.yml -f compose.prod.yml    these files, as `docker compose` merges them
  temper scan --format sarif > temper.sarif         for code scanning

Exit status: 0 proven clean, 1 findings at or above --fail-on, 2 something could not be read.";

const PLAN_HELP: &str = "\
Examples:
  temper plan                               steps, reasons and the diff
  temper plan --format diff | git apply     write it with other tools
  temper plan --safe-only --service api     only what cannot break it, for one service

Exit status: 0 planned, 2 something could not be read.";

const APPLY_HELP: &str = "\
Examples:
  temper apply --dry-run                    everything but writing
  temper apply --skip published-ports       all but one control
  temper apply --in-place                   edit the Compose files instead of writing an overlay

Exit status: 0 written, or nothing to change; 2 something could not be read or written.";

const VERIFY_HELP: &str = "\
Examples:
  temper verify                             every container of the stack, with real attempts
  temper verify --service api -v            one service, with evidence
  temper verify --format junit > out.xml    for continuous integration

Exit status: 0 all is proven, 1 something does not hold or cannot be told, 2 something could not be read,
3 no container engine answers.";

const ROLLBACK_HELP: &str = "\
Examples:
  temper rollback                           undo a rollout that was interrupted, or return to the latest snapshot
  temper rollback --list                    which snapshots there are; nothing is changed
  temper rollback --to 2                    return to snapshot 2

Exit status: 0 everything is proven to be as it was, 1 something is not, 2 bad input, or there is no snapshot,
3 the engine is needed and not there.";

const DEPLOY_HELP: &str = "\
Examples:
  temper deploy                              plan, try on clones, write, replace wave by wave, prove
  temper deploy --service api --canary api   one service
  temper deploy --resume                     go on after the tool or the engine was killed
  temper deploy --history                    what was rolled out, and when

Exit status: 0 rolled out and proven, 1 a fix was refused or a proof failed, 2 bad input or a precondition does not hold,
3 the engine is needed and not there, 4 rolled back.";

const CONFIG_HELP: &str = "\
Examples:
  temper config                             the files that `docker compose` would pick
  temper config -f a.yml -f b.yml           these files, merged

Exit status: 0 accepted, 2 refused as `docker compose config` refuses it.";

/// Harden a container stack, and prove that it still works.
///
/// temper reads Compose files and Dockerfiles, says what is not hardened, and writes the hardening as a change
/// that you can review. It needs no container engine for that.
#[derive(Debug, Parser)]
#[command(
    name = "temper",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = AFTER_HELP,
)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what is not hardened.
    Scan(Scan),
    /// Show the hardening as a diff; nothing is written.
    Plan(Plan),
    /// Write the hardening.
    Apply(Apply),
    /// Prove on the running containers that every control holds.
    Verify(Verify),
    /// Roll the hardening out on the running stack, service by service, with proof and a way back.
    Deploy(Deploy),
    /// Return to the stack as it was before a rollout, and check that it works.
    Rollback(Rollback),
    /// Print the merged Compose model as JSON, as `docker compose config --format json` does.
    Config(Config),
    /// Explain a control: what it flags, why it matters, how it is fixed.
    Explain(Explain),
    /// Write a commented `temper.toml`.
    Init(Init),
    /// Print the JSON schema of `scan --format json`.
    Schema,
    /// Print shell completions.
    Completions(Completions),
    /// Print the manual page.
    Man,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Which stack, selected as Compose does.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct StackArgs {
    /// The root of the stack (a directory), or one Compose file.
    #[arg(default_value = ".", value_hint = clap::ValueHint::AnyPath)]
    pub(crate) path: PathBuf,

    /// Compose file; may be repeated, later files are merged over earlier ones. Without it, files are discovered.
    #[arg(short = 'f', long = "file", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,

    /// Enable a Compose profile; may be repeated. All services are scanned; profiles decide the memory budget.
    #[arg(long = "profile", value_name = "NAME")]
    pub(crate) profiles: Vec<String>,

    /// Env file for variables in Compose files, instead of `.env`; may be repeated.
    #[arg(long = "env-file", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) env_files: Vec<PathBuf>,

    /// Compose project name.
    #[arg(short = 'p', long = "project-name", value_name = "NAME")]
    pub(crate) project_name: Option<String>,
}

/// Which controls and services.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SelectArgs {
    /// Only these controls, separated by commas.
    #[arg(long, value_name = "CONTROL", value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// All but these controls, separated by commas.
    #[arg(long, value_name = "CONTROL", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,

    /// Only these services, separated by commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) service: Vec<String>,
}

/// `temper scan`.
#[derive(Debug, clap::Args)]
#[command(after_help = SCAN_HELP)]
pub(crate) struct Scan {
    /// Which stack.
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    /// Which controls and services.
    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// The form of the output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,

    /// Exit with 1 when a failed or unknown verdict is at least this severe; `never` to exit with 0.
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = FailOn::parse)]
    pub(crate) fail_on: FailOn,

    /// Only the summary, one line a service.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Every finding with its source excerpt, evidence and fix.
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// Which findings make the exit status 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailOn {
    /// Those at least this severe.
    AtLeast(Severity),
    /// None.
    Never,
}

impl FailOn {
    fn parse(word: &str) -> Result<Self, String> {
        if word == "never" { Ok(Self::Never) } else { word.parse().map(Self::AtLeast) }
    }
}

/// Forms of the output of `scan` and `verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs; `temper schema` prints its schema.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// `JUnit` XML, for continuous integration.
    Junit,
}

/// What is to be changed.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ChangeArgs {
    /// Edit the Compose files themselves instead of writing an overlay beside them.
    #[arg(long)]
    pub(crate) in_place: bool,

    /// Only fixes that are safe by construction or proven; leave out those that still need proof.
    #[arg(long)]
    pub(crate) safe_only: bool,

    /// Leave Dockerfiles as they are.
    #[arg(long)]
    pub(crate) no_dockerfiles: bool,
}

/// `temper plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = PLAN_HELP)]
pub(crate) struct Plan {
    /// Which stack.
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    /// Which controls and services.
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    /// What is to be changed.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,

    /// The form of the output.
    #[arg(long, value_enum, default_value_t = PlanFormat::Human)]
    pub(crate) format: PlanFormat,
}

/// Forms of the output of `plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// What is done for each service and why, then the diff.
    Human,
    /// Only the diff, as `git apply` reads it.
    Diff,
    /// For programs.
    Json,
}

/// `temper apply`.
#[derive(Debug, clap::Args)]
#[command(after_help = APPLY_HELP)]
pub(crate) struct Apply {
    /// Which stack.
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    /// Which controls and services.
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    /// What is to be changed.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,

    /// Do everything but write.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `temper verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = VERIFY_HELP)]
pub(crate) struct Verify {
    /// Which stack.
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    /// Which controls and services.
    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// The form of the output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,

    /// Only the summary, one line a container.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Every finding with its source excerpt and evidence.
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// `temper rollback`.
#[derive(Debug, clap::Args)]
#[command(after_help = ROLLBACK_HELP)]
pub(crate) struct Rollback {
    /// The root of the stack.
    #[arg(default_value = ".", value_hint = clap::ValueHint::DirPath)]
    pub(crate) path: PathBuf,

    /// The snapshot to return to. Without it: that of the rollout that was interrupted, else the latest.
    #[arg(long, value_name = "SNAPSHOT")]
    pub(crate) to: Option<i64>,

    /// Show the snapshots and what was rolled out since; nothing is changed.
    #[arg(long, conflicts_with = "to")]
    pub(crate) list: bool,

    /// Seconds to wait until containers that were healthy are healthy again.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) timeout: u64,

    /// The form of the output.
    #[arg(long, value_enum, default_value_t = RecordFormat::Human)]
    pub(crate) format: RecordFormat,
}

/// Forms of what is said of snapshots and runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordFormat {
    /// For people.
    Human,
    /// For programs: one JSON document.
    Json,
}

/// `temper deploy`.
#[derive(Debug, clap::Args)]
#[command(after_help = DEPLOY_HELP)]
pub(crate) struct Deploy {
    /// Which stack.
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    /// Which controls and services.
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    /// What is to be changed.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,

    /// The service to begin with. Without it: one without data, with few dependants and a health check.
    #[arg(long, value_name = "SERVICE")]
    pub(crate) canary: Option<String>,

    /// Services that are replaced together at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 4)]
    pub(crate) wave_size: usize,

    /// Seconds to wait between waves.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) pause: u64,

    /// Services of which no clone is started, because two of them at work would do harm; separated by commas.
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    pub(crate) no_clone: Vec<String>,

    /// Allow directories of the host outside the stack to change their owner.
    #[arg(long)]
    pub(crate) yes: bool,

    /// Go on with a rollout that was interrupted: take back what was under way, then carry on.
    #[arg(long, conflicts_with = "history")]
    pub(crate) resume: bool,

    /// Show what was rolled out, and when; nothing is changed.
    #[arg(long)]
    pub(crate) history: bool,

    /// The form of the output.
    #[arg(long, value_enum, default_value_t = DeployFormat::Human)]
    pub(crate) format: DeployFormat,
}

/// Forms of the output of `deploy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeployFormat {
    /// For people: a line a service.
    Human,
    /// For programs: one JSON object a line, while it happens.
    Json,
}

/// `temper config`.
#[derive(Debug, clap::Args)]
#[command(after_help = CONFIG_HELP)]
pub(crate) struct Config {
    /// Which stack.
    #[command(flatten)]
    pub(crate) stack: StackArgs,
}

/// `temper explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The control; without one, all are listed.
    pub(crate) control: Option<String>,
}

/// `temper init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The root of the stack.
    #[arg(default_value = ".", value_hint = clap::ValueHint::DirPath)]
    pub(crate) path: PathBuf,
}

/// `temper completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
