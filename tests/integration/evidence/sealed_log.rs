//! A small log of sealed records, with the keys of its log and of a witness.

use contextrail::evidence::{
    CarriedText, Claim, Custody, FieldEntry, PackInput, PackRecord, Redactions, Scope, pack,
};
use contextrail::log::{
    Checkpoint, Cosigner, Hash, SignedCheckpoint, SigningKey, TlogProof, VerifierKey, root,
};
use contextrail::record::{Body, Class, Digest, Draft, Kind, RecordId, Tenant};
use contextrail::seal::{Entry, Sealed, Seed};
use serde_json::{Value, json};

use crate::sample::{assembled, context, decision, entity, id, sealed, time, trail_id};
use crate::seal::formula::{hmac, slots};

/// One record of the log.
pub(super) struct Logged {
    pub(super) id: RecordId,
    pub(super) kind: Kind,
    pub(super) entry: Vec<u8>,
    pub(super) hash: Hash,
    fields: Vec<FieldEntry>,
    text: Option<CarriedText>,
}

pub(super) struct SealedLog {
    pub(super) records: Vec<Logged>,
    origin: String,
    pub(super) log_key: SigningKey,
    pub(super) witness: Cosigner,
}

/// Places in the log of [`SealedLog::new`].
pub(super) const CONTEXT: usize = 1;
pub(super) const DECISION: usize = 3;

impl SealedLog {
    /// An unrelated context; a context with its generation, decision, review and outcome; another
    /// unrelated one.
    pub(super) fn new() -> Self {
        let mut log = Self::empty(origin("default"));
        log.append(Draft::new(id(1), context(json!({}))), &[]);
        let seen = log.append(rich_context(), &[]);
        let answer = log.append(generation(), &[seen]);
        let decided = log.append(decided(), &[seen, answer]);
        log.append(review(), &[decided]);
        log.append(outcome(), &[decided]);
        log.append(Draft::new(id(7), context(json!({"inputs": {"a": 1}}))), &[]);
        log
    }

    /// A log of these records, which refer to none.
    pub(super) fn of(drafts: impl IntoIterator<Item = Draft>) -> Self {
        let mut log = Self::empty(origin("default"));
        for draft in drafts {
            log.append(draft, &[]);
        }
        log
    }

    /// A bundle of the whole log.
    pub(super) fn whole_input(&self) -> PackInput {
        let indexes: Vec<usize> = (0..self.records.len()).collect();
        let to = u64::try_from(self.records.len() - 1).unwrap();
        self.input(Scope::Range { from: 0, to }, &indexes)
    }

    fn empty(origin: String) -> Self {
        Self {
            records: Vec::new(),
            log_key: SigningKey::from_seed(origin.parse().unwrap(), &[1; 32]),
            origin,
            witness: Cosigner::new(SigningKey::from_seed(
                "witness.example".parse().unwrap(),
                &[2; 32],
            )),
        }
    }

    /// The same log, gone on as epoch 2 after it lost three entries: a succession at index 7.
    pub(super) fn succeeded() -> Self {
        let first = Self::new();
        let restored = first.head();
        let head =
            |size: u64, root: Digest| json!({"origin": first.origin, "size": size, "root": root});
        let body = json!({
            "epoch": 2, "restored": head(7, Digest::Sha256(*restored.checkpoint().root())),
            "known": head(10, Digest::Sha256([7; 32])), "lost_from": 7, "lost_to": 10,
            "reason": "the disk was lost",
            "approved_by": [{"id": "anna", "kind": "human", "method": "asserted"},
                            {"id": "backup-job", "kind": "service", "method": "token"}],
        });
        let succession: contextrail::record::Succession = serde_json::from_value(body).unwrap();
        let mut log = Self {
            records: first.records,
            ..Self::empty(format!("{}/2", origin("default")))
        };
        log.append(
            Draft::new(id(8), Body::Succession(Box::new(succession))),
            &[],
        );
        log
    }

