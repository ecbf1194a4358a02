//! Records in YAML: what is read is written, and read again to the same.

use contextrail::codec::{Format, Unknown, decode_body_draft, decode_record, read, write_yaml};
use contextrail::record::Kind;

pub(super) fn run(data: &[u8]) {
    let Ok(node) = read(data, Format::Yaml) else {
        return;
    };
    for kind in [Kind::Context, Kind::Decision, Kind::Review, Kind::Outcome] {
        let _ = decode_body_draft(&node, kind, &[]);
    }
    if let Ok(record) = decode_record(&node, Unknown::Keep) {
        let text = write_yaml(&record).expect("what was read can be written");
        let again = read(text.as_bytes(), Format::Yaml).expect("what was written can be read");
        let again = decode_record(&again, Unknown::Keep).expect("it is the same record");
        assert_eq!(write_yaml(&again).ok(), Some(text));
    }
}
