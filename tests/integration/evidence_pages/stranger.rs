//! What `VERIFY.md` tells a stranger to do, done.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use contextrail::evidence::{FieldEntry, RecordView, derived_files};
use contextrail::log::{Hash, hash_node, root};
use serde_json::{Value, json};

use super::sample::{Given, Sample, overridden};

#[test]
fn the_steps_check_a_bundle_of_which_half_is_withheld() {
    let entries = overridden().entries;
    let view = overridden().giving(|path, _| match path.len() % 3 {
        0 => Given::Value,
        1 => Given::Name,
        _ => Given::Leaf,
    });
    let folder = unpacked(&Sample { view, entries });
    let ran = followed(folder.path());
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let out = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(
        out.lines().filter(|it| it.contains(" of 6; ")).count(),
        6,
        "{out}"
    );
}

#[test]
fn the_steps_stop_at_a_changed_value() {
    let mut sample = overridden();
    let field = sample.view.records[2]
        .fields
        .iter_mut()
        .find(|it| it.path() == Some("/outcome"));
    if let Some(FieldEntry::Shown { value, .. }) = field {
        *value = b"\"approved\"".to_vec();
    }
    let ran = followed(unpacked(&sample).path());
    assert!(!ran.status.success());
    assert!(String::from_utf8_lossy(&ran.stderr).contains("changed: records/"));
}

#[test]
fn the_steps_stop_at_an_entry_of_another_log() {
    let mut sample = overridden();
    sample.view.checkpoint.root[0] ^= 1;
    let ran = followed(unpacked(&sample).path());
    assert!(String::from_utf8_lossy(&ran.stderr).contains("not in the log"));
}

/// Runs the Python of `VERIFY.md` in `folder`.
fn followed(folder: &Path) -> Output {
    let page = fs::read_to_string(folder.join("VERIFY.md")).unwrap();
    let script = page
        .split("```python\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    Command::new("python3")
        .args(["-c", script])
        .current_dir(folder)
        .output()
        .unwrap()
}

/// The files that the steps read.
fn unpacked(sample: &Sample) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let view = &sample.view;
    for name in ["records", "entries", "proofs"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let put = |name: String, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let leaves: Vec<Hash> = view.records.iter().map(|it| it.entry_hash).collect();
    let checkpoint = &view.checkpoint;
    let head = format!(
        "{}\n{}\n{}\n",
        checkpoint.origin,
        checkpoint.size,
        BASE64.encode(checkpoint.root)
    );
    let signature = BASE64.encode([0_u8; 68]);
    for (at, (record, entry)) in view.records.iter().zip(&sample.entries).enumerate() {
        put(
            format!("records/{}.json", record.id),
            record_file(record).to_string().as_bytes(),
        );
        put(format!("entries/{at}.json"), entry);
        let path: String = path(&leaves, at)
            .iter()
            .map(|it| BASE64.encode(it) + "\n")
            .collect();
        let proof =
            format!("c2sp.org/tlog-proof@v1\nindex {at}\n{path}\n{head}\n— log {signature}\n");
        put(format!("proofs/{at}.tlog-proof"), proof.as_bytes());
    }
    put(
        "keys.txt".into(),
        format!("log+00000000+{}\n", BASE64.encode([1_u8; 33])).as_bytes(),
    );
    put(
        "VERIFY.md".into(),
        derived_files(view).unwrap()["VERIFY.md"].as_bytes(),
    );
    folder
}

fn record_file(record: &RecordView) -> Value {
    let field = |field: &FieldEntry| match field {
        FieldEntry::Shown {
            path,
            class,
            salt,
            value,
        } => json!({
            "path": path, "class": class.as_str(), "salt": BASE64.encode(salt), "value": BASE64.encode(value),
        }),
        FieldEntry::Named {
            path,
            class,
            commitment,
            why,
            gone: _,
        } => json!({
            "path": path, "class": class.as_str(), "vc": BASE64.encode(commitment), "why": why,
        }),
        FieldEntry::Hidden { leaf, why } => json!({"leaf": BASE64.encode(leaf), "why": why}),
    };
    let fields: Vec<Value> = record.fields.iter().map(field).collect();
    json!({"id": record.id, "kind": record.kind, "index": record.index, "fields": fields})
}

/// The inclusion path of the leaf at `at` (RFC 6962 §2.1.1).
fn path(leaves: &[Hash], at: usize) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let split = 1 << (leaves.len() - 1).ilog2();
    let (left, right) = leaves.split_at(split);
    assert_eq!(hash_node(&root(left), &root(right)), root(leaves));
    let (mut below, beside) = if at < split {
        (path(left, at), root(right))
    } else {
        (path(right, at - split), root(left))
    };
    below.push(beside);
    below
}
