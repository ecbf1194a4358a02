//! Records in JSON: what is read is written, and read again to the same.

use contextrail::codec::{
    Format, Layout, Unknown, decode_body_draft, decode_record, read, read_json_lines, write_json,
};
use contextrail::record::Kind;

pub(super) fn run(data: &[u8]) {
    for line in read_json_lines(data).take(100) {
        if line.is_err() {
            break;
        }
    }
    let Ok(node) = read(data, Format::Json) else {
        return;
    };
    for kind in [Kind::Context, Kind::Decision, Kind::Review, Kind::Outcome] {
        let _ = decode_body_draft(&node, kind, &[]);
    }
    if let Ok(record) = decode_record(&node, Unknown::Keep) {
        let text = write_json(&record, Layout::Compact).expect("what was read can be written");
        let again = read(text.as_bytes(), Format::Json).expect("what was written can be read");
        let again = decode_record(&again, Unknown::Keep).expect("it is the same record");
        assert_eq!(write_json(&again, Layout::Compact).ok(), Some(text));
    }
}
