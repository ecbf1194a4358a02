//! What another threshold would have come to.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::error::QueryError;
use crate::record::{ArtifactKind, ArtifactRef, DecisionId, EntityRef, Name, Objective, Timestamp};
use crate::trail::{Registered, Registry, Trail, governing};

/// What a change of an operating threshold touches.
#[derive(Clone, Debug, Serialize)]
pub struct ThresholdImpact {
    /// `contextrail.threshold_impact/1`
    pub schema: &'static str,
    /// The version before.
    pub from: ArtifactRef,
    /// The version after.
    pub to: ArtifactRef,
    /// The parameter: `approve_at`.
    pub parameter: String,
    /// Its value before.
    pub before: f64,
    /// Its value after.
    pub after: f64,
    /// How many decisions were made under the version before.
    pub decided_before: u64,
    /// How many under the version after.
    pub decided_after: u64,
    /// How many of these have no `output.score`, so that nobody knows.
    pub without_score: u64,
    /// Those whose outcome would be another under the other threshold, newest first.
    pub would_differ: Vec<ChangedDecision>,
}

/// A decision that would come out differently.
#[derive(Clone, Debug, Serialize)]
pub struct ChangedDecision {
    /// The decision.
    pub id: DecisionId,
    /// What it was on.
    pub subject: EntityRef,
    /// What it came to.
    pub outcome: Name,
    /// When.
    pub decided_at: Timestamp,
    /// The version that it was made under.
    pub under: ArtifactRef,
    /// Its score.
    pub score: f64,
    /// Whether it reaches the threshold of the version that it was made under.
    pub reached: bool,
    /// Whether it reaches the other.
    pub would_reach: bool,
}

/// The decisions made under two versions of an objective, and those whose score lies between the two
/// thresholds. Of several parameters that differ, the one is meant that the decisions name as their
/// threshold, else the first.
///
/// # Errors
///
/// [`QueryError::WrongKind`] for what is no objective, [`QueryError::SameThreshold`] when no parameter
/// differs, and those of reading.
pub async fn impact_of_change(
    trail: &Trail,
    registry: &Registry,
    from: &ArtifactRef,
    to: &ArtifactRef,
) -> Result<ThresholdImpact, QueryError> {
    let before = objective(registry.expect(from)?)?;
    let after = objective(registry.expect(to)?)?;
    let differing = before.parameters.iter().filter_map(|(name, old)| {
        let new = after.parameters.get(name)?;
        ((old - new).abs() > 0.0).then_some((name.clone(), *old, *new))
    });
    let differing: Vec<(String, f64, f64)> = differing.collect();
    let mut made = Vec::new();
    let versions = BTreeSet::from([from.clone(), to.clone()]);
    let places = trail.governed_places(registry, &versions, None).await?;
    let places: Vec<u64> = places.into_iter().rev().collect();
    for page in places.chunks(PAGE) {
        for stored in trail.read_places(page).await? {
            let Some(decision) = stored.decision() else {
                continue;
            };
            let named = governing(decision);
            let under = [from, to].into_iter().find(|it| named.contains(it));
            if let Some(under) = under {
                made.push(Made {
                    id: stored.id().into(),
                    subject: decision.subject.clone(),
                    outcome: decision.outcome.clone(),
                    decided_at: decision.decided_at,
                    under: under.clone(),
                    score: decision.output.get("score").and_then(Value::as_f64),
                    held_against: decision.threshold.as_ref().map(|it| it.name.to_string()),
                });
            }
        }
    }
    let named = |parameter: &str| {
        let mut made = made.iter();
        made.any(|it| it.held_against.as_deref() == Some(parameter))
    };
    let chosen = differing
        .iter()
        .find(|(name, ..)| named(name))
        .or(differing.first());
    let Some((parameter, old, new)) = chosen.cloned() else {
        return Err(QueryError::SameThreshold {
            from: from.to_string(),
            to: to.to_string(),
        });
    };
    let mut impact = ThresholdImpact {
        schema: "contextrail.threshold_impact/1",
        from: from.clone(),
        to: to.clone(),
        parameter,
        before: old,
        after: new,
        decided_before: 0,
        decided_after: 0,
        without_score: 0,
        would_differ: Vec::new(),
    };
    for it in made {
        let is_before = it.under == *from;
        impact.decided_before += u64::from(is_before);
        impact.decided_after += u64::from(!is_before);
        let Some(score) = it.score else {
            impact.without_score += 1;
            continue;
        };
        let (own, other) = if is_before { (old, new) } else { (new, old) };
        let (reached, would_reach) = (score >= own, score >= other);
        if reached != would_reach {
            impact.would_differ.push(ChangedDecision {
                id: it.id,
                subject: it.subject,
                outcome: it.outcome,
                decided_at: it.decided_at,
                under: it.under,
                score,
                reached,
                would_reach,
            });
        }
    }
    Ok(impact)
}

/// A decision made under one of the two versions.
struct Made {
    id: DecisionId,
    subject: EntityRef,
    outcome: Name,
    decided_at: Timestamp,
    under: ArtifactRef,
    score: Option<f64>,
    /// The name of the threshold that it was held against.
    held_against: Option<String>,
}

fn objective(version: &Registered) -> Result<Objective, QueryError> {
    let reference = version.id().to_string();
    if version.artifact.kind != ArtifactKind::Objective {
        return Err(QueryError::WrongKind {
            reference,
            expected: "objective",
        });
    }
    let content = version.artifact.content.clone().unwrap_or_default();
    serde_json::from_value(content).map_err(|error| QueryError::Content {
        reference,
        what: error.to_string(),
    })
}

const PAGE: usize = 256;
