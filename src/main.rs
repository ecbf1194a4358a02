//! The `contextrail` command.

use std::process::ExitCode;

use contextrail::cli::Demo;

/// What `contextrail demo` runs.
const DEMO: Option<Demo> = None;

// One thread, so that what is started first is appended first: an import keeps the order it read.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    contextrail::cli::run(DEMO).await
}
