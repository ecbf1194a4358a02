//! Whoever changes a segment or a stub is found.

use std::fs;

use contextrail::store::StoredRecord;
use contextrail::trail::{TrailError, Verified};
use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, SqliteConnection};

use super::{Place, apply, contents, fill, verified};
use crate::sample::id;

/// A trail of which everything has moved, in two segments.
async fn archived() -> Place {
    let place = Place::new();
    let trail = place.open().await;
    fill(&trail, 1..20).await;
    apply(&trail).await;
    trail.close().await;
    place
}

async fn found(place: &Place) -> Verified {
    let trail = place.read().await;
    let verified = verified(&trail).await;
    trail.close().await;
    verified
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_byte_anywhere_in_a_segment_is_found_and_named() {
    let place = archived().await;
    let path = place.segment();
    let whole = fs::read(&path).unwrap();
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let size = whole.len();
    let index = u32::from_be_bytes(whole[size - 12..size - 8].try_into().unwrap());
    let index = size - 12 - usize::try_from(index).unwrap();
    let spread = (0..size).step_by(size / 40 + 1);
    let parts = [
        0,
        7,
        8,
        9,
        12,
        13,
        21,
        index - 1,
        index,
        index + 1,
        index + 5,
        index + 13,
    ];
    let ends = size - 12..size;
    let trail = place.open().await;
    let before = contents(&trail).await;
    trail.close().await;
    for at in spread.chain(parts).chain(ends) {
        let mut spoiled = whole.clone();
        spoiled[at] ^= 0x20;
        fs::write(&path, &spoiled).unwrap();
        let verified = found(&place).await;
        let findings = verified.verification.findings;
        assert!(
            findings
                .iter()
                .any(|it| it.table == "archive" && it.row == name),
            "byte {at}: {findings:?}"
        );
        // A block that is damaged names every slot in it as well.
        let slots = findings.iter().filter(|it| it.table == "slot");
        let in_blocks = (8..index).contains(&at);
        assert_eq!(slots.count() > 0, in_blocks, "byte {at}: {findings:?}");
        let trail = place.read().await;
        let archive = trail.verify_archive(None, |_| {}).await.unwrap();
        assert!(
            archive.findings.iter().any(|it| it.row == name),
            "byte {at}"
        );
        // What is read is what was recorded, or an error, and never absent.
        for (id, before) in before
            .iter()
            .filter(|it| it.1["schema"] != "contextrail.policy/1")
        {
            match trail.read(*id).await {
                Ok(read) => {
                    let exported = trail.export(&read.unwrap(), true).await.unwrap();
                    assert_eq!(serde_json::to_value(&exported).unwrap(), *before);
                }
                Err(TrailError::Store(error)) => assert!(error.to_string().contains(&name)),
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
        trail.close().await;
    }
    for cut in [0, 3, 11, 12, 40, size / 2, size - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        let findings = found(&place).await.verification.findings;
        assert!(
            findings.iter().any(|it| it.row == name),
            "{cut}: {findings:?}"
        );
    }
    fs::write(&path, &whole).unwrap();
    assert!(found(&place).await.ok);
}

async fn raw(place: &Place) -> SqliteConnection {
    SqliteConnection::connect(&place.0.url()).await.unwrap()
}

async fn put(place: &Place, index: u64, slot: u16, payload: &[u8]) {
    let mut connection = raw(place).await;
    sqlx::query("update slot set payload = $1 where log_index = $2 and slot = $3")
        .bind(payload)
        .bind(i64::try_from(index).unwrap())
        .bind(i64::from(slot))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

fn stub(rows: &[StoredRecord], index: u64, slot: usize) -> Vec<u8> {
    rows[usize::try_from(index).unwrap()].slots[slot]
        .bytes
        .clone()
}

/// The stub with a check that fits whatever was done to it.
fn forged(mut stub: Vec<u8>) -> Vec<u8> {
    let check: [u8; 32] = Sha256::digest(&stub[9..]).into();
    stub[1..9].copy_from_slice(&check[..8]);
    stub
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_byte_of_a_stub_is_found_and_named() {
    let place = archived().await;
    let rows = place.rows().await;
    for (slot, bytes) in [(0, stub(&rows, 5, 0)), (1, stub(&rows, 5, 1))] {
        for at in (0..bytes.len())
            .step_by(3)
            .chain([0, 1, 8, 9, 40, bytes.len() - 1])
        {
            for forge in [false, true] {
                let mut spoiled = bytes.clone();
                spoiled[at] ^= 1;
                if forge {
                    spoiled = forged(spoiled);
                }
                if spoiled == bytes {
                    continue;
                }
                put(&place, 5, slot, &spoiled).await;
                let findings = found(&place).await.verification.findings;
                assert!(
                    findings.iter().any(|it| it.row.starts_with('5')),
                    "slot {slot}, byte {at}, {forge}: {findings:?}"
                );
            }
        }
        put(&place, 5, slot, &bytes).await;
    }
    assert!(found(&place).await.ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stubs_that_changed_places_are_found() {
    let place = archived().await;
    let trail = place.open().await;
    fill(&trail, 30..33).await;
    apply(&trail).await;
    trail.close().await;
    assert_eq!(place.segments().len(), 2);
    let rows = place.rows().await;
    let late = u64::try_from(rows.len() - 2).unwrap();
    for (one, other, slot) in [(5_u64, 6, 1_u16), (5, late, 1), (5, late, 0)] {
        let of = |index| stub(&rows, index, usize::from(slot));
        assert!(of(one) != of(other));
        put(&place, one, slot, &of(other)).await;
        put(&place, other, slot, &of(one)).await;
        let findings = found(&place).await.verification.findings;
        for index in [one, other] {
            let row = format!("{index}/{slot}");
            assert!(
                findings.iter().any(|it| it.row == row),
                "{row}: {findings:?}"
            );
        }
        put(&place, one, slot, &of(one)).await;
        put(&place, other, slot, &of(other)).await;
    }
    // One of the tenant's in the place of an encrypted one, and the other way round.
    let (plain, locked) = (stub(&rows, 5, 0), stub(&rows, 5, 1));
    put(&place, 5, 0, &locked).await;
    put(&place, 5, 1, &plain).await;
    let findings = found(&place).await.verification.findings;
    assert!(findings.iter().any(|it| it.row == "5/0"), "{findings:?}");
    assert!(findings.iter().any(|it| it.row == "5/1"), "{findings:?}");
    // Without the archive as well: of a segment that no record names.
    put(&place, 5, 0, &forged([&plain[..9], &[7; 32]].concat())).await;
    put(&place, 5, 1, &locked).await;
    fs::rename(place.archive(), place.0.folder().join("elsewhere")).unwrap();
    let findings = found(&place).await.verification.findings;
    assert!(
        findings
            .iter()
            .any(|it| it.what.contains("no record says that values were moved")),
        "{findings:?}"
    );
}

#[tokio::test]
async fn a_segment_that_is_missing_is_named_and_what_is_too_many_as_well() {
    let place = archived().await;
    let path = place.segment();
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let gone = place.0.folder().join("gone");
    fs::rename(&path, &gone).unwrap();
    let folder = path.parent().unwrap();
    fs::write(folder.join(format!("{}.segment", "ab".repeat(32))), b"x").unwrap();
    fs::write(folder.join("notes.txt"), b"x").unwrap();
    let verified = found(&place).await;
    let missing = verified.verification.findings;
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].row == name && missing[0].what.contains("put it back"));
    let trail = place.read().await;
    let archive = trail.verify_archive(None, |_| {}).await.unwrap();
    assert_eq!(archive.findings.len(), 1, "{archive:?}");
    assert_eq!(archive.warnings.len(), 2, "{archive:?}");
    let error = trail.read(id(3)).await.unwrap_err().to_string();
    assert!(
        error.contains(&name) && error.contains("put it back"),
        "{error}"
    );
    trail.close().await;
    // Another file under its name is not it.
    fs::write(&path, [fs::read(&gone).unwrap(), b"more".to_vec()].concat()).unwrap();
    assert!(!found(&place).await.ok);
    fs::copy(&gone, &path).unwrap();
    assert!(found(&place).await.ok);
}
