//! The command line as a whole; every verb has its own arguments beside its code.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::output::OutputFormat;
use super::{
    access, archive, artifact, backup, check, completions, config, context, copy, decision, demo,
    deploy, entity, evidence, freeze, hold, impact, import, key, kpi, lineage, log, migrate,
    outcome, privacy, rebuild, restore, retention, review, serve, subject, token, used, verify,
};

/// Answers, with proof, what an AI knew when it made a decision.
#[derive(Debug, Parser)]
#[command(
    name = "contextrail",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    after_help = EXAMPLES
)]
pub(super) struct Arguments {
    /// The trail: sqlite://PATH, postgres://USER@HOST/DATABASE, or https://HOST behind a server
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CONTEXTRAIL_TRAIL",
        default_value = DEFAULT_TRAIL,
        help_heading = GLOBAL
    )]
    pub(super) trail: String,
    /// The folder of the keys and signed heads of a trail on PostgreSQL
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "CONTEXTRAIL_STATE",
        help_heading = GLOBAL
    )]
    pub(super) state: Option<PathBuf>,
    /// The witnesses and timestamp authorities of the trail; TRAIL.attesters beside it when there is one
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CONTEXTRAIL_ATTESTERS",
        help_heading = GLOBAL
    )]
    pub(super) attesters: Option<PathBuf>,
    /// The file with the token for a server; else the token is that in CONTEXTRAIL_TOKEN
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CONTEXTRAIL_TOKEN_FILE",
        help_heading = GLOBAL
    )]
    pub(super) token_file: Option<PathBuf>,
    /// What a server is asked for personal values for; it is on record there
    #[arg(
        long,
        global = true,
        value_name = "TEXT",
        env = "CONTEXTRAIL_PURPOSE",
        help_heading = GLOBAL
    )]
    pub(super) purpose: Option<String>,
    /// Certificates of authorities to trust a server by, in PEM, besides those of the system
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CONTEXTRAIL_SERVER_ROOTS",
        help_heading = GLOBAL
    )]
    pub(super) server_roots: Option<PathBuf>,
    /// How data is written: a table on a terminal, else jsonl; json for export and assemble; text and proofs as they are
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum, help_heading = GLOBAL)]
    pub(super) output: Option<OutputFormat>,
    /// Say nothing but errors on standard error
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(super) quiet: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Record real loan decisions and show what became of them
    Demo(demo::Args),
    /// Assemble, find, read, compare and export contexts
    #[command(subcommand, arg_required_else_help = true)]
    Context(context::Verb),
    /// Record, find, read and export decisions
    #[command(subcommand, arg_required_else_help = true)]
    Decision(decision::Verb),
    /// Record a person's verdict on a decision
    #[command(subcommand, arg_required_else_help = true)]
    Review(review::Verb),
    /// Record what happened after a decision
    #[command(subcommand, arg_required_else_help = true)]
    Outcome(outcome::Verb),
    /// Everything about an entity in the order of time
    #[command(subcommand, arg_required_else_help = true)]
    Entity(entity::Verb),
    /// Erase what is known of a person, and look for what is left
    #[command(subcommand, arg_required_else_help = true)]
    Subject(subject::Verb),
    /// The contexts and decisions that used something
    Used(used::Args),
    /// Place, list and release legal holds
    #[command(subcommand, arg_required_else_help = true)]
    Hold(hold::Verb),
    /// Say how long records are kept, and what is due
    #[command(subcommand, arg_required_else_help = true)]
    Retention(retention::Verb),
    /// Move values that are no longer hot to write-once segments, and verify these
    #[command(subcommand, arg_required_else_help = true)]
    Archive(archive::Verb),
    /// Register, approve, compare and retire governed versions: models, objectives, policies
    #[command(subcommand, arg_required_else_help = true)]
    Artifact(artifact::Verb),
    /// Record and show what runs where
    #[command(subcommand, arg_required_else_help = true)]
    Deploy(deploy::Verb),
    /// Record, report and compare measured values
    #[command(subcommand, arg_required_else_help = true)]
    Kpi(kpi::Verb),
    /// Check an objective, a model or the trail, for pipelines: exit code 8 when it fails
    #[command(subcommand, arg_required_else_help = true)]
    Check(check::Verb),
    /// Freeze, so that no check passes, and lift it
    #[command(subcommand, arg_required_else_help = true)]
    Freeze(freeze::Verb),
    /// What something comes from, and what comes of it
    #[command(subcommand, arg_required_else_help = true)]
    Lineage(lineage::Verb),
    /// Which versions and decisions a version touches
    #[command(arg_required_else_help = true)]
    Impact(impact::Args),
    /// Take in records that were exported elsewhere, as they are
    Import(import::Args),
    /// Pack, check and show files that prove decisions to a stranger
    #[command(subcommand, arg_required_else_help = true)]
    Evidence(evidence::Verb),
    /// Prove what the log holds; sign, check and continue it
    #[command(subcommand, arg_required_else_help = true)]
    Log(log::Verb),
    /// Show, replace and destroy the keys that personal values are encrypted under
    #[command(subcommand, arg_required_else_help = true)]
    Key(key::Verb),
    /// Give back what was taken out of records
    #[command(subcommand, arg_required_else_help = true)]
    Privacy(privacy::Verb),
    /// Serve the trail over HTTP
    Serve(serve::Args),
    /// Check what a server is run with
    #[command(subcommand, arg_required_else_help = true)]
    Config(config::Verb),
    /// Grant, list and revoke tokens for the server
    #[command(subcommand, arg_required_else_help = true)]
    Token(token::Verb),
    /// Say who looked at what through the server
    #[command(subcommand, arg_required_else_help = true)]
    Access(access::Verb),
    /// Hash everything again and name whatever is wrong
    Verify(verify::Args),
    /// Move the trail to another database, as it is
    Copy(copy::Args),
    /// Write the trail as of now to a file, while it is written to
    Backup(backup::Args),
    /// Put a backup in the place of the trail, and say what is lost
    Restore(restore::Args),
    /// Make the lookup tables anew from the records
    #[command(after_help = rebuild::EXAMPLES)]
    Rebuild,
    /// Make a trail on PostgreSQL, or bring its schema up to date
    #[command(after_help = migrate::EXAMPLES)]
    Migrate,
    /// Say how the trail is, what is wrong and what to do
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor,
    /// Print a completion script for a shell
    Completions(completions::Args),
}

