//! Encrypted slots and the keys of entities: what is changed is named, as far as it can be without
//! the keys as well.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contextrail::privacy::keys::{
    EntityHandle, EntityKey, KeyId, LockedSlot, OpenedKeys, SlotPlace, key_ids,
};
use contextrail::record::Class;
use contextrail::seal::Entry;
use contextrail::store::Finding;
use contextrail::trail::Verified;
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::text::{packed, unpacked};
use super::{raw, run, verified};
use crate::sample::{time, vault_beside};
use crate::trail::{options, url, with_texts};

const RECORDS: u64 = 5;

async fn make(path: &Path) {
    let trail = options().open(&url(path)).await.unwrap();
    for number in 1..=RECORDS {
        let texts = [("an income of 4100", Class::Personal)];
        let whom = format!("applicant:user_{}", number % 2);
        let draft = with_texts(number, &whom, &texts);
        trail.record(draft).await.unwrap();
    }
    trail.close().await;
}

/// Its check, the number of its keys, its keys and its values, as `docs/format.md` has them.
fn parts(stored: &[u8]) -> LockedSlot {
    assert_eq!(stored[0], 2);
    let count = usize::from(u16::from_be_bytes([stored[9], stored[10]]));
    let (keys, bytes) = stored[11..].split_at(count * 20 + 60);
    LockedSlot {
        keys: keys.to_vec(),
        bytes: bytes.to_vec(),
    }
}

fn joined(slot: &LockedSlot) -> Vec<u8> {
    let count = u16::try_from((slot.keys.len() - 60) / 20).unwrap();
    checked(&[&count.to_be_bytes()[..], &slot.keys, &slot.bytes].concat())
}

/// What follows the check, with the check that is right for it.
fn checked(rest: &[u8]) -> Vec<u8> {
    let check = Sha256::digest(rest);
    [&[2], &check[..8], rest].concat()
}

/// An encrypted slot, and what it takes to open it.
pub(super) struct Opening {
    path: PathBuf,
    entry: Entry,
    slot: u16,
    stored: LockedSlot,
    keys: OpenedKeys,
}

impl Opening {
    pub(super) async fn of(path: &Path, log_index: i64, slot: u16) -> Self {
        let mut connection = raw(path).await;
        let sql = "select entry from record where tenant = 1 and log_index = $1";
        let entry = sqlx::query_scalar::<_, Vec<u8>>(sql).bind(log_index);
        let entry = entry.fetch_one(&mut connection).await.unwrap();
        let stored = parts(&payload(path, log_index, slot).await);
        let vault = vault_beside(path);
        let mut keys = OpenedKeys::new();
        for row in sqlx::query("select entity, number, epoch, wrapped from entity_key")
            .fetch_all(&mut connection)
            .await
            .unwrap()
        {
            let number = |at: usize| u32::try_from(row.get::<i64, _>(at)).unwrap();
            let entity: Vec<u8> = row.get(0);
            let id = KeyId {
                entity: EntityHandle(entity.try_into().unwrap()),
                number: number(1),
            };
            let (epoch, wrapped) = (number(2), row.get(3));
            let row = EntityKey { id, epoch, wrapped };
            keys.insert(id, vault.unwrap(&row).unwrap());
        }
        Self {
            path: path.to_owned(),
            entry: serde_json::from_slice(&entry).unwrap(),
            slot,
            stored,
            keys,
        }
    }

    fn place(&self) -> SlotPlace<'_> {
        SlotPlace {
            record: self.entry.id,
            schema: &self.entry.schema,
            slot: self.slot,
        }
    }

    /// The packed values.
    pub(super) fn values(&self) -> Vec<u8> {
        let vault = vault_beside(&self.path);
        vault
            .open_slot(self.place(), &self.stored, &self.keys)
            .unwrap()
    }

    /// The bytes to store for other values under the same keys.
    pub(super) fn locked(&self, values: &[u8]) -> Vec<u8> {
        let ids = key_ids(&self.stored.keys).unwrap();
        let owners: Vec<_> = ids
            .into_iter()
            .map(|id| (id, Arc::clone(&self.keys[&id])))
            .collect();
        let vault = vault_beside(&self.path);
        joined(&vault.seal(self.place(), &owners, values).unwrap())
    }
}