    /// Appends a record and gives its entry hash.
    pub(super) fn append(&mut self, draft: Draft, refs: &[Hash]) -> Hash {
        let text = draft.texts.text.clone();
        let sealed = sealed(draft);
        let record = &sealed.record;
        let (record_id, kind) = (record.head.id, record.kind());
        let at = time(i64::try_from(self.records.len()).unwrap());
        let entry = Entry::new(at, record_id, kind, (sealed.fields, &sealed.root), refs);
        let entry = entry.to_bytes().unwrap();
        let hash = contextrail::seal::entry_hash(&entry);
        self.records.push(Logged {
            id: record_id,
            kind,
            entry,
            hash,
            fields: fields(&sealed),
            text: text.map(|text| carried(&sealed, &text)),
        });
        hash
    }

    pub(super) fn leaves(&self) -> Vec<Hash> {
        self.records.iter().map(|it| it.hash).collect()
    }

    /// The head of the log at its whole size, signed by log and witness.
    pub(super) fn head(&self) -> SignedCheckpoint {
        self.head_at(self.records.len())
    }

    pub(super) fn head_at(&self, size: usize) -> SignedCheckpoint {
        let leaves = self.leaves();
        let size_in_log = u64::try_from(size).unwrap();
        let head =
            Checkpoint::new(self.origin.clone(), size_in_log, root(&leaves[..size])).unwrap();
        let mut signed = SignedCheckpoint::sign(head, &self.log_key).unwrap();
        let cosigned = self.witness.cosign(signed.checkpoint(), 1_763_800_000);
        signed.add(cosigned.unwrap()).unwrap();
        signed
    }

    pub(super) fn keys(&self) -> Vec<VerifierKey> {
        vec![self.log_key.verifier_key(), self.witness.verifier_key()]
    }

    pub(super) fn packed_record(&self, index: usize) -> PackRecord {
        let record = &self.records[index];
        let index_in_log = u64::try_from(index).unwrap();
        let path = path(index, &self.leaves());
        let proof = TlogProof::new(index_in_log, path, self.head()).unwrap();
        PackRecord {
            id: record.id,
            kind: record.kind,
            index: index_in_log,
            entry: record.entry.clone(),
            fields: record.fields.clone(),
            proof: proof.to_string(),
            text: record.text.clone(),
        }
    }

    pub(super) fn input(&self, scope: Scope, indexes: &[usize]) -> PackInput {
        PackInput {
            decisions: match scope {
                Scope::Decision { .. } => vec![self.records[DECISION].id],
                _ => Vec::new(),
            },
            claim: Claim {
                scope,
                tenant: Tenant::default(),
                trail: trail_id(),
            },
            records: indexes.iter().map(|it| self.packed_record(*it)).collect(),
            keys: self.keys(),
            tokens: Vec::new(),
            custody: Custody {
                by: Some("compliance".to_owned()),
                made_for: Some("the regulator".to_owned()),
                at: time(1_000),
                why: None,
            },
            redactions: Redactions::default(),
            absent: Vec::new(),
            pages: None,
        }
    }

    pub(super) fn decision_input(&self) -> PackInput {
        let subject = Some(entity("loan_application:12345"));
        self.input(Scope::Decision { subject }, &[1, 2, 3, 4, 5])
    }

    pub(super) fn range_input(&self) -> PackInput {
        self.input(Scope::Range { from: 0, to: 4 }, &[0, 1, 2, 3, 4])
    }

    pub(super) fn entity_input(&self) -> PackInput {
        let entity = entity("applicant:user_456");
        self.input(Scope::Entity { entity }, &[1, 2, 3, 4, 5])
    }

    /// A bundle of each kind.
    pub(super) fn bundles(&self) -> [(&'static str, Vec<u8>); 3] {
        [
            ("decision", pack(self.decision_input()).unwrap()),
            ("range", pack(self.range_input()).unwrap()),
            ("entity", pack(self.entity_input()).unwrap()),
        ]
    }
}

pub(super) fn origin(tenant: &str) -> String {
    format!("contextrail/{}/{tenant}", trail_id())
}

/// The inclusion path of a leaf, by the definition (RFC 6962 §2.1.1).
pub(super) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let split = 1 << (leaves.len() - 1).ilog2();
    let (left, right) = leaves.split_at(split);
    let (mut below, sibling) = if index < split {
        (path(index, left), root(right))
    } else {
        (path(index - split, right), root(left))
    };
    below.push(sibling);
    below
}

