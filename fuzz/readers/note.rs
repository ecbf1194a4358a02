//! Signed notes and checkpoints: what is read is written again to the same bytes.

use contextrail::log::{Note, SignedCheckpoint, VerifierKey};

pub(super) fn run(data: &[u8]) {
    if let Ok(note) = Note::parse(data) {
        assert_eq!(note.to_string().as_bytes(), data);
        let _ = note.verify(&[]);
    }
    if let Ok(signed) = SignedCheckpoint::parse(data) {
        assert_eq!(signed.to_string().as_bytes(), data);
        let _ = signed.cosignatures(&[]);
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(keys) = VerifierKey::parse_list(text)
    {
        for key in keys {
            assert_eq!(key.to_string().parse::<VerifierKey>().as_ref(), Ok(&key));
        }
    }
}
