//! What has to hold for long: killed again and again on one trail, and what the page on reliability says.

mod judged;
mod kill;
mod page;
mod walk;
mod writer;

/// The workload that the project's figures are defined on: whole contexts of a loan, and their decisions.
#[expect(dead_code, reason = "the benchmark uses the rest")]
#[path = "../../../benches/w1/workload.rs"]
mod workload;
