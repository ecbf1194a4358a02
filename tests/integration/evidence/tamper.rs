//! Every class of tampering is found by both verifiers, in the file where it is.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use contextrail::evidence::container::{Limits, Packing, read};
use contextrail::evidence::{FileNote, Manifest, Redactions, Verifier, Withheld, pack};
use contextrail::log::{Checkpoint, Hash, SignedCheckpoint, SigningKey, TlogProof};
use contextrail::record::Draft;
use contextrail::seal::to_canonical;
use serde_json::{Value, json};

use super::both::{Both, Verdict};
use super::sealed_log::{CONTEXT, DECISION, SealedLog, origin, path};

/// What is done to a file.
type Edit<'a> = &'a dyn Fn(&mut Value);

pub(super) fn base64(hash: &Hash) -> String {
    BASE64.encode(hash)
}

type Files = BTreeMap<String, Vec<u8>>;

/// A bundle in the hands of somebody who changes it, and then makes the manifest fit again: it is
/// not signed.
pub(crate) struct Tampered {
    files: Files,
}

impl Tampered {
    pub(crate) fn of(bundle: &[u8]) -> Self {
        Self {
            files: read(bundle, &Limits::default()).unwrap().files,
        }
    }

    pub(crate) fn edit(mut self, name: &str, change: impl FnOnce(&mut Value)) -> Self {
        let bytes = self.files.get_mut(name).unwrap();
        let mut value: Value = serde_json::from_slice(bytes).unwrap();
        change(&mut value);
        *bytes = to_canonical(&value).unwrap();
        self
    }

    pub(crate) fn replace(mut self, name: &str, content: Vec<u8>) -> Self {
        self.files.insert(name.to_owned(), content);
        self
    }

    pub(super) fn content(&self, name: &str) -> Vec<u8> {
        self.files[name].clone()
    }

    pub(super) fn remove(mut self, name: &str) -> Self {
        assert!(self.files.remove(name).is_some(), "{name}");
        self
    }

    /// Packs the files, with a manifest that lists what is there.
    pub(crate) fn resealed(self) -> Vec<u8> {
        let notes = self
            .files
            .iter()
            .filter(|(name, _)| *name != "manifest.json");
        let notes: BTreeMap<_, _> = notes
            .map(|(name, content)| (name.clone(), FileNote::of(content, media_type(name))))
            .collect();
        let notes = serde_json::to_value(notes).unwrap();
        self.edit("manifest.json", |manifest| manifest["files"] = notes)
            .rewrapped()
    }

    /// Packs the files, with a manifest that fits their packed bytes.
    fn rewrapped(self) -> Vec<u8> {
        let packing = Packing::new(&self.files, Limits::default()).unwrap();
        let digest = Manifest::packed_text(packing.digest());
        drop(packing);
        self.edit("manifest.json", |it| it["packed_sha256"] = json!(digest))
            .packed()
    }

    fn packed(self) -> Vec<u8> {
        let manifest = self.files.get("manifest.json");
        let packing = Packing::new(&self.files, Limits::default()).unwrap();
        match manifest {
            Some(manifest) => packing.finish(manifest).unwrap(),
            None => super::zip::Zip::of(&self.files).bytes(),
        }
    }
}

fn media_type(name: &str) -> &'static str {
    name.parse::<contextrail::evidence::FileName>()
        .map_or("text/plain", contextrail::evidence::FileName::media_type)
}

pub(super) fn record_file(log: &SealedLog, index: usize) -> String {
    format!("records/{}.json", log.records[index].id)
}

/// Judges each bundle: it has to fail, with a finding in the file named.
pub(super) fn all_fail(log: &SealedLog, tampered: Vec<(&str, String, Vec<u8>)>) {
    let mut both = Both::new(log.keys());
    let mut expected = Vec::new();
    for (name, file, bundle) in tampered {
        both.add(name, bundle);
        expected.push(file);
    }
    for ((name, verdict), file) in both.judge().into_iter().zip(expected) {
        assert_eq!(verdict.state, "failed", "{name}");
        assert!(verdict.files.contains(&file), "{name}: {file}: {verdict:?}");
    }
}

