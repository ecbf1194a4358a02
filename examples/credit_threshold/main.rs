//! A risk threshold goes from 0.62 to 0.58, and a feature pipeline has a bug: who was affected?
//! `cargo run --example credit_threshold [URL]`.
//!
//! Plays one month of credit decisions on the 1,000 real applications of `examples/data`, with every version
//! that governs them registered, approved and deployed. Then it answers what an auditor asks, and prints the
//! command that answers each question on the trail it leaves.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

#[path = "story.rs"]
mod story;

use std::error::Error;
use std::sync::Arc;

use contextrail::record::ManualClock;
use contextrail::trail::TrailOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let url = std::env::args().nth(1);
    let url = url.unwrap_or_else(|| "sqlite://credit_threshold.db".to_owned());
    let clock = Arc::new(ManualClock::new(story::BEGIN.parse()?));
    let trail = TrailOptions::new()
        .clock(Arc::clone(&clock) as Arc<_>)
        .open(&url)
        .await?;
    let told = story::tell(&trail, &clock, APPLICATIONS).await;
    let answered = match told {
        Ok(dispute) => story::answers(&trail, &dispute, &url, &mut |line| println!("{line}")).await,
        Err(error) => Err(error),
    };
    trail.close().await;
    let bundle = answered?;
    std::fs::write(BUNDLE, bundle)?;
    println!("\nThe evidence is in {BUNDLE}: contextrail evidence verify {BUNDLE}");
    Ok(())
}

/// All of the data set.
const APPLICATIONS: usize = 1_000;
const BUNDLE: &str = "credit_threshold-dispute.zip";