async fn payload(path: &Path, log_index: i64, slot: u16) -> Vec<u8> {
    let mut connection = raw(path).await;
    sqlx::query_scalar("select payload from slot where tenant = 1 and log_index = $1 and slot = $2")
        .bind(log_index)
        .bind(i64::from(slot))
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

pub(super) async fn put(path: &Path, log_index: i64, slot: u16, payload: Vec<u8>) {
    let mut connection = raw(path).await;
    sqlx::query("update slot set payload = $1 where tenant = 1 and log_index = $2 and slot = $3")
        .bind(payload)
        .bind(log_index)
        .bind(i64::from(slot))
        .execute(&mut connection)
        .await
        .unwrap();
}

async fn found(path: &Path) -> Vec<Finding> {
    verified(path).await.verification.findings
}

fn names(found: &[Finding], fault: (&str, &str, &str)) -> bool {
    let mut found = found.iter();
    found.any(|it| (it.table, it.row.as_str(), it.field.as_str()) == fault)
}

/// Moves the files of keys away, and says what verification finds without them.
async fn without_keys(path: &Path) -> Verified {
    let file = |end: &str| format!("{}{end}", path.display());
    for end in [".kek", ".keyring"] {
        fs::rename(file(end), file(&format!("{end}.away"))).unwrap();
    }
    let verified = verified(path).await;
    for end in [".kek", ".keyring"] {
        assert!(!Path::new(&file(end)).exists(), "verification makes keys");
        fs::rename(file(&format!("{end}.away")), file(end)).unwrap();
    }
    verified
}

#[tokio::test]
async fn any_byte_of_an_encrypted_slot_is_checked_and_its_check_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let stored = payload(&path, 3, 1).await;
    let here = ("slot", "3/1", "payload");
    // The form, the check, the count, the id of a key, the wrapped key, the values.
    for at in [
        0,
        1,
        8,
        9,
        10,
        11,
        30,
        31,
        60,
        90,
        91,
        120,
        stored.len() - 1,
    ] {
        let mut changed = stored.clone();
        changed[at] ^= 1;
        put(&path, 3, 1, changed.clone()).await;
        assert!(names(&found(&path).await, here), "byte {at}");
        let findings = without_keys(&path).await.verification.findings;
        assert!(names(&findings, here), "byte {at}, without keys");
        if at > 8 {
            put(&path, 3, 1, checked(&changed[9..])).await;
            let findings = found(&path).await;
            assert!(
                names(&findings, here),
                "byte {at}, with a check: {findings:#?}"
            );
        }
    }
    for end in [0, 1, 9, 11, 31, 91, stored.len() - 1] {
        put(&path, 3, 1, stored[..end].to_vec()).await;
        assert!(names(&found(&path).await, here), "{end} bytes");
    }
    put(&path, 3, 1, checked(&[&stored[9..], &[0]].concat())).await;
    assert!(names(&found(&path).await, here), "a byte more");
    put(&path, 3, 1, stored).await;
    assert!(verified(&path).await.ok);
}

#[tokio::test]
async fn a_slot_that_does_not_open_does_not_hide_what_else_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let mut stored = payload(&path, 3, 1).await;
    stored[20] ^= 1;
    put(&path, 3, 1, stored).await;
    assert_eq!(found(&path).await.len(), 1);
    spoil(&path, 3, Some(b"loan_decision")).await;
    run(
        &path,
        "update record set at_us = 5 where log_index = 2".to_owned(),
    )
    .await;
    let findings = found(&path).await;
    for fault in [
        ("slot", "3/1", "payload"),
        ("slot", "3", "payload"),
        ("record", "2", "at_us"),
    ] {
        assert!(names(&findings, fault), "{fault:?}: {findings:#?}");
    }
}

#[tokio::test]
async fn a_deleted_slot_is_named_as_missing_with_and_without_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    for (slot, row) in [(1, "3/1"), (0, "3/0")] {
        let kept = payload(&path, 3, slot).await;
        let sql = format!("delete from slot where log_index = 3 and slot = {slot}");
        run(&path, sql).await;
        let with = found(&path).await;
        let without = without_keys(&path).await.verification.findings;
        for found in [with, without] {
            assert!(names(&found, ("slot", row, "row")), "{row}: {found:#?}");
        }
        run(
            &path,
            format!("insert into slot values (1, 3, {slot}, x'00')"),
        )
        .await;
        put(&path, 3, slot, kept).await;
    }
    assert!(verified(&path).await.ok);
}

