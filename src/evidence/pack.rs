//! Packing a bundle: pure, the same input gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::absence::{Absence, AbsenceFile, MAX_ASKED};
use super::bundle::{FieldEntry, RecordFile};
use super::carried_text::CarriedText;
use super::container::{ContainerError, Limits, Packing};
use super::contents::{Contents, EntryFile};
use super::document::{self, DocumentError};
use super::file_name::FileName;
use super::manifest::{FileNote, Manifest, Statement};
use super::pages::Pages;
use super::redaction::Redactions;
use super::view::{Claim, Custody, Scope};
use crate::log::{Checkpoint, TlogProof, TlogProofError, VerifierKey};
use crate::record::{Class, EntityRef, InvalidValue, Kind, RecordId, UsedRef};
use crate::seal::{Entry, SealError};

/// What goes into a bundle.
#[derive(Clone, Debug)]
pub struct PackInput {
    /// What the bundle is to be evidence of. A subject that the redactions withhold from the records
    /// is left out here too; an entity has to be shown by one of them.
    pub claim: Claim,
    /// The decisions it is about, for a bundle of decisions; else empty.
    pub decisions: Vec<RecordId>,
    /// The records, in any order.
    pub records: Vec<PackRecord>,
    /// The verification keys of the log and its witnesses, for convenience.
    pub keys: Vec<VerifierKey>,
    /// RFC 3161 timestamps of the checkpoint, DER.
    pub tokens: Vec<Vec<u8>>,
    /// Who makes it, for whom, when and why.
    pub custody: Custody,
    /// What is withheld.
    pub redactions: Redactions,
    /// Things of which the bundle says whether they were used in its contexts.
    pub absent: Vec<UsedRef>,
    /// What derives the readable files; without it there are none. Neither are there any with a
    /// timestamp that cannot be read, which the pages would have to state.
    pub pages: Option<Pages>,
}

/// One record that goes into a bundle.
#[derive(Clone, Debug)]
pub struct PackRecord {
    /// Its id.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its place in the log, from 0.
    pub index: u64,
    /// The bytes of its entry.
    pub entry: Vec<u8>,
    /// Its fields, in byte order of path. Those erased are named or hidden already.
    pub fields: Vec<FieldEntry>,
    /// The inclusion proof of its entry, in the form of a `.tlog-proof` file. All records of a bundle
    /// are proved against one checkpoint.
    pub proof: String,
    /// The texts of a context.
    pub text: Option<CarriedText>,
}

/// Packs a bundle.
///
/// The text of a context is left out when any of its fields is hidden, or named and not plain: the
/// text may say what was withheld, and the seeds to check it would let the rest be guessed.
///
/// # Errors
///
/// [`PackError`]; what it gives otherwise can be read again by [`Verifier`](super::Verifier).
pub fn pack(input: PackInput) -> Result<Vec<u8>, PackError> {
    Ok(pack_claiming(input)?.0)
}

/// Packs a bundle, and gives what it says of the things that were asked about.
pub(super) fn pack_claiming(input: PackInput) -> Result<(Vec<u8>, Vec<Absence>), PackError> {
    let checkpoint = one_checkpoint(&input.records)?;
    let pages = input.pages;
    let mut files = BTreeMap::new();
    let mut contents = Contents {
        keys: input.keys,
        custody: Some(input.custody),
        ..Contents::default()
    };
    for (token, number) in input.tokens.into_iter().zip(1..) {
        let size = checkpoint.size();
        let name = FileName::Token { size, number };
        files.insert(name.to_string(), token.clone());
        contents.tokens.insert((size, number), token);
    }
    add_records(input.records, &input.redactions, &mut contents, &mut files)?;
    let statement = Statement {
        scope: shown_scope(input.claim.scope, &contents)?,
        decisions: input.decisions,
        tenant: input.claim.tenant,
        trail: input.claim.trail,
        origin: checkpoint.origin().to_owned(),
        tree_size: checkpoint.size(),
        root: *checkpoint.root(),
        indexes: contents.entries.keys().copied().collect(),
    };
    contents.absence = absence(&input.absent, &contents)?;
    add_rest(&contents, &mut files)?;
    let mut version = 0;
    if let (Some(pages), Some(view)) = (pages, contents.view(&statement)) {
        files.extend((pages.render)(&view));
        version = pages.version;
    }
    let packing = Packing::new(&files, Limits::default())?;
    let manifest = Manifest {
        claim: statement,
        packed_sha256: Manifest::packed_text(packing.digest()),
        pages: version,
        files: notes(&files)?,
    };
    let claims = contents.absence.map_or_else(Vec::new, |it| it.claims);
    Ok((packing.finish(&manifest.to_bytes()?)?, claims))
}

