//! The recorded flow of loan decisions, for the example and for `contextrail demo`.
//!
//! Both mount this file by its path, so the modules below are found beside it.

mod account;
mod affordability;
mod applicant;
mod category;
mod decision;
mod desk;
mod features;
mod followup;
mod guardrails;
mod index;
mod letter;
mod model;
mod policy;
mod prompt;
mod rules;
mod scorecard;
mod statement;

use contextrail::capture::{CaptureError, Sink};
use contextrail::record::{InvalidValue, Item, Verdict};
use contextrail::trail::{Trail, TrailError};

use applicant::{ApplicantError, applicants};
use desk::Desk;
use features::FeatureTable;
use followup::{Outcomes, Override};
use guardrails::Guards;
use index::{IndexError, PolicyIndex};
use model::AnswerError;

pub(crate) use desk::Case;
pub(crate) use model::Answerer;

/// Decides the applications of the first `count` applicants, and records every one: a sealed
/// context, the model's letter and the decision; then one override and what became of the loans.
///
/// `report` hears of each case as soon as it is decided. Every call makes new records, so the
/// applicants of a trail that was used before gain history.
///
/// # Errors
///
/// [`FlowError::Count`] for none or more applicants than there are, else what failed; what was
/// recorded before stays.
pub(crate) async fn run(
    trail: &Trail,
    count: usize,
    answerer: &Answerer,
    report: &mut (dyn FnMut(&Case) + Send),
) -> Result<Summary, FlowError> {
    let people = applicants()?;
    let known = people.len();
    let people = match people.get(..count) {
        Some(people) if count > 0 => people,
        _ => return Err(FlowError::Count { count, known }),
    };
    let desk = Desk {
        trail,
        answerer,
        table: FeatureTable::at(trail.clock().now(), people),
        index: PolicyIndex::open().await?,
        guards: Guards::in_force(),
    };
    let mut cases = Vec::with_capacity(count);
    for applicant in people {
        let case = desk.decide(applicant).await?;
        report(&case);
        cases.push(case);
    }
    let overridden = followup::override_one(trail, &cases).await?;
    let outcomes = followup::record_outcomes(trail, people, &cases, overridden.as_ref()).await?;
    Ok(Summary {
        cases,
        overridden,
        outcomes,
    })
}

/// What a run did.
#[derive(Debug)]
pub(crate) struct Summary {
    cases: Vec<Case>,
    overridden: Option<Override>,
    outcomes: Outcomes,
}

/// What a budget did to the items of a context.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Cuts {
    included: usize,
    truncated: usize,
    dropped: usize,
}

impl Cuts {
    fn of(items: &[Item]) -> Self {
        let count = |verdict| items.iter().filter(|item| item.verdict == verdict).count();
        Self {
            included: count(Verdict::Included),
            truncated: count(Verdict::Truncated),
            dropped: count(Verdict::Dropped),
        }
    }
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowError {
    /// There are not that many applicants.
    #[error("{count} applicants were asked for: give a number from 1 to {known}")]
    Count {
        /// How many were asked for.
        count: usize,
        /// How many there are.
        known: usize,
    },
    /// The applicants built into the program cannot be read.
    #[error(transparent)]
    Applicants(#[from] ApplicantError),
    /// The policy index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A context could not be captured or recorded.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The model did not answer.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The trail could not be written.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// A model answered with a name that no record can hold.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
}

#[cfg(test)]
mod tests;