#[tokio::test]
async fn a_slot_of_another_record_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    // Both are about the same person, under the same key.
    let other = payload(&path, 1, 1).await;
    let own = payload(&path, 3, 1).await;
    assert_eq!(key_ids(&parts(&other).keys), key_ids(&parts(&own).keys));
    put(&path, 3, 1, other).await;
    let said: Vec<String> = found(&path).await.iter().map(ToString::to_string).collect();
    let only =
        "table slot, row 3/1, payload: it is not what was encrypted for this record and slot";
    assert_eq!(said, [only]);
}

#[tokio::test]
async fn values_that_are_not_encrypted_or_not_to_be_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let clear = Opening::of(&path, 3, 1).await.values();
    let (listing, locked) = (payload(&path, 3, 0).await, payload(&path, 3, 1).await);
    for (slot, payload) in [(1, clear), (1, listing), (0, locked)] {
        let kept = self::payload(&path, 3, slot).await;
        put(&path, 3, slot, payload).await;
        let row = format!("3/{slot}");
        let with = found(&path).await;
        let without = without_keys(&path).await.verification.findings;
        for found in [with, without] {
            assert!(names(&found, ("slot", &row, "payload")), "{found:#?}");
        }
        put(&path, 3, slot, kept).await;
    }
}

#[tokio::test]
async fn nothing_is_wrong_with_an_untouched_trail_whose_keys_are_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let Verified {
        ok,
        verification,
        warnings,
    } = without_keys(&path).await;
    assert_eq!(verification.findings, []);
    assert!(ok);
    assert_eq!(verification.locked, RECORDS);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let said = format!("the keys of personal values are not here: {RECORDS} records were checked");
    assert!(warnings[0].starts_with(&said), "{warnings:?}");
}

/// Changes one bit of the tenant's slot, in `part` of it or in the last commitment, with the right
/// check for the rest.
async fn spoil(path: &Path, log_index: i64, part: Option<&[u8]>) {
    let mut bytes = unpacked(&payload(path, log_index, 0).await);
    let at = match part {
        Some(part) => {
            let mut places = bytes.windows(part.len());
            places.position(|it| it == part).unwrap() + part.len()
        }
        None => bytes.len(),
    };
    bytes[at - 1] ^= 1;
    put(path, log_index, 0, packed(&bytes)).await;
}

#[tokio::test]
async fn a_changed_plain_value_or_commitment_is_named_without_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    for part in [Some(&b"loan_decision"[..]), None] {
        let kept = payload(&path, 3, 0).await;
        spoil(&path, 3, part).await;
        let said = |found: &[Finding]| found.iter().map(ToString::to_string).collect::<Vec<_>>();
        let only = "table slot, row 3, payload: its fields are not those its log entry commits to";
        let without = without_keys(&path).await.verification.findings;
        assert_eq!(said(&without), [only]);
        assert!(names(&found(&path).await, ("slot", "3", "payload")));
        put(&path, 3, 0, kept).await;
    }
}

#[tokio::test]
async fn a_key_that_is_missing_or_of_another_length_is_named_without_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let mut connection = raw(&path).await;
    let sql = "select lower(hex(entity)) || '/' || number from entity_key order by entity limit 1";
    let row = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
    let row: String = row.unwrap();
    drop(connection);
    let first = "entity = (select min(entity) from entity_key)";
    for (change, field) in [
        (
            format!("update entity_key set wrapped = x'00' where {first}"),
            "wrapped",
        ),
        (format!("delete from entity_key where {first}"), "row"),
    ] {
        run(&path, change).await;
        let with = found(&path).await;
        let without = without_keys(&path).await.verification.findings;
        for found in [with, without] {
            assert!(names(&found, ("entity_key", &row, field)), "{found:#?}");
        }
    }
}

#[tokio::test]
async fn the_epoch_of_a_key_is_named_when_it_is_another_than_it_was_encrypted_under() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    make(&path).await;
    let begun = vault_beside(&path).begin_epoch(time(2_000)).await.unwrap();
    assert!(verified(&path).await.ok);
    run(&path, format!("update entity_key set epoch = {begun}")).await;
    let findings = found(&path).await;
    let keys: Vec<&Finding> = findings
        .iter()
        .filter(|it| it.table == "entity_key")
        .collect();
    assert_eq!(keys.len(), 2, "{findings:#?}");
    for it in keys {
        assert_eq!(
            (it.field.as_str(), it.what.as_str()),
            ("epoch", "the key is encrypted under epoch 1")
        );
    }
}
