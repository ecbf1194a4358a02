//! What the server says of itself.

use serde_json::json;

use crate::record::Acknowledged;
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::metrics::Standing;
use crate::server::openapi;
use crate::server::problem::Problem;

pub(super) fn alive() -> Result<Answer, Problem> {
    Answer::json(200, &json!({"status": "alive"}))
}

/// Whether records can be written: the database answers, and the log is not frozen.
pub(super) async fn ready(app: &App) -> Result<Answer, Problem> {
    let standing = app.trail.notary().standing().await;
    match standing.map_err(crate::trail::TrailError::from)? {
        standing if standing.frozen.is_none() => Answer::json(200, &json!({"status": "ready"})),
        _ => Err(Problem::new(
            503,
            "frozen",
            "the log is frozen, and nothing is written",
        )),
    }
}

pub(super) async fn metrics(app: &App, call: &Call) -> Result<Answer, Problem> {
    let standing = match app.trail.notary().standing().await {
        Ok(standing) => {
            let head = standing.newest.as_ref().map(|newest| {
                let age = call.now.millis_since(newest.at) / 1_000;
                (age.max(0), newest.head().size, newest.level().as_str())
            });
            let mut reached = Vec::new();
            for level in LEVELS {
                if let Some(newest) = app.trail.notary().newest_with(level).await {
                    let age = call.now.millis_since(newest.at) / 1_000;
                    reached.push((level.as_str(), newest.head().size, age.max(0)));
                }
            }
            Some(Standing {
                load: app.trail.load(),
                spooled_bytes: app.trail.spooled_bytes(),
                reached,
                entries: standing.head.size,
                frozen: standing.frozen.is_some(),
                head,
                tokens_open: app.gate.is_open(),
            })
        }
        Err(error) => {
            tracing::warn!(error = %error, "the metrics lack what the trail says of itself");
            None
        }
    };
    let text = app.metrics.text(standing.as_ref());
    Ok(Answer::new(
        200,
        "text/plain; version=0.0.4; charset=utf-8",
        text.into_bytes(),
    ))
}

/// The levels that a head can reach.
const LEVELS: [Acknowledged; 3] = [
    Acknowledged::Checkpointed,
    Acknowledged::Witnessed,
    Acknowledged::Timestamped,
];

pub(super) fn openapi() -> Result<Answer, Problem> {
    Answer::json(200, &openapi::document())
}

pub(super) fn page() -> Result<Answer, Problem> {
    let page = openapi::page();
    let answer = Answer::new(200, "text/html; charset=utf-8", page.into_bytes());
    Ok(answer.with(
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'",
    ))
}
