//! The Merkle tree of RFC 6962 and the texts that speak about it. Pure: bytes in, bytes out.
//!
//! | what | specification |
//! |---|---|
//! | hashes and roots, [`verify_inclusion`], [`verify_consistency`] | RFC 6962 §2, RFC 9162 §2.1 |
//! | [`TileId`], [`TiledTree`], [`Edge`] | C2SP `tlog-tiles` |
//! | [`Note`], [`VerifierKey`], [`SigningKey`] | C2SP `signed-note` |
//! | [`Checkpoint`], [`SignedCheckpoint`] | C2SP `tlog-checkpoint` |
//! | [`Cosigner`] | C2SP `tlog-cosignature`, Ed25519 |
//! | [`TlogProof`], [`Quorum`] | C2SP `tlog-proof` |
//! | [`AddCheckpoint`] | C2SP `tlog-witness` |
//!
//! What is read is read strictly: every text has one form, and writing what was read gives the same
//! bytes. No input makes a function here panic, and none makes it allocate more than a few times
//! its own length.

mod checkpoint;
mod cosignature;
mod edge;
mod key;
mod line;
mod note;
mod proof;
mod quorum;
mod tile;
mod tiled;
mod tlog_proof;
mod tree;
mod verifier;
mod witness;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use cosignature::Cosigner;
pub use edge::Edge;
pub use key::{KeyError, KeyId, KeyKind, KeyName, SigningKey};
pub use note::{MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteError, NoteSignature, VerifyError};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use quorum::{Quorum, QuorumError};
pub use tile::{EntriesId, TILE_WIDTH, Tile, TileError, TileId};
pub use tiled::{TileSource, TiledTree, TreeError};
pub use tlog_proof::{Proven, TlogProof, TlogProofError, UnprovenError};
pub use tree::{Hash, hash_leaf, hash_node, root};
pub use verifier::{KeyListError, Verified, VerifierKey};
pub use witness::{AddCheckpoint, Refusal, RequestError, TreeHead};
