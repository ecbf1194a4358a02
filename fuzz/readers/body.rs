//! Bodies of every kind of record, as they are posted: what is read can be recorded, or is refused.
//!
//! The first byte chooses between JSON and YAML.

use contextrail::codec::{Format, decode, decode_body_draft, read};
use contextrail::govern::{advise, read_artifact, read_deployment, read_kpi};
use contextrail::record::{Draft, Kind};
use contextrail::trail::LookUp;
use serde_json::json;

use super::ground;

pub(super) fn run(data: &[u8]) {
    let Some((choice, document)) = data.split_first() else {
        return;
    };
    let format = match choice {
        b'y' => Format::Yaml,
        _ => Format::Json,
    };
    let node = match read(document, format) {
        Ok(node) => node,
        Err(error) => return drop(advise(document, error)),
    };
    let mut drafts = Vec::new();
    for node in node.into_records().into_iter().take(8) {
        let defaults = [("decided_at", json!(ground::now()))];
        for kind in Kind::ALL {
            if let Ok((_, body)) = decode_body_draft(&node, kind, &defaults) {
                drafts.push(body);
            }
        }
        let _ = read_deployment(&node, ground::now());
        let _ = read_kpi(&node, ground::now());
        let _ = read_artifact(&node, None, &ground::somebody());
        let _ = decode::<LookUp>(&node);
    }
    if drafts.is_empty() {
        return;
    }
    ground::on_trail(ground::options(), |trail| async move {
        for body in drafts {
            let id = trail.new_id();
            if trail.record(Draft::new(id, body)).await.is_ok() {
                let stored = trail.read(id).await.expect("memory can be read");
                assert!(stored.is_some(), "it was acknowledged");
            }
        }
    });
}