/// What the records say of the things asked for, each of them once; `None` when there are none.
fn absence(asked: &[UsedRef], contents: &Contents) -> Result<Option<AbsenceFile>, PackError> {
    let texts: BTreeSet<String> = asked.iter().map(ToString::to_string).collect();
    if texts.is_empty() {
        return Ok(None);
    }
    if texts.len() > MAX_ASKED {
        return Err(PackError::TooManyAsked(texts.len()));
    }
    let asked = texts.iter().map(|text| text.parse::<UsedRef>());
    let asked: Vec<UsedRef> = asked.collect::<Result<_, _>>()?;
    let claims = Absence::of_files(&asked, contents.records.values());
    Ok(Some(AbsenceFile { asked, claims }))
}

/// The checkpoint that all proofs end in.
fn one_checkpoint(records: &[PackRecord]) -> Result<Checkpoint, PackError> {
    let [first, ..] = records else {
        return Err(PackError::Empty);
    };
    if records.len() > MAX_RECORDS {
        return Err(PackError::TooManyRecords(records.len()));
    }
    let mut shared = None;
    for record in records {
        let proof = read_proof(record)?;
        let shared = shared.get_or_insert_with(|| proof.checkpoint().clone());
        if proof.checkpoint() != shared {
            return Err(PackError::TwoCheckpoints {
                first: first.index,
                other: record.index,
            });
        }
    }
    let shared = shared.ok_or(PackError::Empty)?;
    Ok(shared.checkpoint().clone())
}

fn read_proof(record: &PackRecord) -> Result<TlogProof, PackError> {
    TlogProof::parse(record.proof.as_bytes()).map_err(|source| PackError::Proof {
        index: record.index,
        source,
    })
}

fn add_records(
    records: Vec<PackRecord>,
    redactions: &Redactions,
    contents: &mut Contents,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), PackError> {
    let mut used = BTreeSet::new();
    for record in records {
        let (id, index) = (record.id, record.index);
        let proof = read_proof(&record)?;
        let entry: Entry =
            document::read(&record.entry).map_err(|source| PackError::Entry { index, source })?;
        let entry =
            EntryFile::of(entry, &record.entry).ok_or(PackError::EntryReference { index })?;
        let (fields, rules) = redactions.apply(record.fields);
        used.extend(rules);
        let text = record.text.filter(|_| !withholds_text(&fields));
        let shown = RecordFile {
            id,
            kind: record.kind,
            index,
            fields,
        };
        files.insert(FileName::Record(id).to_string(), shown.to_bytes()?);
        files.insert(FileName::Entry(index).to_string(), record.entry);
        files.insert(
            FileName::Proof(index).to_string(),
            record.proof.into_bytes(),
        );
        contents.proofs.insert(index, proof);
        let twice = contents.entries.insert(index, entry).is_some()
            | contents.records.insert(id, shown).is_some();
        if twice {
            return Err(PackError::Twice { id, index });
        }
        if let Some(text) = text {
            contents.texts.insert(id, text);
        }
    }
    match redactions.idle(&used).as_slice() {
        [] => Ok(()),
        paths => Err(PackError::NothingSelected(paths.join(", "))),
    }
}

/// Whether a text that came from `fields` could say what is withheld of them.
pub(super) fn withholds_text(fields: &[FieldEntry]) -> bool {
    fields.iter().any(|field| match field {
        FieldEntry::Shown { .. } => false,
        FieldEntry::Named { class, .. } => *class != Class::Plain,
        FieldEntry::Hidden { .. } => true,
    })
}

