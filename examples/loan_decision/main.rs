//! Loan decisions over real applications: `cargo run --example loan_decision [URL]`.
//!
//! The letters are written by rules, or by the model of an OpenAI-compatible endpoint when
//! `LOAN_MODEL_URL` and `LOAN_MODEL` (and `LOAN_MODEL_KEY`) are set.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

#[path = "flow.rs"]
mod flow;

use std::error::Error;

use contextrail::trail::Trail;
use flow::Answerer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "sqlite://loan_decision.db".to_owned());
    let answerer = Answerer::from_environment()?;
    let trail = Trail::open(&url).await?;
    let outcome = flow::run(&trail, APPLICANTS, &answerer, &mut |case| {
        println!("{case}");
    })
    .await;
    trail.close().await;
    let summary = outcome.map_err(|error| with_causes(&error))?;
    println!("\n{}", summary.account(Some(&url)));
    Ok(())
}

fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let messages: Vec<String> = causes.map(ToString::to_string).collect();
    messages.join(": ")
}

const APPLICANTS: usize = 20;
