//! `contextrail archive status`.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single, table};
use super::super::plain;
use super::super::session::Session;
use super::super::table_text::moment;
use crate::trail::ArchiveStatus;

/// The status, and what its segments add up to.
#[derive(Debug, Serialize)]
struct Status {
    records: u64,
    /// Bytes of the segments.
    bytes: u64,
    /// Bytes that their values took in the database before.
    replaced: u64,
    /// How many times smaller they are in the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(flatten)]
    status: ArchiveStatus,
}

pub(super) async fn run(session: &Session) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let status = trail.archive_status().await?;
    let sum = |of: fn(&crate::record::Archival) -> u64| {
        let each = status.segments.iter().map(|it| of(&it.archival));
        each.fold(0, u64::saturating_add)
    };
    let (bytes, replaced) = (sum(|it| it.bytes), sum(|it| it.replaced));
    let status = Status {
        records: sum(|it| it.records),
        bytes,
        replaced,
        ratio: ratio(replaced, bytes),
        status,
    };
    single(&mut Session::stdout(), &status, session.format())?;
    Ok(Exit::Done)
}

/// To two digits behind the point.
#[expect(clippy::cast_precision_loss, reason = "two digits of it are shown")]
fn ratio(before: u64, after: u64) -> Option<f64> {
    (after > 0).then(|| (before as f64 / after as f64 * 100.0).round() / 100.0)
}

impl Page for Status {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let place = self.status.place.as_deref().unwrap_or("not named");
        let mut page = format!(
            "archive  {place}\n{} records in {} segments, {} bytes instead of {}",
            self.records,
            self.status.segments.len(),
            self.bytes,
            self.replaced
        );
        if let Some(ratio) = self.ratio {
            // Writing to a string does not fail.
            write!(page, ": {ratio} times smaller").ok();
        }
        page.push('\n');
        let rows = self.status.segments.iter().map(|it| {
            let archival = &it.archival;
            vec![
                moment(it.at),
                archival.segment.to_string(),
                archival.records.to_string(),
                format!("{}..={}", archival.first, archival.last),
                archival.bytes.to_string(),
                archival.policy.to_string(),
            ]
        });
        let columns = ["moved", "segment", "records", "indexes", "bytes", "policy"];
        plain::lines(&page) + &table(&columns, &rows.collect::<Vec<_>>())
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  contextrail archive status
  contextrail archive status -o json";
