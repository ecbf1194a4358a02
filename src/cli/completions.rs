//! `contextrail completions SHELL`.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::args::Arguments;
use super::exit::{Exit, Failure};
use super::session::Session;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "contextrail", &mut script);
    let mut out = Session::stdout();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  contextrail completions bash > ~/.local/share/bash-completion/completions/contextrail
  contextrail completions zsh > ~/.zfunc/_contextrail";
