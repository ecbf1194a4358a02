//! What a bundle holds, read from its files.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::absence::AbsenceFile;
use super::bundle::RecordFile;
use super::carried_text::CarriedText;
use super::manifest::Statement;
use super::view::{CheckpointView, Custody, RecordView, Signer, SignerRole, Stamp, View};
use crate::log::{Hash, KeyKind, NoteSignature, SignedCheckpoint, TlogProof, VerifierKey};
use crate::record::{RecordId, Timestamp};
use crate::seal::{Entry, entry_hash};

/// What could be read of a bundle, without regard to whether it is right.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    pub(super) records: BTreeMap<RecordId, RecordFile>,
    pub(super) entries: BTreeMap<u64, EntryFile>,
    pub(super) proofs: BTreeMap<u64, TlogProof>,
    pub(super) texts: BTreeMap<RecordId, CarriedText>,
    /// By size of the log, and number.
    pub(super) tokens: BTreeMap<(u64, u32), Vec<u8>>,
    pub(super) keys: Vec<VerifierKey>,
    pub(super) custody: Option<Custody>,
    pub(super) absence: Option<AbsenceFile>,
}

/// An entry with its hash, which is taken over the bytes of the file.
#[derive(Clone, Debug)]
pub(super) struct EntryFile {
    pub(super) entry: Entry,
    pub(super) refs: Vec<Hash>,
    pub(super) hash: Hash,
}

impl EntryFile {
    /// Takes `entry`, which was read from `bytes`; `None` when a reference is not a hash.
    pub(super) fn of(entry: Entry, bytes: &[u8]) -> Option<Self> {
        let hashes = entry.refs.iter().map(|text| {
            let bytes = BASE64.decode(text).ok()?;
            bytes.try_into().ok()
        });
        Some(Self {
            refs: hashes.collect::<Option<_>>()?,
            entry,
            hash: entry_hash(bytes),
        })
    }
}

impl Contents {
    /// The checkpoint that the proofs end in; `None` when there is none, or more than one.
    pub(super) fn checkpoint(&self) -> Option<&SignedCheckpoint> {
        let mut proofs = self.proofs.values().map(TlogProof::checkpoint);
        let first = proofs.next()?;
        proofs.all(|other| other == first).then_some(first)
    }

    /// The same, as the derived files are made from it; `None` when something is missing.
    pub(super) fn view(&self, statement: &Statement) -> Option<View> {
        let mut records: Vec<RecordView> = self
            .records
            .values()
            .map(|record| self.record_view(record))
            .collect::<Option<_>>()?;
        records.sort_by_key(|record| record.index);
        Some(View {
            claim: statement.claim(),
            records,
            checkpoint: self.checkpoint_view()?,
            custody: self.custody.clone()?,
            asked: self
                .absence
                .as_ref()
                .map_or_else(Vec::new, |it| it.asked.clone()),
        })
    }

    fn record_view(&self, record: &RecordFile) -> Option<RecordView> {
        let entry = self.entries.get(&record.index)?;
        let text = self.texts.get(&record.id).cloned().unwrap_or_default();
        Some(RecordView {
            id: record.id,
            kind: record.kind,
            index: record.index,
            entry_hash: entry.hash,
            refs: entry.refs.clone(),
            fields: record.fields.clone(),
            text: text.text,
            texts: text.items,
        })
    }

    fn checkpoint_view(&self) -> Option<CheckpointView> {
        let signed = self.checkpoint()?;
        let checkpoint = signed.checkpoint();
        let signatures = signed.note().signatures().iter();
        Some(CheckpointView {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: *checkpoint.root(),
            signers: signatures
                .map(|signature| self.signer(signature, checkpoint.origin()))
                .collect(),
            timestamps: self.stamps(signed)?,
        })
    }

    /// What the timestamps say; `None` when one cannot be read or is not of `signed`.
    #[cfg(feature = "network")]
    fn stamps(&self, signed: &SignedCheckpoint) -> Option<Vec<Stamp>> {
        let imprint = signed.text_digest();
        let stamps = self.tokens.values().map(|der| {
            let token = crate::timestamp::Token::parse(der).ok()?;
            let statement = token.verify_unanchored(&imprint).ok()?.statement;
            Some(Stamp {
                at: Timestamp::from_micros(statement.time_us).ok()?,
                by: statement.certificate.subject,
            })
        });
        stamps.collect()
    }

    /// Without the code for timestamps none can be read.
    #[cfg(not(feature = "network"))]
    fn stamps(&self, _: &SignedCheckpoint) -> Option<Vec<Stamp>> {
        self.tokens.is_empty().then(Vec::new)
    }

    /// Whose signature one is, as far as the bundle itself tells.
    fn signer(&self, signature: &NoteSignature, origin: &str) -> Signer {
        let named =
            |key: &&VerifierKey| (key.name(), key.id()) == (signature.name(), signature.id());
        let role = match self.keys.iter().find(named).map(VerifierKey::kind) {
            Some(KeyKind::Note) if signature.name().as_str() == origin => SignerRole::Log,
            Some(KeyKind::Cosignature) => match cosigned_at(signature.bytes()) {
                Some(at) => SignerRole::Witness { at },
                None => SignerRole::Other,
            },
            _ => SignerRole::Other,
        };
        Signer {
            name: signature.name().to_string(),
            role,
        }
    }
}

/// The time that stands before a cosignature (C2SP `tlog-cosignature`).
fn cosigned_at(bytes: &[u8]) -> Option<Timestamp> {
    let (seconds, _) = bytes.split_first_chunk()?;
    let seconds = i64::try_from(u64::from_be_bytes(*seconds)).ok()?;
    Timestamp::from_micros(seconds.checked_mul(1_000_000)?).ok()
}
