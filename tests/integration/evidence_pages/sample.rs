//! Bundles of sealed records, the same bytes every time.

use std::collections::BTreeMap;
use std::sync::Arc;

use contextrail::evidence::{
    CheckpointView, Claim, Custody, FieldEntry, RecordView, Scope, Signer, SignerRole, View,
};
use contextrail::log::{Hash, root};
use contextrail::record::{Body, Class, Digest, Draft, Kind, RecordId, Tenant, Texts};
use contextrail::seal::{Entry, Seed, Source, entry_hash, seal, value_commitment};
use serde_json::{Value, json};

use super::loan::{
    answer, approved, declined, loan_context, loan_texts, officer, override_review, repaid,
};
use crate::sample::{context, decision, entity, head, id, time, trail_id};
use crate::seal::formula::{hmac, slots};

/// A bundle, and the bytes of the entries it is about.
pub(super) struct Sample {
    pub(super) view: View,
    pub(super) entries: Vec<Vec<u8>>,
}

/// What a bundle gives of a field.
#[derive(Clone, Copy)]
pub(super) enum Given {
    Value,
    Name,
    Leaf,
}

/// A loan that a model declined and a person approved, which was then repaid.
pub(super) fn overridden() -> Sample {
    let mut bodies = vec![
        (id(1), loan_context(), loan_texts()),
        (id(2), answer().into(), Texts::default()),
        (id(3), declined().into(), Texts::default()),
        (id(5), approved().into(), Texts::default()),
        (id(4), override_review().into(), Texts::default()),
        (id(6), repaid().into(), Texts::default()),
    ];
    let refs: [&[usize]; 6] = [&[], &[0], &[0, 1], &[2], &[2, 3], &[3]];
    let subject = Some(entity("loan_application:12345"));
    bundle(Scope::Decision { subject }, bodies.drain(..), &refs)
}

/// One context with nothing in it but `more`, and no texts.
pub(super) fn one_context(more: Value) -> Sample {
    let scope = Scope::Range { from: 0, to: 0 };
    let record = (id(1), context(more).into(), Texts::default());
    bundle(scope, [record], &[&[]])
}

/// Two decisions next to each other in the log.
pub(super) fn range() -> Sample {
    let record = |number: u64| {
        let body = decision(json!({"subject": {"type": "claim", "id": number.to_string()}}));
        (id(number), body.into(), Texts::default())
    };
    bundle(
        Scope::Range { from: 0, to: 1 },
        [record(1), record(2)],
        &[&[], &[]],
    )
}

/// Everything about one person.
pub(super) fn about_one() -> Sample {
    let scope = Scope::Entity {
        entity: entity("applicant:user_456"),
    };
    let record = (id(1), loan_context(), loan_texts());
    bundle(scope, [record], &[&[]])
}

/// One decision with `more` in it.
pub(super) fn one_decision(more: Value) -> Sample {
    let scope = Scope::Range { from: 0, to: 0 };
    let record = (id(1), decision(more).into(), Texts::default());
    bundle(scope, [record], &[&[]])
}

/// One decision of a log that went on as epoch 2 after a restore, without the record of it.
pub(super) fn of_epoch_2() -> Sample {
    let mut sample = one_decision(json!({}));
    sample.view.checkpoint.origin.push_str("/2");
    sample
}

/// The same with the record that it went on, which is at index 1.
pub(super) fn succeeded() -> Sample {
    let head = |size: u64| {
        let root = Digest::Sha256([u8::try_from(size).unwrap(); 32]);
        json!({"origin": "contextrail/x/default", "size": size, "root": root})
    };
    let succession: contextrail::record::Succession = serde_json::from_value(json!({
        "epoch": 2, "restored": head(1), "known": head(4), "lost_from": 1, "lost_to": 4,
        "reason": "the disk was lost",
        "approved_by": [{"id": "anna", "kind": "human", "method": "asserted"},
                        {"id": "ben", "kind": "human", "method": "oidc"}],
    }))
    .unwrap();
    let records = [
        (id(1), decision(json!({})).into(), Texts::default()),
        (
            id(2),
            Body::Succession(Box::new(succession)),
            Texts::default(),
        ),
    ];
    let mut sample = bundle(Scope::Range { from: 0, to: 0 }, records, &[&[], &[]]);
    sample.view.checkpoint.origin.push_str("/2");
    sample
}

/// No record at all.
pub(super) fn empty() -> Sample {
    bundle(Scope::Decision { subject: None }, [], &[])
}

/// One context and one decision in which every free text is `text`.
pub(super) fn hostile(text: &str) -> Sample {
    let name: String = text.chars().filter(|c| *c != '\0').take(100).collect();
    let made = context(json!({
        "entities": [{"type": "applicant", "id": name}],
        "inputs": {name.clone(): text},
        "features": [{"name": name, "value": text, "source": "cache", "status": "ok", "fetched_at": time(0)}],
        "retrievals": [{"retriever": name, "query": text, "status": "ok",
                        "results": [{"rank": 1, "document": name, "uri": text, "used": "unused"}]}],
        "tools": [{"name": name, "arguments": {name.clone(): text}, "output": text, "status": "ok"}],
        "guardrails": [{"name": name, "stage": "input", "verdict": "flag", "native": text}],
        "capture": {"door": "native", "sections": {}, "warnings": [text]},
    }));
    let decided = decision(json!({
        "subject": {"type": "claim", "id": name}, "outcome": name, "contexts": [id(1)],
        "reasons": [{"code": name, "text": text}], "input_ref": text,
    }));
    let subject = Some(decided.subject.clone());
    let bodies = [
        (id(1), made.into(), Texts::default()),
        (id(2), decided.into(), Texts::default()),
    ];
    let mut sample = bundle(Scope::Decision { subject }, bodies, &[&[], &[0]]);
    sample.view.records[0].text = Some(text.to_owned());
    sample.view.checkpoint.origin = text.to_owned();
    sample.view.checkpoint.signers[0].name = text.to_owned();
    sample.view.custody.by = Some(text.to_owned());
    sample.view.custody.why = Some(text.to_owned());
    sample
}

