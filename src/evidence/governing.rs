//! What governed the decisions of a bundle: the versions, with their approvals, checks and deployments.

use std::collections::BTreeSet;

use crate::record::{ArtifactRef, Name, RecordId, Timestamp};
use crate::trail::{Registered, Registry, Stored, Trail, TrailError, governing};

/// The records that say which versions governed the decisions among `records`: of each version that one
/// names, and of each that these come from, the registration, every approval and the retirement; of each
/// that one names the last check before the decision and the last of all; the policy of approvals, and
/// what was deployed. Those of index `size` and later are left out: no signed head covers them.
pub(super) async fn governing_records(
    trail: &Trail,
    records: impl Iterator<Item = &Stored>,
    size: u64,
) -> Result<Vec<Stored>, TrailError> {
    let registry = trail.registry().await?;
    if registry.is_empty() {
        return Ok(Vec::new());
    }
    let (mut decisions, mut places) = (Vec::new(), BTreeSet::new());
    for stored in records {
        if let Some(decision) = stored.decision() {
            decisions.push((governing(decision), decision.decided_at));
        }
        if let Some(context) = stored.context() {
            places.insert(context.environment.clone());
        }
    }
    let mut ids = BTreeSet::new();
    for (named, at) in &decisions {
        for version in registry.upstream(named) {
            add_version(version, &mut ids);
        }
        if let Some(policy) = registry.policy_of_approvals(*at) {
            add_version(policy, &mut ids);
        }
        add_deployed(&registry, &places, *at, &mut ids);
    }
    let mut found = Vec::new();
    let named: BTreeSet<&ArtifactRef> = decisions.iter().flat_map(|(named, _)| named).collect();
    for version in named {
        let Some(last) = last_check(trail, version, None).await? else {
            continue;
        };
        let governed = decisions
            .iter()
            .filter(|(named, _)| named.contains(version));
        for (_, at) in governed.filter(|(_, at)| *at <= last.record().head.recorded_at) {
            found.extend(last_check(trail, version, Some(*at)).await?);
        }
        found.push(last);
    }
    for id in ids {
        found.extend(trail.read(id).await?);
    }
    found.retain(|it| it.log_index() < size);
    Ok(found)
}

fn add_version(version: &Registered, ids: &mut BTreeSet<RecordId>) {
    ids.insert(version.record);
    ids.extend(version.approvals.iter().map(|it| it.record));
    ids.extend(version.retired.iter().map(|it| it.record));
}

fn add_deployed(
    registry: &Registry,
    places: &BTreeSet<Name>,
    at: Timestamp,
    ids: &mut BTreeSet<RecordId>,
) {
    let deployed = places.iter().filter_map(|it| registry.deployed(it, at));
    ids.extend(deployed.map(|it| it.record));
}

/// The last check of `version`, before `until` where that is given.
async fn last_check(
    trail: &Trail,
    version: &ArtifactRef,
    until: Option<Timestamp>,
) -> Result<Option<Stored>, TrailError> {
    let page = trail.checks_of(version, until).await?.next().await?;
    Ok(page.into_iter().flatten().next())
}
