//! The `contextrail` command.

use std::process::ExitCode;

use contextrail::cli::Demo;

/// What `contextrail demo` runs.
const DEMO: Option<Demo> = None;

#[tokio::main]
async fn main() -> ExitCode {
    contextrail::cli::run(DEMO).await
}
