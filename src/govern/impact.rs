//! What a version touches: the versions made with it, and the decisions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::error::QueryError;
use super::lineage::{linking, using};
use super::measured::{own_slices, slices_of_decisions};
use crate::record::{
    ArtifactKind, ArtifactRef, ContextId, Decision, DecisionId, EntityRef, Kind, Name, RecordId,
    Timestamp,
};
use crate::trail::{Registry, Trail, governing};

/// What a version touches.
#[derive(Clone, Debug, Serialize)]
pub struct Impact {
    /// `contextrail.impact/1`
    pub schema: &'static str,
    /// The version.
    #[serde(rename = "ref")]
    pub reference: ArtifactRef,
    /// The earliest time asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The versions that were made with it or use it, over as many steps as there are.
    pub versions: Vec<ArtifactRef>,
    /// How many decisions were made with it or with these.
    pub count: u64,
    /// The same, part by part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<ImpactGroup>,
    /// The decisions that are listed, newest first.
    pub decisions: Vec<Affected>,
}

/// How many decisions of one part.
#[derive(Clone, Debug, Serialize)]
pub struct ImpactGroup {
    /// The part.
    pub value: String,
    /// How many.
    pub count: u64,
}

/// A decision that was made with it.
#[derive(Clone, Debug, Serialize)]
pub struct Affected {
    /// The decision.
    pub id: DecisionId,
    /// What it was on.
    pub subject: EntityRef,
    /// What it came to.
    pub outcome: Name,
    /// When.
    pub decided_at: Timestamp,
    /// The versions touched that it was made with.
    pub with: Vec<ArtifactRef>,
    /// The contexts that it rests on: what to go through again.
    pub contexts: Vec<ContextId>,
}

/// What is asked of an impact.
#[derive(Clone, Debug)]
pub struct ImpactOptions {
    /// Only decisions made from then on.
    pub since: Option<Timestamp>,
    /// By what to count them: all of them are read for it.
    pub by: Option<Name>,
    /// How many decisions to list, the newest ones.
    pub limit: usize,
}

impl Default for ImpactOptions {
    fn default() -> Self {
        Self {
            since: None,
            by: None,
            limit: usize::MAX,
        }
    }
}

/// What `reference` touches: the decisions that it, or a version made with it, governs, or whose contexts
/// used it. They are counted without being read; read are those that are listed, and all of them where
/// they are counted by something.
///
/// # Errors
///
/// Those of reading.
pub async fn impact(
    trail: &Trail,
    registry: &Registry,
    reference: &ArtifactRef,
    options: &ImpactOptions,
) -> Result<Impact, QueryError> {
    let touched = touched(registry, reference);
    let mut places = trail
        .governed_places(registry, &touched, options.since)
        .await?;
    for version in touched.iter().filter(|it| is_used_by_contexts(it)) {
        places.extend(resting_on(trail, version, options.since).await?);
    }
    let places: Vec<u64> = places.into_iter().rev().collect();
    let slices = match options.by {
        Some(_) => slices_of_decisions(trail).await?,
        None => HashMap::new(),
    };
    let read = match options.by {
        Some(_) => places.len(),
        None => options.limit.min(places.len()),
    };
    let mut groups: BTreeMap<String, u64> = BTreeMap::new();
    let mut decisions = Vec::new();
    for page in places.get(..read).unwrap_or_default().chunks(PAGE) {
        for stored in trail.read_places(page).await? {
            let Some(decision) = stored.decision() else {
                continue;
            };
            if let Some(by) = &options.by {
                let own = own_slices(decision, slices.get(&stored.id().into()));
                let part = own.get(by.as_str()).cloned();
                *groups
                    .entry(part.unwrap_or_else(|| "-".to_owned()))
                    .or_default() += 1;
            }
            if decisions.len() < options.limit {
                decisions.push(affected(stored.id(), decision, &touched));
            }
        }
    }
    let versions = touched.into_iter().filter(|it| it != reference).collect();
    Ok(Impact {
        schema: "contextrail.impact/1",
        reference: reference.clone(),
        since: options.since,
        versions,
        count: u64::try_from(places.len()).unwrap_or(u64::MAX),
        groups: groups
            .into_iter()
            .map(|(value, count)| ImpactGroup { value, count })
            .collect(),
        decisions,
    })
}

fn affected(id: RecordId, decision: &Decision, touched: &BTreeSet<ArtifactRef>) -> Affected {
    let with = governing(decision).into_iter();
    Affected {
        id: id.into(),
        subject: decision.subject.clone(),
        outcome: decision.outcome.clone(),
        decided_at: decision.decided_at,
        with: with.filter(|it| touched.contains(it)).collect(),
        contexts: decision.contexts.clone(),
    }
}

/// Whether contexts say that they used versions of this kind.
const fn is_used_by_contexts(version: &ArtifactRef) -> bool {
    matches!(
        version.of.kind,
        ArtifactKind::Template
            | ArtifactKind::Feature
            | ArtifactKind::Index
            | ArtifactKind::Guardrail
    )
}

/// The places in the log of the decisions whose contexts used `version`.
async fn resting_on(
    trail: &Trail,
    version: &ArtifactRef,
    since: Option<Timestamp>,
) -> Result<Vec<u64>, QueryError> {
    let mut places = Vec::new();
    for id in using(trail, version, usize::MAX).await? {
        for stored in trail.referring(id, Kind::Decision).await? {
            let decision = stored.decision();
            if decision.is_some_and(|it| since.is_none_or(|since| it.decided_at >= since)) {
                places.push(stored.log_index());
            }
        }
    }
    Ok(places)
}

/// A version with all that were made with it.
fn touched(registry: &Registry, reference: &ArtifactRef) -> BTreeSet<ArtifactRef> {
    let mut touched = BTreeSet::from([reference.clone()]);
    let mut ahead = vec![reference.clone()];
    while let Some(next) = ahead.pop() {
        for (other, _) in linking(registry, &next) {
            if touched.insert(other.id()) {
                ahead.push(other.id());
            }
        }
    }
    touched
}

const PAGE: usize = 256;
