//! The manifest of a bundle: what is claimed, and the digest of every other file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{self, Bytes32, DocumentError};
use super::view::{Claim, Scope};
use crate::log::Hash;
use crate::record::{Digest, EntityRef, RecordId, Tenant, TrailId};
use crate::seal::SealError;

/// The file `manifest.json`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    /// What the bundle is said to be evidence of.
    pub claim: Statement,
    /// SHA-256 of the packed bytes of every other file, in lower-case hexadecimal digits.
    pub packed_sha256: String,
    /// Which version of the derived files it holds, at most that of [`PAGES`](super::PAGES); 0 when it
    /// holds none.
    pub pages: u64,
    /// Every other file, by name.
    pub files: BTreeMap<String, FileNote>,
}

/// What a bundle is said to be evidence of, exactly.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    /// One decision, a part of the log, or one entity.
    pub scope: Scope,
    /// The decisions it is about, for a bundle of decisions; else empty.
    pub decisions: Vec<RecordId>,
    /// Whose log it is.
    pub tenant: Tenant,
    /// The trail the log belongs to.
    pub trail: TrailId,
    /// The origin of the log's checkpoints.
    pub origin: String,
    /// How many entries the log had.
    pub tree_size: u64,
    /// The root over all of them.
    pub root: Hash,
    /// The indexes of the records in the bundle, rising.
    pub indexes: Vec<u64>,
}

impl Statement {
    /// The part of it that the readable files are derived from.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim {
            scope: self.scope.clone(),
            tenant: self.tenant.clone(),
            trail: self.trail,
        }
    }
}

/// What the manifest says of one file.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileNote {
    /// Its length.
    pub bytes: u64,
    /// Its media type.
    pub media_type: String,
    /// SHA-256 of its bytes, in lower-case hexadecimal digits as `sha256sum` prints them.
    pub sha256: String,
}

impl FileNote {
    /// The note on `content`.
    #[must_use]
    pub fn of(content: &[u8], media_type: &str) -> Self {
        Self {
            bytes: u64::try_from(content.len()).unwrap_or(u64::MAX),
            media_type: media_type.to_owned(),
            sha256: hex(content),
        }
    }
}

fn hex(content: &[u8]) -> String {
    hex_of(&Digest::sha256(content))
}

/// The hexadecimal digits of a digest alone.
fn hex_of(digest: &Digest) -> String {
    let text = digest.to_string();
    text.trim_start_matches("sha256:").to_owned()
}

impl Manifest {
    /// The schema of bundles that this version writes and reads.
    pub const SCHEMA: &'static str = "contextrail.evidence/1";

    /// The text of the digest that [`Packing`](super::container::Packing) gives.
    #[must_use]
    pub fn packed_text(digest: [u8; 32]) -> String {
        hex_of(&Digest::Sha256(digest))
    }

    /// Reads the file, strictly.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] with the place of what is wrong; for another schema it says which.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        check_schema(bytes)?;
        let ManifestText {
            claim,
            files,
            kind,
            packed_sha256,
            pages,
            schema: _,
        } = document::read(bytes)?;
        Ok(Self {
            claim: claim.claim(kind)?,
            packed_sha256,
            pages,
            files,
        })
    }

    /// The bytes of the file.
    ///
    /// # Errors
    ///
    /// [`SealError`] for an index beyond 2^53 − 1.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SealError> {
        document::write(&ManifestText {
            claim: ClaimText::of(&self.claim),
            files: self.files.clone(),
            kind: BundleKind::of(&self.claim.scope),
            packed_sha256: self.packed_sha256.clone(),
            pages: self.pages,
            schema: Self::SCHEMA.to_owned(),
        })
    }
}

/// A later schema may have other members: its name is what the reader should be told.
fn check_schema(bytes: &[u8]) -> Result<(), DocumentError> {
    let node = crate::codec::read_json(bytes)?;
    match node.member("schema").and_then(crate::codec::Node::as_str) {
        Some(Manifest::SCHEMA) => Ok(()),
        _ => Err(DocumentError::Shape {
            at: "schema".to_owned(),
            what: "it is not contextrail.evidence/1, the one this version reads",
        }),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestText {
    claim: ClaimText,
    files: BTreeMap<String, FileNote>,
    kind: BundleKind,
    packed_sha256: String,
    pages: u64,
    schema: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BundleKind {
    Decision,
    Range,
    Entity,
}

impl BundleKind {
    const fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Decision { .. } => Self::Decision,
            Scope::Range { .. } => Self::Range,
            Scope::Entity { .. } => Self::Entity,
        }
    }
}

/// A claim with the members of all kinds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decisions: Option<Vec<RecordId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entity: Option<EntityRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    indexes: Vec<u64>,
    origin: String,
    root: Bytes32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<EntityRef>,
    tenant: Tenant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
    trail: TrailId,
    tree_size: u64,
}

/// Written with the kind of the bundle among its members.
impl Serialize for Statement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Kinded {
            kind: BundleKind,
            #[serde(flatten)]
            claim: ClaimText,
        }
        Kinded {
            kind: BundleKind::of(&self.scope),
            claim: ClaimText::of(self),
        }
        .serialize(serializer)
    }
}

impl ClaimText {
    fn of(claim: &Statement) -> Self {
        let Statement {
            scope,
            decisions,
            tenant,
            trail,
            origin,
            tree_size,
            root,
            indexes,
        } = claim.clone();
        let mut text = Self {
            decisions: None,
            entity: None,
            from: None,
            indexes,
            origin,
            root: Bytes32(root),
            subject: None,
            tenant,
            to: None,
            trail,
            tree_size,
        };
        match scope {
            Scope::Decision { subject } => {
                text.subject = subject;
                text.decisions = Some(decisions);
            }
            Scope::Range { from, to } => (text.from, text.to) = (Some(from), Some(to)),
            Scope::Entity { entity } => text.entity = Some(entity),
        }
        text
    }

    fn claim(self, kind: BundleKind) -> Result<Statement, DocumentError> {
        let Self {
            decisions,
            entity,
            from,
            indexes,
            origin,
            root,
            subject,
            tenant,
            to,
            trail,
            tree_size,
        } = self;
        let (scope, decisions) = match (kind, decisions, subject, from, to, entity) {
            (BundleKind::Decision, Some(decisions), subject, None, None, None) => {
                (Scope::Decision { subject }, decisions)
            }
            (BundleKind::Range, None, None, Some(from), Some(to), None) => {
                (Scope::Range { from, to }, Vec::new())
            }
            (BundleKind::Entity, None, None, None, None, Some(entity)) => {
                (Scope::Entity { entity }, Vec::new())
            }
            _ => {
                return Err(DocumentError::Shape {
                    at: "claim".to_owned(),
                    what: "it does not have the members that its kind of bundle has",
                });
            }
        };
        Ok(Statement {
            scope,
            decisions,
            tenant,
            trail,
            origin,
            tree_size,
            root: root.0,
            indexes,
        })
    }
}