#[test]
fn a_changed_byte_in_any_file_is_found_there() {
    let log = SealedLog::new();
    let mut tampered = Vec::new();
    for (_, bundle) in log.bundles() {
        let files = Tampered::of(&bundle).files;
        for (name, content) in &files {
            for at in [0, content.len() / 3, content.len() / 2, content.len() - 1] {
                let mut content = content.clone();
                content[at] ^= 1;
                let files = Tampered {
                    files: files.clone(),
                };
                let bundle = files.replace(name, content).packed();
                tampered.push(("changed", name.clone(), bundle));
            }
        }
    }
    let all = tampered.into_iter().map(|(what, name, bundle)| {
        // A change of the manifest may show in the file that it then is wrong about.
        let name = if name == "manifest.json" {
            None
        } else {
            Some(name)
        };
        (what, name, bundle)
    });
    let mut both = Both::new(log.keys());
    let mut expected = Vec::new();
    for (what, name, bundle) in all {
        both.add(what, bundle);
        expected.push(name);
    }
    for ((_, verdict), name) in both.judge().into_iter().zip(expected) {
        assert_eq!(verdict.state, "failed");
        assert!(
            name.is_none_or(|name| verdict.files.contains(&name)),
            "{verdict:?}"
        );
    }
}

#[test]
fn a_changed_bit_of_the_container_never_verifies() {
    let log = SealedLog::new();
    let bundle = pack(log.range_input()).unwrap();
    let verifier = Verifier::new(log.keys());
    let mut both = Both::new(log.keys());
    for at in (0..bundle.len()).step_by(13) {
        let mut changed = bundle.clone();
        changed[at] ^= 1 << (at % 8);
        let verdict = Verdict::of_library(&verifier, &changed);
        assert!(verdict.state == "failed", "{at}: {verdict:?}");
        if at % 97 == 0 || at + 22 > bundle.len() {
            both.add(format!("{at}"), changed);
        }
    }
    both.judge();
}

#[test]
fn every_bit_of_the_container_counts() {
    let bundle = pack(SealedLog::new().range_input()).unwrap();
    let whole = read(&bundle, &Limits::default()).unwrap();
    for at in 0..bundle.len() {
        let mut changed = bundle.clone();
        changed[at] ^= 1 << (at % 8);
        let Ok(found) = read(&changed, &Limits::default()) else {
            continue;
        };
        let is_same = found.files == whole.files && found.digest == whole.digest;
        assert!(found.form.is_err() || !is_same, "{at}");
    }
}

