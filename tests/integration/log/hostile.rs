//! Every reader against bytes of any kind: none may panic, and what is read is written the same.
//! The functions here are also what a fuzzer calls.

use contextrail::log::{
    AddCheckpoint, Checkpoint, EntriesId, KeyId, KeyName, Note, NoteSignature, SignedCheckpoint,
    SigningKey, TileId, TlogProof, VerifierKey,
};
use proptest::prelude::*;

use super::checkpoint::{PUBLISHED, PUBLISHED_LOG, PUBLISHED_WITNESS};
use super::keys::PETER_SECRET;

/// Gives `bytes` to each reader of bytes.
fn read_bytes(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
    if let Ok(signed) = SignedCheckpoint::parse(bytes) {
        assert_eq!(signed.to_string().as_bytes(), bytes);
        let keys = [PUBLISHED_LOG, PUBLISHED_WITNESS].map(|key| key.parse().unwrap());
        drop(signed.verify(&keys));
        drop(signed.cosignatures(&keys));
    }
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
    }
}

/// Gives `text` to each reader of text.
fn read_text(text: &str) {
    macro_rules! reads_back {
        ($($type:ty),+) => {
            $(if let Ok(value) = text.parse::<$type>() {
                assert_eq!(value.to_string(), text);
            })+
        };
    }
    reads_back!(
        Checkpoint,
        EntriesId,
        KeyId,
        KeyName,
        NoteSignature,
        TileId,
        VerifierKey
    );
    if let Ok(key) = text.parse::<SigningKey>() {
        assert_eq!(key.to_secret_text(), text);
    }
    if let Ok(lines) = NoteSignature::parse_lines(text) {
        let written: String = lines.iter().map(|line| format!("{line}\n")).collect();
        assert_eq!(written, text);
    }
    drop(VerifierKey::parse_list(text));
}

/// Texts that each reader takes, to be changed.
fn good_texts() -> Vec<String> {
    let line = PUBLISHED.lines().last().unwrap();
    let hash = "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=";
    let checkpoint = PUBLISHED.split_inclusive("\n\n").next().unwrap();
    vec![
        PUBLISHED.to_owned(),
        checkpoint.trim_end_matches('\n').to_owned() + "\n",
        format!("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 7\n{hash}\n\n{PUBLISHED}"),
        format!("old 7\n{hash}\n{hash}\n\n{PUBLISHED}"),
        line.to_owned(),
        format!("{line}\n{line}\n"),
        PUBLISHED_LOG.to_owned(),
        PETER_SECRET.to_owned(),
        "tile/0/x001/x234/067.p/17".to_owned(),
        "tile/entries/x001/067".to_owned(),
        "c74f20a3".to_owned(),
    ]
}

#[test]
fn the_good_texts_are_good() {
    let texts = good_texts();
    assert!(Note::parse(texts[0].as_bytes()).is_ok());
    assert!(texts[1].parse::<Checkpoint>().is_ok());
    assert!(TlogProof::parse(texts[2].as_bytes()).is_ok());
    assert!(AddCheckpoint::parse(texts[3].as_bytes()).is_ok());
    assert!(texts[4].parse::<NoteSignature>().is_ok());
    assert!(NoteSignature::parse_lines(&texts[5]).is_ok());
    assert!(texts[6].parse::<VerifierKey>().is_ok());
    assert!(texts[7].parse::<SigningKey>().is_ok());
    assert!(texts[8].parse::<TileId>().is_ok());
    assert!(texts[9].parse::<EntriesId>().is_ok());
    assert!(texts[10].parse::<KeyId>().is_ok());
    for text in texts {
        read_bytes(text.as_bytes());
        read_text(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_bytes(&bytes);
        read_text(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_change_of_a_good_text_can_be_read(
        which: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..5),
        other: prop::sample::Index,
    ) {
        let texts = good_texts();
        let mut bytes = texts[which.index(texts.len())].clone().into_bytes();
        for (at, byte, kind) in changes {
            let place = at.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(place, byte),
                1 => bytes.truncate(place.max(1)),
                2 if place < bytes.len() => bytes[place] = byte,
                _ => {
                    let other = texts[other.index(texts.len())].as_bytes();
                    bytes.splice(place..place, other.iter().copied());
                }
            }
        }
        read_bytes(&bytes);
        read_text(&String::from_utf8_lossy(&bytes));
    }
}
