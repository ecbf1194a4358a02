//! What happens after the decisions: an underwriter overrides one, and loans are paid back or not.

use contextrail::capture::Sink;
use contextrail::record::{DecisionId, EntityRef, InvalidValue, Name, VersionedName};
use contextrail::trail::{Reviewed, Trail, TrailError};

use super::FlowError;
use super::applicant::Applicant;
use super::category::{Category, Creditability};
use super::desk::Case;
use super::rules::{StatementFinding, Verdict, approve_at};

/// A decision that a person overrode.
#[derive(Debug)]
pub(crate) struct Override {
    /// What was decided on.
    pub(crate) application: EntityRef,
    /// What the rules had said.
    pub(crate) was: Verdict,
    /// The decision that took its place.
    pub(crate) new_decision: DecisionId,
}

/// How many loans were paid back, and how many were not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Outcomes {
    /// Paid back.
    pub(crate) repaid: usize,
    /// Not paid back.
    pub(crate) defaulted: usize,
}

/// Has an underwriter approve one application that the rules did not: of those referred for their
/// score the one with the highest, else of those declined; none that the policy leaves to others.
///
/// # Errors
///
/// [`FlowError::Trail`] when the review cannot be recorded.
pub(crate) async fn override_one(
    trail: &Trail,
    cases: &[Case],
) -> Result<Option<Override>, FlowError> {
    let best = |verdict| {
        let open = cases.iter().filter(|case| {
            case.ruling.verdict == verdict
                && case.ruling.score >= LOWEST_SCORE
                && case.ruling.score < approve_at().value
                && case.statement == StatementFinding::Clean
        });
        open.max_by(|a, b| a.ruling.score.total_cmp(&b.ruling.score))
    };
    let Some(case) = best(Verdict::Referred).or_else(|| best(Verdict::Declined)) else {
        return Ok(None);
    };
    let reviewed = review(trail, case).await?;
    Ok(reviewed.new_decision.map(|receipt| Override {
        application: case.application.clone(),
        was: case.ruling.verdict,
        new_decision: receipt.id.into(),
    }))
}

async fn review(trail: &Trail, case: &Case) -> Result<Reviewed, FlowError> {
    let shown = format!("{}\n\n{}", case.context.text(), case.letter);
    let reviewed = trail
        .review(case.decision.id())
        .by(UNDERWRITER)
        .role(Name::new("underwriter")?)
        .policy(overrides_policy()?)
        .reason_code("payslip_verified")
        .shown(trail.clock().now(), shown.as_bytes())
        .override_to(
            Verdict::Approved.outcome(),
            "three payslips show a regular income that the scorecard does not know of",
        );
    Ok(reviewed.await?)
}

fn overrides_policy() -> Result<VersionedName, InvalidValue> {
    "overrides@4".parse()
}

/// Records what became of every loan that was granted, as the data set knows it.
///
/// # Errors
///
/// Those of recording.
pub(crate) async fn record_outcomes(
    trail: &Trail,
    people: &[Applicant],
    cases: &[Case],
    overridden: Option<&Override>,
) -> Result<Outcomes, TrailError> {
    let mut outcomes = Outcomes::default();
    for (applicant, case) in people.iter().zip(cases) {
        let overridden = overridden.filter(|it| it.application == case.application);
        let granting = match (overridden, case.ruling.verdict) {
            (Some(overridden), _) => overridden.new_decision,
            (None, Verdict::Approved) => case.decision.id(),
            (None, Verdict::Declined | Verdict::Referred) => continue,
        };
        trail
            .outcome_of(granting, applicant.creditability.code())
            .value(applicant.credit_amount)
            .note("as the data set has it")
            .commit()
            .await?;
        match applicant.creditability {
            Creditability::Good => outcomes.repaid += 1,
            Creditability::Bad => outcomes.defaulted += 1,
        }
    }
    Ok(outcomes)
}

/// Who overrides.
pub(crate) const UNDERWRITER: &str = "officer_7";
/// Below this the head of lending has to approve.
const LOWEST_SCORE: f64 = 0.40;