fn add_rest(contents: &Contents, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), PackError> {
    for (id, text) in &contents.texts {
        files.insert(FileName::Text(*id).to_string(), text.to_bytes(*id)?);
    }
    let keys: String = contents.keys.iter().map(|key| format!("{key}\n")).collect();
    files.insert(FileName::Keys.to_string(), keys.into_bytes());
    if let Some(absence) = &contents.absence {
        files.insert(FileName::Absence.to_string(), absence.to_bytes()?);
    }
    if let Some(custody) = &contents.custody {
        files.insert(FileName::Custody.to_string(), custody.to_bytes()?);
    }
    Ok(())
}

/// `scope`, without a subject that no record shows.
fn shown_scope(scope: Scope, contents: &Contents) -> Result<Scope, PackError> {
    let is_shown = |entity: &EntityRef| {
        let mut records = contents.records.values();
        records.any(|record| super::value::entities(record).any(|shown| shown == *entity))
    };
    match scope {
        Scope::Decision { subject } => Ok(Scope::Decision {
            subject: subject.filter(is_shown),
        }),
        Scope::Entity { entity } if !is_shown(&entity) => Err(PackError::EntityWithheld(entity)),
        scope @ (Scope::Range { .. } | Scope::Entity { .. }) => Ok(scope),
    }
}

fn notes(files: &BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, FileNote>, PackError> {
    let notes = files.iter().map(|(name, content)| {
        let known: FileName = name
            .parse()
            .map_err(|_| PackError::UnknownPage(name.clone()))?;
        Ok((name.clone(), FileNote::of(content, known.media_type())))
    });
    notes.collect()
}

/// Why a bundle cannot be packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// There is nothing to pack.
    #[error("there is no record to pack")]
    Empty,
    /// More records than one bundle holds.
    #[error(
        "{0} records are more than the {MAX_RECORDS} that one bundle holds: pack smaller ranges"
    )]
    TooManyRecords(usize),
    /// More things asked about than one bundle answers.
    #[error("{0} things asked about are more than the {MAX_ASKED} that one bundle answers")]
    TooManyAsked(usize),
    /// A thing asked about that has no text which says it again.
    #[error(transparent)]
    Asked(#[from] InvalidValue),
    /// Two records with one id or index.
    #[error("the record {id}, or another one at index {index}, is given twice")]
    Twice {
        /// The id.
        id: RecordId,
        /// The index.
        index: u64,
    },
    /// A proof that cannot be read.
    #[error("the proof of index {index} cannot be read")]
    Proof {
        /// The index.
        index: u64,
        /// Why.
        #[source]
        source: TlogProofError,
    },
    /// An entry that cannot be read.
    #[error("the entry of index {index} cannot be read: the log is damaged")]
    Entry {
        /// The index.
        index: u64,
        /// Why.
        #[source]
        source: DocumentError,
    },
    /// An entry that refers to something other than an entry hash.
    #[error("a reference of the entry of index {index} is not a hash: the log is damaged")]
    EntryReference {
        /// The index.
        index: u64,
    },
    /// Proofs against different heads of the log.
    #[error("the proofs of {first} and {other} end in different checkpoints: make all against one")]
    TwoCheckpoints {
        /// The index of the first record.
        first: u64,
        /// The index of another record.
        other: u64,
    },
    /// Redactions of paths at which there is no field.
    #[error("no record has a field at {0}: check the spelling, nothing would be withheld")]
    NothingSelected(String),
    /// Nothing would tie the records to the entity that the bundle is to be about.
    #[error(
        "every record would withhold {0}, so that nothing shows that they are about it: redact the \
         paths of other values instead, or pack a range"
    )]
    EntityWithheld(EntityRef),
    /// A derived file of a name that bundles do not have.
    #[error("bundles have no file named {0}")]
    UnknownPage(String),
    /// Something that cannot be written.
    #[error(transparent)]
    Unwritable(#[from] SealError),
    /// A container that could not be read again.
    #[error("the bundle cannot be packed")]
    Container(#[from] ContainerError),
}

/// The most records that one bundle holds.
pub const MAX_RECORDS: usize = 4_096;
