//! Documents to import: all of one comes in, or nothing, and nothing is wrong with the trail then; a second
//! time it changes nothing.

use contextrail::codec::{Format, Unknown, decode_records, read};
use contextrail::record::Digest;

use super::ground;

pub(super) fn run(data: &[u8]) {
    let format = match data.first() {
        Some(b'{' | b'[') => Format::Json,
        _ => Format::Yaml,
    };
    let Ok(node) = read(data, format) else {
        return;
    };
    let mut records = Vec::new();
    for node in node.into_records().into_iter().take(16) {
        match decode_records(&node, Unknown::Keep) {
            Ok(decoded) => records.extend(decoded),
            Err(_) => return,
        }
    }
    if records.is_empty() {
        return;
    }
    ground::on_trail(ground::options(), |trail| async move {
        let digest = Digest::sha256(data);
        let Ok(first) = trail.import(records.clone(), digest).await else {
            return;
        };
        let total: u64 = first.counts.values().sum();
        let again = trail.import(records, digest).await;
        let again = again.expect("it was imported before");
        assert_eq!((again.existed, &again.counts), (total, &first.counts));
    });
}