impl Sample {
    /// The bundle with each field given as `given` says of its path and class.
    pub(super) fn giving(mut self, given: impl Fn(&str, Class) -> Given) -> View {
        for record in &mut self.view.records {
            for field in &mut record.fields {
                let FieldEntry::Shown {
                    path,
                    class,
                    salt,
                    value,
                } = &*field
                else {
                    continue;
                };
                let commitment = value_commitment(salt, value);
                let why = "asked for by the customer".to_owned();
                *field = match given(path, *class) {
                    Given::Value => continue,
                    Given::Name => FieldEntry::Named {
                        path: path.clone(),
                        class: *class,
                        commitment,
                        why,
                        gone: None,
                    },
                    Given::Leaf => FieldEntry::Hidden {
                        leaf: contextrail::seal::field_leaf(path, *class, &commitment),
                        why,
                    },
                };
            }
            record.text = None;
            record.texts.clear();
        }
        self.view
    }
}

fn bundle(
    scope: Scope,
    bodies: impl IntoIterator<Item = (RecordId, Body, Texts)>,
    refs: &[&[usize]],
) -> Sample {
    let mut records: Vec<RecordView> = Vec::new();
    let mut entries = Vec::new();
    for ((number, body), refs) in (0..).zip(bodies).zip(refs) {
        let refs: Vec<Hash> = refs.iter().map(|at| records[*at].entry_hash).collect();
        let (record, entry) = sealed(number, body, refs);
        records.push(record);
        entries.push(entry);
    }
    let leaves: Vec<Hash> = records.iter().map(|record| record.entry_hash).collect();
    let tenant = Tenant::default();
    let view = View {
        checkpoint: CheckpointView {
            origin: format!("contextrail/{}/{tenant}", trail_id()),
            size: u64::try_from(leaves.len()).unwrap(),
            root: root(&leaves),
            signers: vec![
                Signer {
                    name: "bank.example/log".into(),
                    role: SignerRole::Log,
                },
                Signer {
                    name: "auditor.example".into(),
                    role: SignerRole::Witness { at: time(90) },
                },
            ],
            timestamps: Vec::new(),
        },
        claim: Claim {
            scope,
            tenant,
            trail: trail_id(),
        },
        records,
        custody: Custody {
            by: Some("compliance@bank.example".into()),
            made_for: Some("ombudsman".into()),
            at: time(100_000),
            why: Some("complaint 77/2025".into()),
        },
        asked: Vec::new(),
    };
    Sample { view, entries }
}

fn sealed(
    index: u64,
    (id, body, texts): (RecordId, Body, Texts),
    refs: Vec<Hash>,
) -> (RecordView, Vec<u8>) {
    let kind = body.kind();
    let kept: Vec<(Arc<str>, Class)> = texts
        .items
        .iter()
        .map(|item| (Arc::clone(&item.text), item.class))
        .collect();
    let text = texts.text.as_ref().map(ToString::to_string);
    let mut draft = Draft::new(id, body);
    draft.about = vec![entity("applicant:user_456")];
    draft.texts = texts;
    let mut seeds = BTreeMap::new();
    for slot in 0..8_u8 {
        seeds.insert(u16::from(slot), Seed::from_bytes([slot + 1; 32]));
    }
    let source = Source::Elsewhere {
        seeds,
        texts: BTreeMap::new(),
    };
    let mut head = head(id);
    if kind == Kind::Review {
        head.actor = officer();
    }
    let sealed = seal(head, draft, &source).unwrap();
    let entry = Entry::new(time(60), id, kind, (sealed.fields, &sealed.root), &refs);
    let entry = entry.to_bytes().unwrap();
    let mut texts = BTreeMap::new();
    if let Body::Context(context) = &sealed.record.body {
        let items = context.assembly.iter().flat_map(|it| &it.items);
        for (item, (text, _)) in items.zip(&kept) {
            texts.extend(item.digest.map(|it: Digest| (it, text.to_string())));
        }
    }
    let record = RecordView {
        id,
        kind,
        index,
        entry_hash: entry_hash(&entry),
        refs,
        fields: fields(&sealed),
        text,
        texts,
    };
    (record, entry)
}

fn fields(sealed: &contextrail::seal::Sealed) -> Vec<FieldEntry> {
    let mut found = BTreeMap::new();
    for (_, seed, cut) in slots(sealed) {
        for (class, path, value) in cut {
            let salt = hmac(&seed, &[b"salt\0", path.as_bytes()].concat());
            let class = [Class::Plain, Class::Confidential, Class::Personal][usize::from(class)];
            let salt = salt.try_into().unwrap();
            found.insert(
                path.clone(),
                FieldEntry::Shown {
                    path,
                    class,
                    salt,
                    value,
                },
            );
        }
    }
    found.into_values().collect()
}
