//! Cosignatures of witnesses (C2SP `tlog-cosignature`, the Ed25519 form).
//!
//! The ML-DSA form is a signature of an unknown key to us, which readers of notes leave alone.

use std::fmt;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::{KeyKind, KeyName, SigningKey};
use super::note::NoteSignature;
use super::verifier::VerifierKey;

/// The key of a witness: it signs that it saw a checkpoint, at a time, and found it to continue
/// what it saw before.
///
/// # Examples
///
/// ```
/// use contextrail::log::{Checkpoint, Cosigner, SignedCheckpoint, SigningKey};
///
/// let log = SigningKey::from_seed("example.com/log".parse()?, &[1; 32]);
/// let witness = Cosigner::new(SigningKey::from_seed("witness.example".parse()?, &[2; 32]));
///
/// let checkpoint = Checkpoint::new("example.com/log", 5, [3; 32])?;
/// let mut signed = SignedCheckpoint::sign(checkpoint, &log)?;
/// signed.add(witness.cosign(signed.checkpoint(), 1_763_800_000)?)?;
///
/// let witnesses = [witness.verifier_key()];
/// let seen = signed.cosignatures(&witnesses)?;
/// assert_eq!(seen[0].time, Some(1_763_800_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Cosigner {
    key: SigningKey,
}

impl Cosigner {
    /// Makes `key` the key of a witness. It should sign nothing else, and no second witness should
    /// use it: what is signed does not say the name.
    #[must_use]
    pub const fn new(key: SigningKey) -> Self {
        Self { key }
    }

    /// The name of the witness.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        self.key.name()
    }

    /// The key that checks the cosignatures of this witness.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        self.key.verifier_key_of(KeyKind::Cosignature)
    }

    /// Signs that at `time`, in seconds since 1970-01-01T00:00:00Z, `checkpoint` was the largest
    /// consistent one that was seen of its log.
    ///
    /// A witness stores the checkpoint before it signs.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Time`] when `time` is above 2⁶³ − 1.
    pub fn cosign(
        &self,
        checkpoint: &Checkpoint,
        time: u64,
    ) -> Result<NoteSignature, CheckpointError> {
        if time > LATEST {
            return Err(CheckpointError::Time(time));
        }
        let message = message(time, &checkpoint.to_string());
        let mut bytes = time.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.key.sign_bytes(message.as_bytes()));
        Ok(NoteSignature::of(&self.verifier_key(), bytes))
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cosigner")
            .field("name", self.name())
            .finish_non_exhaustive()
    }
}

/// What a witness signs.
pub(super) fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Splits a cosignature into its time and the Ed25519 signature.
pub(super) fn split(bytes: &[u8]) -> Option<(u64, &[u8; 64])> {
    let (time, signature) = bytes.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    let signature = signature.try_into().ok()?;
    (time <= LATEST).then_some((time, signature))
}

/// The latest time that the specification allows.
const LATEST: u64 = (1 << 63) - 1;
