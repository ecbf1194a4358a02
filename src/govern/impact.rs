//! What a version touches: the versions made with it, and the decisions.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::error::QueryError;
use super::lineage::{linking, using};
use super::measured::{own_slices, slices_of_decisions};
use crate::record::{
    ArtifactRef, ContextId, DecisionId, EntityRef, Kind, Name, RecordId, Timestamp,
};
use crate::trail::{Registry, Search, Trail, governing};

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
    /// The decisions, newest first.
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

/// What `reference` touches: the decisions that it, or a version made with it, governs, or whose contexts
/// used it.
///
/// # Errors
///
/// Those of reading.
pub async fn impact(
    trail: &Trail,
    registry: &Registry,
    reference: &ArtifactRef,
    (since, by): (Option<Timestamp>, Option<&Name>),
) -> Result<Impact, QueryError> {
    let touched = touched(registry, reference);
    let mut users: HashSet<RecordId> = HashSet::new();
    for version in &touched {
        users.extend(using(trail, version, usize::MAX).await?);
    }
    let search = Search {
        kind: Some(Kind::Decision),
        since,
        ..Search::default()
    };
    let mut pages = trail.search(search).await?.plain();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await? {
        for stored in page {
            let Some(decision) = stored.decision() else {
                continue;
            };
            let named = governing(decision);
            let with: Vec<ArtifactRef> = named
                .into_iter()
                .filter(|it| touched.contains(it))
                .collect();
            let rests = decision
                .contexts
                .iter()
                .any(|it| users.contains(&(*it).into()));
            if !with.is_empty() || rests || users.contains(&stored.id()) {
                found.push((stored.id(), with));
            }
        }
    }
    let slices = match by {
        Some(_) => slices_of_decisions(trail).await?,
        None => std::collections::HashMap::new(),
    };
    let mut groups: BTreeMap<String, u64> = BTreeMap::new();
    let mut decisions = Vec::new();
    for (id, with) in found {
        // What it was on and came to is about somebody: of these alone it is opened.
        let Some(stored) = trail.read(id).await? else {
            continue;
        };
        let Some(decision) = stored.decision() else {
            continue;
        };
        if let Some(by) = by {
            let own = own_slices(decision, slices.get(&id.into()));
            let part = own.get(by.as_str()).cloned();
            *groups
                .entry(part.unwrap_or_else(|| "-".to_owned()))
                .or_default() += 1;
        }
        decisions.push(Affected {
            id: id.into(),
            subject: decision.subject.clone(),
            outcome: decision.outcome.clone(),
            decided_at: decision.decided_at,
            with,
            contexts: decision.contexts.clone(),
        });
    }
    let versions = touched.into_iter().filter(|it| it != reference).collect();
    Ok(Impact {
        schema: "contextrail.impact/1",
        reference: reference.clone(),
        since,
        versions,
        count: u64::try_from(decisions.len()).unwrap_or(u64::MAX),
        groups: groups
            .into_iter()
            .map(|(value, count)| ImpactGroup { value, count })
            .collect(),
        decisions,
    })
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
