//! What was measured: reports and comparisons.

use std::collections::BTreeMap;

use super::artifact::required;
use crate::govern::{Asked, compare as comparison, report as reported};
use crate::record::{InvalidValue, Name};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::problem::Problem;

/// What was measured of a metric, part by part.
pub(super) async fn report(app: &App, call: &Call) -> Result<Answer, Problem> {
    let metric: Name = call.param("metric")?;
    let (by, asked) = (by(call)?, asked(call)?);
    Answer::json(200, &reported(&app.trail, &metric, &by, &asked).await?)
}

/// A metric under two versions of an artifact.
pub(super) async fn compare(app: &App, call: &Call) -> Result<Answer, Problem> {
    let metric: Name = call.param("metric")?;
    let artifact = required(call, "artifact")?;
    let (from, to) = (required(call, "from")?, required(call, "to")?);
    let (by, asked) = (by(call)?, asked(call)?);
    let compared = comparison(&app.trail, &metric, &artifact, (&from, &to), (&by, &asked));
    Answer::json(200, &compared.await?)
}

/// By what it is taken apart.
fn by(call: &Call) -> Result<Vec<Name>, Problem> {
    let names = call.query_text("by").unwrap_or_default().split(',');
    let names = names.filter(|it| !it.is_empty()).map(str::parse);
    names
        .collect::<Result<_, _>>()
        .map_err(|error| Problem::parameter("by", &error))
}

fn asked(call: &Call) -> Result<Asked, Problem> {
    let mut slices = BTreeMap::new();
    let parts = call.query_text("where").unwrap_or_default().split(',');
    for part in parts.filter(|it| !it.is_empty()) {
        match part.split_once('=') {
            Some((slice, value)) if !slice.is_empty() && !value.is_empty() => {
                slices.insert(slice.to_owned(), value.to_owned());
            }
            _ => {
                let error = InvalidValue::new("part", part, "SLICE=VALUE, such as region=EU");
                return Err(Problem::parameter("where", &error));
            }
        }
    }
    Ok(Asked {
        since: call.query("since")?,
        until: call.query("until")?,
        r#where: slices,
        fewest: FEWEST,
    })
}

/// Parts of fewer decisions are not given: to which groups somebody belongs is personal.
pub(super) const FEWEST: usize = 10;
