//! What a person with many contexts costs: access, and erasure.

use std::sync::Arc;
use std::time::Instant;

use contextrail::record::{Actor, ActorKind, ActorMethod, EntityRef};
use contextrail::trail::Trail;

use super::report::{Table, float};
use super::workload::Workload;
use super::{BoxError, Place};

/// Records `count` contexts of one customer of W1, exports and erases them: alone, and with their decisions.
pub(crate) async fn erasing(count: u64) -> Result<(), BoxError> {
    let table = Table::new("one person", &["records", "export ms", "erase ms"]);
    for with_decision in [false, true] {
        erasing_of(&table, count, with_decision).await?;
    }
    Ok(())
}

async fn erasing_of(table: &Table, count: u64, with_decision: bool) -> Result<(), BoxError> {
    let place = Place::new()?;
    let trail = Trail::open(&place.url()).await?;
    let workload = Arc::new(Workload::new(false));
    for number in 0..count {
        // Every thousandth context of the workload is about the same customer.
        workload
            .record(&trail, number * 1_000, with_decision)
            .await?;
    }
    let customer: EntityRef = "customer:cust-0".parse()?;
    let started = Instant::now();
    let access = trail.subject_access(&customer).await?;
    let exported = started.elapsed();
    let approver = |name: &str| -> Result<Actor, BoxError> {
        Ok(Actor {
            id: name.parse()?,
            kind: ActorKind::Human,
            method: ActorMethod::Asserted,
        })
    };
    let approvers = vec![approver("anna")?, approver("ben")?];
    let started = Instant::now();
    trail.erase(&customer, "measured", approvers).await?;
    let erased = started.elapsed();
    let what = match with_decision {
        true => "with decisions",
        false => "contexts alone",
    };
    let records = float(u64::try_from(access.records.len())?);
    let (exported, erased) = (exported.as_secs_f64() * 1e3, erased.as_secs_f64() * 1e3);
    table.row(what, &[records, exported, erased]);
    trail.close().await;
    Ok(())
}