/// The consistency proof from a size to the whole tree, by the definition (RFC 6962 §2.1.2).
pub(super) fn consistency(from: usize, leaves: &[Hash]) -> Vec<Hash> {
    fn sub(from: usize, leaves: &[Hash], complete: bool) -> Vec<Hash> {
        if from == leaves.len() {
            return if complete {
                Vec::new()
            } else {
                vec![root(leaves)]
            };
        }
        let split = 1 << (leaves.len() - 1).ilog2();
        let (left, right) = leaves.split_at(split);
        if from <= split {
            let mut proof = sub(from, left, complete);
            proof.push(root(right));
            proof
        } else {
            let mut proof = sub(from - split, right, false);
            proof.push(root(left));
            proof
        }
    }
    sub(from, leaves, true)
}

fn rich_context() -> Draft {
    let (assembly, texts) = assembled(&[
        ("Shared policy", Class::Confidential),
        ("Credit score: 720", Class::Personal),
    ]);
    let features = json!([{"name": "score", "entity": "applicant:user_456", "value": 720,
        "source": "compute", "status": "ok", "fetched_at": time(0)}]);
    let body = context(json!({
        "entities": [{"type": "applicant", "id": "user_456"}],
        "inputs": {"income": 1000, "a/b": [true, null], "~": "é\u{1f600}"},
        "features": features,
        "assembly": assembly,
    }));
    let mut draft = Draft::new(id(2), body);
    draft.texts = texts;
    draft
}

fn generation() -> Draft {
    let body = json!({
        "context": id(2),
        "model": {"provider": "test", "name": "model"},
        "text": "approve",
    });
    body_draft(3, "generation", body)
}

fn decided() -> Draft {
    let body = decision(json!({
        "contexts": [id(2)],
        "generations": [id(3)],
        "entities": [{"type": "applicant", "id": "user_456"}],
        "reasons": [{"code": "R01", "text": "score above threshold"}],
    }));
    Draft::new(id(4), body)
}

fn review() -> Draft {
    let body = json!({
        "decision": id(4), "role": "officer", "verdict": "approve",
        "original_outcome": "approved", "decided_at": time(5),
    });
    body_draft(5, "review", body)
}

fn outcome() -> Draft {
    let body = json!({"decision": id(4), "kind": "repaid", "at": time(9), "value": 12.5});
    body_draft(6, "outcome", body)
}

/// A draft about the applicant.
fn body_draft(number: u64, kind: &str, body: Value) -> Draft {
    let body: Body = match kind {
        "generation" => serde_json::from_value::<contextrail::record::Generation>(body)
            .unwrap()
            .into(),
        "review" => serde_json::from_value::<contextrail::record::Review>(body)
            .unwrap()
            .into(),
        _ => serde_json::from_value::<contextrail::record::Outcome>(body)
            .unwrap()
            .into(),
    };
    let mut draft = Draft::new(id(number), body);
    draft.about = vec![entity("applicant:user_456")];
    draft
}

/// The fields of a sealed record, read from the bytes of its slots (`docs/format.md`).
fn fields(sealed: &Sealed) -> Vec<FieldEntry> {
    let mut fields = Vec::new();
    for (_, seed, cut) in slots(sealed) {
        for (class, path, value) in cut {
            let salt = hmac(&seed, &[b"salt\0", path.as_bytes()].concat());
            fields.push(FieldEntry::Shown {
                path,
                class: [Class::Plain, Class::Confidential, Class::Personal][usize::from(class)],
                salt: salt.try_into().unwrap(),
                value,
            });
        }
    }
    fields.sort_by(|a, b| a.path().cmp(&b.path()));
    fields
}

/// The text and the texts of the items, with the seeds that their digests are keyed with.
fn carried(sealed: &Sealed, text: &str) -> CarriedText {
    let opened = contextrail::seal::open(&sealed.slots).unwrap();
    let seeds: Vec<Seed> = opened
        .seeds
        .into_iter()
        .filter(|(slot, _)| *slot != 0)
        .map(|(_, seed)| seed)
        .collect();
    let shared = sealed.shared.iter();
    let items = opened
        .texts
        .iter()
        .map(|(digest, text)| (*digest, text.to_string()))
        .chain(shared.map(|it| (Digest::Sha256(it.sha256), it.text.to_string())));
    CarriedText {
        text: Some(text.to_owned()),
        items: items.collect(),
        seeds,
    }
}
