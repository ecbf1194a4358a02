//! The `contextrail` command.

#[path = "../examples/loan_decision/flow.rs"]
mod loan;

use std::process::ExitCode;

use contextrail::Trail;
use contextrail::capture::BoxError;
use contextrail::cli::{DemoOutput, DemoRun};

// A record is made of some hundred small allocations, many of which another thread frees.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// One thread, so that what is started first is appended first: an import keeps the order it read.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    contextrail::cli::run(demo).await
}

/// Records the loan decisions of `count` applicants, and says what it did.
fn demo<'a>(
    trail: &'a Trail,
    count: u32,
    url: Option<&'a str>,
    out: DemoOutput<'a>,
) -> DemoRun<'a> {
    Box::pin(async move {
        let answerer = loan::Answerer::from_environment()?;
        let mut lines = Vec::new();
        let summary = loan::run(trail, usize::try_from(count)?, &answerer, &mut |case| {
            lines.push(case.to_string());
        })
        .await
        .map_err(cause)?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "\n{}", summary.account(url))?;
        Ok(())
    })
}

/// What stopped the run: errors of the library as they are, which the command has exit codes for.
fn cause(error: loan::FlowError) -> BoxError {
    match error {
        loan::FlowError::Capture(error) => error.into(),
        loan::FlowError::Trail(error) => error.into(),
        error => error.into(),
    }
}
