//! Looking things up in a trail of many contexts.

use std::time::Duration;

use contextrail::record::{EntityRef, Kind, UsedRef};
use contextrail::trail::{ContextFilter, Search, Trail};

use super::BoxError;
use super::report::{Latencies, Table};

/// Looks things up in a trail of so many contexts of W1, decisions where it has any.
pub(crate) async fn look_up(trail: &Trail, contexts: u64, on: &str) -> Result<(), BoxError> {
    let newest = trail
        .contexts(ContextFilter::default())
        .await?
        .take(64)
        .await?;
    let decided = trail
        .search(Search {
            kind: Some(Kind::Decision),
            ..Search::default()
        })
        .await?
        .take(64)
        .await?;
    let subjects: Vec<EntityRef> = decided
        .iter()
        .filter_map(|it| Some(it.decision()?.subject.clone()))
        .collect();
    let head = trail.checkpoint().await?;
    let [
        mut entity,
        mut page,
        mut used,
        mut id,
        mut subject,
        mut proof,
    ] = std::array::from_fn(|_| Latencies::default());
    for i in 0..200_u64 {
        let who: EntityRef = format!("customer:cust-{}", i * 7 % 1_000).parse()?;
        let filter = ContextFilter {
            entity: Some(who),
            ..ContextFilter::default()
        };
        entity
            .time(async { trail.contexts(filter).await?.take(10).await })
            .await?;
        let since = newest[0]
            .record()
            .at()
            .saturating_sub(Duration::from_secs(3_600));
        let filter = ContextFilter {
            since: Some(since),
            ..ContextFilter::default()
        };
        page.time(async { trail.contexts(filter).await?.take(50).await })
            .await?;
        let what: UsedRef =
            format!("document:r1-d{}#r1-c{}", i * 3 % 1_000, i * 3 % 1_000).parse()?;
        used.time(trail.used(&what, None, 10)).await?;
        let place = usize::try_from(i)?;
        id.time(trail.read(newest[place % newest.len()].id()))
            .await?;
        if let Some(of) = subjects.get(place % subjects.len().max(1)) {
            let found = subject.time(trail.decisions_on(of)).await?;
            if found.is_empty() {
                return Err(format!("no decision on {of} is found").into());
            }
        }
        let index = i.wrapping_mul(7_919_777) % head.head().size;
        proof
            .time(trail.prove_under(index, &head.checkpoint))
            .await?;
    }
    let table = Table::new(
        format!("look-up among {contexts} contexts{on}"),
        &["p50 ms", "p99 ms"],
    );
    for (name, latencies) in [
        ("entity, 10 newest", entity),
        ("time page, 50 of the last hour", page),
        ("used: a document chunk, 10 newest, with decisions", used),
        ("id", id),
        ("decision by its key", subject),
        ("inclusion proof", proof),
    ] {
        if !latencies.is_empty() {
            table.row(name, &[latencies.at(50), latencies.at(99)]);
        }
    }
    Ok(())
}
