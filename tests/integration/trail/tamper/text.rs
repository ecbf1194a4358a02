//! A personal text that is taken out of its slot.

use contextrail::record::Class;
use sha2::{Digest as _, Sha256};

use super::keys::{Opening, put};
use super::verified;
use crate::trail::{options, url, with_texts};

const TEXT: &str = "an income of 4100";

pub(super) fn unpacked(packed: &[u8]) -> Vec<u8> {
    if packed[0] == 3 {
        // The commitments stand behind what is packed.
        let hashes = 32 * usize::from(u16::from_be_bytes(packed[1..3].try_into().unwrap()));
        let (packed, hashes) = packed[11..].split_at(packed.len() - 11 - hashes);
        return [unpacked(packed), hashes.to_vec()].concat();
    }
    let length = u32::from_be_bytes(packed[1..5].try_into().unwrap());
    let room = usize::try_from(length).unwrap();
    match packed[0] {
        0 => packed[13..].to_vec(),
        _ => zstd::bulk::decompress(&packed[13..], room).unwrap(),
    }
}

/// As it is, with the right length and the right check bytes.
pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let check = Sha256::digest([&[0], bytes].concat());
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0], &length[..], &check[..8], bytes].concat()
}

#[tokio::test]
async fn a_personal_text_that_is_missing_in_its_slot_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let trail = options().open(&url(&path)).await.unwrap();
    let texts = [(TEXT, Class::Personal), ("the rules", Class::Confidential)];
    trail
        .record(with_texts(1, "applicant:user_1", &texts))
        .await
        .unwrap();
    trail.close().await;
    assert!(verified(&path).await.ok);
    let slot = Opening::of(&path, 0, 1).await;
    let bytes = unpacked(&slot.values());
    // One text: how many there are, 32 bytes of digest, its length, and itself.
    let kept = bytes.len() - TEXT.len() - 34;
    assert!(bytes.ends_with(TEXT.as_bytes()) && bytes[kept] == 1);
    for (is_whole, bytes) in [
        (true, bytes.clone()),
        (false, [&bytes[..kept], &[0]].concat()),
    ] {
        put(&path, 0, 1, slot.locked(&packed(&bytes))).await;
        let found = verified(&path).await.verification.findings;
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        let missing =
            "table slot, row 0/1, payload: slot 1: a text that the record names is missing";
        assert_eq!(said, if is_whole { vec![] } else { vec![missing] });
    }
}
