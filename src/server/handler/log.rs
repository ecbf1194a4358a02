//! The log as static files have it (C2SP `tlog-tiles`), without what is in the records.

use crate::log::{EntriesId, TileId};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::problem::Problem;
use crate::trail::TrailError;

/// The newest signed checkpoint.
pub(super) async fn checkpoint(app: &App) -> Result<Answer, Problem> {
    let head = app.trail.checkpoint().await?;
    let text = head.checkpoint.to_string();
    Ok(Answer::new(
        200,
        "text/plain; charset=utf-8",
        text.into_bytes(),
    ))
}

/// A tile, or a bundle of entries.
pub(super) async fn tile(app: &App, call: &Call) -> Result<Answer, Problem> {
    let path = format!("tile/{}", call.text("tile"));
    let bytes = if let Ok(entries) = path.parse::<EntriesId>() {
        entries_of(app, entries).await?
    } else {
        let id: TileId = path.parse().map_err(|_| {
            Problem::new(400, "bad_parameter", "it is not the path of a tile")
                .member("tile")
                .hint("as in tlog-tiles: 0/x001/x234/067.p/17")
        })?;
        let hashes = app
            .trail
            .notary()
            .tile(id)
            .await
            .map_err(TrailError::from)?;
        hashes.ok_or_else(beyond)?.concat()
    };
    Ok(Answer::new(200, "application/octet-stream", bytes))
}

async fn entries_of(app: &App, id: EntriesId) -> Result<Vec<u8>, Problem> {
    let end = id.first() + u64::from(id.width());
    let size = app
        .trail
        .notary()
        .standing()
        .await
        .map_err(TrailError::from)?
        .head
        .size;
    if end > size {
        return Err(beyond());
    }
    let records = app.trail.read_range(id.first(), end - 1).await?;
    let mut bytes = Vec::new();
    for record in &records {
        let length = u16::try_from(record.entry().len());
        let length = length.map_err(|_| Problem::internal("an entry is larger than 64 KiB"))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(record.entry());
    }
    Ok(bytes)
}

fn beyond() -> Problem {
    Problem::new(404, "not_found", "the log does not reach so far")
}
