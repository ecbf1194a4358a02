//! Requests to assemble a context: what is assembled keeps to its budget, and is recorded as it was given.
//!
//! The first byte chooses between JSON and YAML.

use std::sync::Arc;

use contextrail::capture::{RequestOptions, Sink, run_request};
use contextrail::codec::{Format, decode, read};
use contextrail::record::{Door, Request};

use super::ground;

pub(super) fn run(data: &[u8]) {
    let Some((choice, document)) = data.split_first() else {
        return;
    };
    let format = match choice {
        b'y' => Format::Yaml,
        _ => Format::Json,
    };
    let Ok(node) = read(document, format) else {
        return;
    };
    let Ok(request) = decode::<Request>(&node) else {
        return;
    };
    ground::on_trail(ground::options(), |trail| async move {
        let sink: Arc<dyn Sink> = Arc::new(trail.clone());
        let options = RequestOptions {
            environment: None,
            service: None,
            actor: None,
        };
        let Ok(assembled) = run_request(&sink, request, Door::Http, options).await else {
            return;
        };
        let stored = trail
            .read(assembled.id())
            .await
            .expect("memory can be read");
        let stored = stored.expect("it was acknowledged");
        let budget = stored.context().and_then(|it| it.assembly.as_ref());
        let budget = &budget.expect("it was assembled").budget;
        assert!(budget.used <= budget.available, "{budget:?}");
        let text = trail.text(&stored).await.expect("memory can be read");
        assert_eq!(text.as_deref(), Some(assembled.text()));
    });
}
