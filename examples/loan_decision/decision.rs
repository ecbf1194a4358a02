//! The decision as it is recorded: the ruling, what governs it, and what was measured.

use std::time::Duration;

use contextrail::record::{
    Automation, CheckFinding, CheckResult, Comparison, InvalidValue, Name, Retention, RiskTier,
};
use contextrail::trail::DecisionBuilder;
use serde_json::json;

use super::applicant::Applicant;
use super::desk::{Desk, RETENTION_CLASS, RETENTION_POLICY, SERVICE, USE_CASE};
use super::letter::Letter;
use super::rules::{Ruling, Verdict, approve_at};

/// Begins the decision on an application by `ruling`, made within `latency`.
///
/// # Errors
///
/// [`InvalidValue`] for a name that is none.
pub(crate) fn begin(
    desk: &Desk<'_>,
    applicant: &Applicant,
    ruling: &Ruling,
    letter: &Letter,
    latency: Duration,
) -> Result<DecisionBuilder, InvalidValue> {
    let (application, threshold) = (applicant.application(), approve_at());
    let action = if letter.may_be_sent() {
        ruling.verdict.action()
    } else {
        "write_letter_by_hand"
    };
    let latency_ms = millis(latency);
    let decision = desk
        .trail
        .decide(application.kind.as_str(), &application.id)
        .outcome(ruling.verdict.outcome())
        .action(action)
        .output("score", ruling.score)
        .threshold(threshold.name.as_str(), threshold.value)
        .decided_by_system(SERVICE)
        .automation(automation(ruling.verdict))
        .risk_tier(RiskTier::High)
        .use_case(USE_CASE)
        .retention(Retention {
            class: Name::new(RETENTION_CLASS)?,
            policy: Some(RETENTION_POLICY.parse()?),
        })
        .check(latency_check(latency_ms)?)
        .kpi("latency_ms", latency_ms);
    Ok(explained(governed(decision), ruling))
}

fn governed(decision: DecisionBuilder) -> DecisionBuilder {
    decision
        .governed_by("model", "loan_scorecard@1.4.0")
        .governed_by("policy", "overrides@4")
        .governed_by("feature_set", "loan_features@2025.09")
}

fn explained(mut decision: DecisionBuilder, ruling: &Ruling) -> DecisionBuilder {
    for reason in &ruling.reasons {
        decision = decision.reason(reason.clone());
    }
    for signal in &ruling.rationale {
        decision = decision.rationale(signal.clone());
    }
    decision
}

const fn automation(verdict: Verdict) -> Automation {
    match verdict {
        Verdict::Approved | Verdict::Declined => Automation::SolelyAutomated,
        Verdict::Referred => Automation::Assisted,
    }
}

fn latency_check(latency_ms: f64) -> Result<CheckResult, InvalidValue> {
    Ok(CheckResult {
        constraint: Name::new("max_latency")?,
        metric: Name::new("latency_ms")?,
        value: Some(latency_ms),
        comparison: Comparison::AtMost,
        threshold: Some(json!(MOST_LATENCY_MS)),
        result: if latency_ms <= MOST_LATENCY_MS {
            CheckFinding::Pass
        } else {
            CheckFinding::Fail
        },
    })
}

/// Milliseconds, to the microsecond.
fn millis(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

const MOST_LATENCY_MS: f64 = 120_000.0;