const GLOBAL: &str = "Global options";

const EXAMPLES: &str = "\
Examples:
  contextrail demo
  contextrail context list --entity applicant:user_456
  contextrail context show 01948c9a-2b3e-7d4f-8e5a
  contextrail decision show loan_application:12345 -o json

Exit codes: 0 done, 1 unexpected, 2 usage or unreadable input, 3 not found, 4 verification
failed, 5 not allowed, 6 storage, 7 evidence is incomplete, 8 refused by policy";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  contextrail doctor
  contextrail --trail sqlite:///var/lib/contextrail/loans.db doctor -o json";

/// The trail that commands take when none is named.
pub(super) const DEFAULT_TRAIL: &str = "sqlite://contextrail.db";

impl Command {
    /// The name of a command that works on the trail itself, and not through a server.
    pub(super) const fn at_trail(&self) -> Option<&'static str> {
        Some(match self {
            Self::Context(_)
            | Self::Decision(_)
            | Self::Review(_)
            | Self::Outcome(_)
            | Self::Entity(_)
            | Self::Used(_)
            | Self::Evidence(_)
            | Self::Completions(_) => return None,
            Self::Demo(_) => "demo",
            Self::Subject(_) => "subject",
            Self::Hold(_) => "hold",
            Self::Retention(_) => "retention",
            Self::Archive(_) => "archive",
            Self::Artifact(_) => "artifact",
            Self::Deploy(_) => "deploy",
            Self::Kpi(_) => "kpi",
            Self::Check(_) => "check",
            Self::Freeze(_) => "freeze",
            Self::Lineage(_) => "lineage",
            Self::Impact(_) => "impact",
            Self::Import(_) => "import",
            Self::Log(_) => "log",
            Self::Key(_) => "key",
            Self::Privacy(_) => "privacy",
            Self::Serve(_) => "serve",
            Self::Config(_) => "config",
            Self::Token(_) => "token",
            Self::Access(_) => "access",
            Self::Verify(_) => "verify",
            Self::Copy(_) => "copy",
            Self::Backup(_) => "backup",
            Self::Restore(_) => "restore",
            Self::Rebuild => "rebuild",
            Self::Migrate => "migrate",
            Self::Doctor => "doctor",
        })
    }
}