#[test]
fn changed_fields_are_found() {
    let log = SealedLog::new();
    let bundle = pack(log.decision_input()).unwrap();
    let file = record_file(&log, DECISION);
    let field = |value: &mut Value, path: &str, change: &dyn Fn(&mut Value)| {
        let fields = value["fields"].as_array_mut().unwrap();
        change(fields.iter_mut().find(|it| it["path"] == path).unwrap());
    };
    let edits: [(&str, Edit<'_>); 14] = [
        ("no path", &|it| {
            field(it, "/outcome", &|it| it["path"] = json!(""));
        }),
        ("a path that begins nowhere", &|it| {
            field(it, "/outcome", &|it| it["path"] = json!("outcome"));
        }),
        ("dropped field", &|it| {
            it["fields"].as_array_mut().unwrap().remove(3);
        }),
        ("added field", &|it| {
            let fields = it["fields"].as_array_mut().unwrap();
            let mut more = fields.last().unwrap().clone();
            more["path"] = json!("/zzz");
            fields.push(more);
        }),
        ("renamed path", &|it| {
            field(it, "/outcome", &|it| it["path"] = json!("/outcomf"));
        }),
        ("swapped class", &|it| {
            field(it, "/outcome", &|it| it["class"] = json!("plain"));
        }),
        ("changed value", &|it| {
            let refused = BASE64.encode(br#""refused""#);
            field(it, "/outcome", &|it| it["value"] = json!(refused));
        }),
        ("changed salt", &|it| {
            field(it, "/outcome", &|it| it["salt"] = json!(base64(&[0; 32])));
        }),
        ("swapped order", &|it| {
            it["fields"].as_array_mut().unwrap().swap(2, 3);
        }),
        ("field twice", &|it| {
            let fields = it["fields"].as_array_mut().unwrap();
            fields.insert(1, fields[0].clone());
        }),
        ("unknown member", &|it| it["more"] = json!(1)),
        ("unknown class", &|it| {
            field(it, "/outcome", &|it| it["class"] = json!("secret"));
        }),
        ("another index", &|it| it["index"] = json!(2)),
        ("another kind", &|it| it["kind"] = json!("review")),
    ];
    let tampered = edits.map(|(name, edit)| {
        let bundle = Tampered::of(&bundle).edit(&file, edit).resealed();
        (name, file.clone(), bundle)
    });
    all_fail(&log, tampered.into());
}

#[test]
fn an_entry_of_another_version_is_found() {
    let log = SealedLog::new();
    let bundle = pack(log.decision_input()).unwrap();
    let versions = [json!(2), json!(true), json!("1")];
    let tampered = versions.map(|version| {
        let bundle = Tampered::of(&bundle).edit("entries/3.json", |it| it["v"] = version);
        ("version", "entries/3.json".to_owned(), bundle.resealed())
    });
    all_fail(&log, tampered.into());
}

#[test]
fn redactions_cannot_be_changed_afterwards() {
    let log = SealedLog::new();
    let mut input = log.decision_input();
    input.redactions = Redactions::new("not asked for")
        .with(Withheld::Value, "/outcome".parse().unwrap())
        .with(Withheld::Field, "/reasons".parse().unwrap());
    let bundle = pack(input).unwrap();
    let file = record_file(&log, DECISION);
    let find = |value: &mut Value, has: &str, change: &dyn Fn(&mut Value)| {
        let fields = value["fields"].as_array_mut().unwrap();
        change(fields.iter_mut().find(|it| it.get(has).is_some()).unwrap());
    };
    let edits: [(&str, Edit<'_>); 6] = [
        ("renamed", &|it| {
            find(it, "vc", &|it| it["path"] = json!("/outcomf"));
        }),
        ("other commitment", &|it| {
            find(it, "vc", &|it| it["vc"] = json!(base64(&[1; 32])));
        }),
        ("other class", &|it| {
            find(it, "vc", &|it| it["class"] = json!("confidential"));
        }),
        ("no reason", &|it| {
            find(it, "vc", &|it| it["why"] = json!(""));
        }),
        ("other leaf", &|it| {
            find(it, "leaf", &|it| it["leaf"] = json!(base64(&[1; 32])));
        }),
        ("dropped leaf", &|it| {
            let fields = it["fields"].as_array_mut().unwrap();
            fields.retain(|it| it.get("leaf").is_none());
        }),
    ];
    let tampered = edits.map(|(name, edit)| {
        let bundle = Tampered::of(&bundle).edit(&file, edit).resealed();
        (name, file.clone(), bundle)
    });
    all_fail(&log, tampered.into());
}

#[test]
fn changed_texts_are_found() {
    let log = SealedLog::new();
    let bundle = pack(log.decision_input()).unwrap();
    let file = format!("texts/{}.json", log.records[CONTEXT].id);
    let tampered = || Tampered::of(&bundle);
    let mut redacted = log.decision_input();
    redacted.redactions =
        Redactions::new("w").with(Withheld::Value, "/inputs/income".parse().unwrap());
    let text = tampered().files[&file].clone();
    all_fail(
        &log,
        vec![
            (
                "changed text",
                file.clone(),
                tampered()
                    .edit(&file, |it| it["text"] = json!("Another policy"))
                    .resealed(),
            ),
            (
                "changed item",
                file.clone(),
                tampered()
                    .edit(&file, |it| {
                        for item in it["items"].as_object_mut().unwrap().values_mut() {
                            *item = json!("Another policy");
                        }
                    })
                    .resealed(),
            ),
            (
                "without seeds",
                file.clone(),
                tampered()
                    .edit(&file, |it| it["seeds"] = json!([]))
                    .resealed(),
            ),
            (
                "beside a redacted record",
                file.clone(),
                Tampered::of(&pack(redacted).unwrap())
                    .replace(&file, text)
                    .resealed(),
            ),
        ],
    );
}

#[test]
fn added_and_dropped_records_are_found() {
    let log = SealedLog::new();
    let range = pack(log.range_input()).unwrap();
    let decision = pack(log.decision_input()).unwrap();
    let mut wide = log.decision_input();
    wide.records.push(log.packed_record(6));
    let mut open = log.decision_input();
    open.records.remove(0);
    let mut gap = log.range_input();
    gap.records.remove(2);
    let mut outside = log.range_input();
    outside.records.push(log.packed_record(6));
    let mut entity = log.entity_input();
    entity.records.push(log.packed_record(6));
    let id = log.records[6].id;
    let manifest = || "manifest.json".to_owned();
    all_fail(
        &log,
        vec![
            (
                "unrelated record",
                record_file(&log, 6),
                pack(wide).unwrap(),
            ),
            (
                "open reference",
                "entries/2.json".to_owned(),
                pack(open).unwrap(),
            ),
            ("gap in a range", manifest(), pack(gap).unwrap()),
            (
                "outside the range",
                record_file(&log, 6),
                pack(outside).unwrap(),
            ),
            (
                "not about the entity",
                record_file(&log, 6),
                pack(entity).unwrap(),
            ),
            (
                "record dropped",
                manifest(),
                Tampered::of(&range)
                    .remove(&record_file(&log, 2))
                    .remove("entries/2.json")
                    .remove("proofs/2.tlog-proof")
                    .resealed(),
            ),
            (
                "record dropped with its index",
                manifest(),
                Tampered::of(&range)
                    .remove(&record_file(&log, 2))
                    .remove("entries/2.json")
                    .remove("proofs/2.tlog-proof")
                    .edit("manifest.json", |it| {
                        it["claim"]["indexes"] = json!([0, 1, 3, 4]);
                    })
                    .resealed(),
            ),
            (
                "record added",
                record_file(&log, 6),
                Tampered::of(&decision)
                    .replace(
                        &record_file(&log, 6),
                        Tampered::of(&pack(outside_of(&log)).unwrap()).files
                            [&format!("records/{id}.json")]
                            .clone(),
                    )
                    .resealed(),
            ),
        ],
    );
}

fn outside_of(log: &SealedLog) -> contextrail::evidence::PackInput {
    let mut input = log.range_input();
    input.records.push(log.packed_record(6));
    input
}

#[test]
fn files_that_are_missing_additional_or_swapped_are_found() {
    let log = SealedLog::new();
    let bundle = pack(log.decision_input()).unwrap();
    let names: Vec<String> = Tampered::of(&bundle).files.into_keys().collect();
    let mut tampered = Vec::new();
    for name in &names {
        let without = Tampered::of(&bundle).remove(name).packed();
        tampered.push(("removed", name.clone(), without));
        if name != "manifest.json" && !name.starts_with("texts/") {
            let resealed = Tampered::of(&bundle).remove(name).resealed();
            let file = if name.starts_with("records/") {
                "manifest.json"
            } else {
                name
            };
            tampered.push(("removed, and from the manifest", file.to_owned(), resealed));
        }
    }
    for name in [
        "other.txt",
        "summary.html",
        "entries/77.json",
        "tokens/5.tsr",
    ] {
        let added = Tampered::of(&bundle).replace(name, b"{}".to_vec()).packed();
        tampered.push(("added", name.to_owned(), added));
    }
    let entries = ["entries/3.json", "entries/4.json"];
    let files = Tampered::of(&bundle).files;
    let swapped = Tampered::of(&bundle)
        .replace(entries[0], files[entries[1]].clone())
        .replace(entries[1], files[entries[0]].clone())
        .resealed();
    tampered.push(("swapped", record_file(&log, DECISION), swapped));
    all_fail(&log, tampered);
}

#[test]
fn changed_claims_are_found() {
    let log = SealedLog::new();
    let decision = pack(log.decision_input()).unwrap();
    let range = pack(log.range_input()).unwrap();
    let other = crate::sample::id(99);
    let edits: [(&str, &[u8], Edit<'_>); 11] = [
        ("origin", &decision, &|it| {
            it["claim"]["origin"] = json!("contextrail/x/default");
        }),
        ("tenant", &decision, &|it| {
            it["claim"]["tenant"] = json!("other");
        }),
        ("trail", &decision, &|it| {
            it["claim"]["trail"] = json!(other);
        }),
        ("size", &decision, &|it| it["claim"]["tree_size"] = json!(8)),
        ("root", &decision, &|it| {
            it["claim"]["root"] = json!(base64(&[0; 32]));
        }),
        ("decisions", &decision, &|it| {
            it["claim"]["decisions"] = json!([other]);
        }),
        ("no decisions", &decision, &|it| {
            it["claim"]["decisions"] = json!([]);
        }),
        ("schema", &decision, &|it| {
            it["schema"] = json!("contextrail.evidence/2");
        }),
        ("kind", &decision, &|it| it["kind"] = json!("range")),
        ("pages", &decision, &|it| it["pages"] = json!(1)),
        ("range", &range, &|it| it["claim"]["to"] = json!(5)),
    ];
    let tampered = edits.map(|(name, bundle, edit)| {
        let file = match name {
            "pages" => "summary.html",
            _ => "manifest.json",
        };
        let bundle = Tampered::of(bundle).edit("manifest.json", edit).packed();
        let file = if matches!(name, "size" | "root") {
            "proofs/1.tlog-proof"
        } else {
            file
        };
        (name, file.to_owned(), bundle)
    });
    all_fail(&log, tampered.into());
    let subject = Tampered::of(&decision)
        .edit("manifest.json", |it| {
            it["claim"]["subject"]["id"] = json!("54321");
        })
        .packed();
    all_fail(
        &log,
        vec![("subject", record_file(&log, DECISION), subject)],
    );
}

/// The proof of `index` under a checkpoint that somebody else makes.
fn proof(log: &SealedLog, index: usize, head: SignedCheckpoint) -> Vec<u8> {
    let at = u64::try_from(index).unwrap();
    let path = path(index, &log.leaves());
    TlogProof::new(at, path, head)
        .unwrap()
        .to_string()
        .into_bytes()
}

#[test]
fn other_logs_and_other_keys_are_found() {
    let log = SealedLog::new();
    let bundle = pack(log.decision_input()).unwrap();
    let size = u64::try_from(log.records.len()).unwrap();
    let root = contextrail::log::root(&log.leaves());
    let forger = SigningKey::from_seed(origin("default").parse().unwrap(), &[9; 32]);
    let head = Checkpoint::new(origin("default"), size, root).unwrap();
    let forged = SignedCheckpoint::sign(head, &forger).unwrap();
    let elsewhere = log.log_key.with_name(origin("other").parse().unwrap());
    let head = Checkpoint::new(origin("other"), size, root).unwrap();
    let other = SignedCheckpoint::sign(head, &elsewhere).unwrap();
    let proof_file = |index| format!("proofs/{index}.tlog-proof");
    let with = |head: &SignedCheckpoint, indexes: &[usize]| {
        let all = Tampered::of(&bundle);
        let all = indexes.iter().fold(all, |all, index| {
            all.replace(&proof_file(*index), proof(&log, *index, head.clone()))
        });
        all.resealed()
    };
    all_fail(
        &log,
        vec![
            ("forged", proof_file(1), with(&forged, &[1, 2, 3, 4, 5])),
            ("one forged", proof_file(3), with(&forged, &[3])),
            (
                "other origin",
                proof_file(1),
                with(&other, &[1, 2, 3, 4, 5]),
            ),
            ("one of other origin", proof_file(3), with(&other, &[3])),
            ("older head", proof_file(3), with(&log.head_at(5), &[3])),
        ],
    );
}

#[test]
fn a_record_that_was_never_logged_is_found() {
    let mut log = SealedLog::new();
    let bundle = pack(log.range_input()).unwrap();
    let context = crate::sample::context(json!({"inputs": {"forged": true}}));
    let keys = log.keys();
    log.append(Draft::new(crate::sample::id(2), context), &[]);
    let forged = log.packed_record(7);
    let fields = forged.fields.into_iter();
    let record = contextrail::evidence::RecordFile {
        id: forged.id,
        kind: forged.kind,
        index: 1,
        fields: fields.collect(),
    };
    let bundle = Tampered::of(&bundle)
        .replace(&record_file(&log, 7), record.to_bytes().unwrap())
        .replace("entries/1.json", forged.entry)
        .resealed();
    let mut both = Both::new(keys);
    both.add("forged", bundle);
    let (_, verdict) = both.judge().remove(0);
    assert_eq!(verdict.state, "failed");
    assert!(verdict.files.contains("proofs/1.tlog-proof"), "{verdict:?}");
}
