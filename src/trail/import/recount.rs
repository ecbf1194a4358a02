//! Counting the tokens of imported texts again.

use std::sync::Arc;

use super::arriving::Arriving;
use crate::assembly::{render, tokenizer};
use crate::record::{AssemblyRecord, Body, RecordId};
use crate::seal::Source;
use crate::store::StoreError;
use crate::trail::TrailError;

/// Gives `arriving` back, and the contexts among it whose `budget.used` is not the count of their
/// text. Contexts whose texts did not all come, or whose tokenizer is not known here, are not
/// counted. It takes all processors some milliseconds for each 10 KB of text.
pub(super) async fn recounted(
    arriving: Vec<Arriving>,
) -> Result<(Vec<Arriving>, Vec<RecordId>), TrailError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = arriving.len().div_ceil(threads).max(1);
    let mut rest = arriving;
    let mut tasks = Vec::with_capacity(threads);
    while !rest.is_empty() {
        let later = rest.split_off(share.min(rest.len()));
        tasks.push(tokio::task::spawn_blocking(move || {
            let wrong = rest.iter().filter(|it| is_miscounted(it));
            let wrong: Vec<RecordId> = wrong.map(Arriving::id).collect();
            (rest, wrong)
        }));
        rest = later;
    }
    let (mut counted, mut miscounted) = (Vec::new(), Vec::new());
    for task in tasks {
        let (share, wrong) = task.await.map_err(|_| StoreError::Closed)?;
        counted.extend(share);
        miscounted.extend(wrong);
    }
    Ok((counted, miscounted))
}

fn is_miscounted(arriving: &Arriving) -> bool {
    let Body::Context(context) = &arriving.draft.body else {
        return false;
    };
    let made = context.assembly.as_ref();
    made.is_some_and(|made| count(made, &arriving.source).is_some_and(|it| it != made.budget.used))
}

/// The tokens of the text, when it can be rendered and counted.
fn count(made: &AssemblyRecord, source: &Source) -> Option<u64> {
    let Source::Elsewhere { texts, .. } = source else {
        return None;
    };
    made.text_digest?;
    let texts = made.items.iter().map(|item| texts.get(&item.digest?));
    let texts: Vec<Arc<str>> = texts
        .map(Option::<&Arc<str>>::cloned)
        .collect::<Option<_>>()?;
    let text = render(made, &texts).ok()?;
    let tokenizer = tokenizer(made.tokenizer.name.as_str()).ok()?;
    let library = |engine: &str| engine.split(' ').next().map(str::to_owned);
    if library(tokenizer.engine()) != library(made.tokenizer.engine.as_str()) {
        return None;
    }
    tokenizer.count(&text).ok()
}
