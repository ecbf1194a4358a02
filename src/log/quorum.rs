//! How many witnesses must have seen a checkpoint.

use super::key::KeyKind;
use super::verifier::VerifierKey;

/// The witnesses whose word counts, and how many of them must have cosigned a checkpoint.
///
/// # Examples
///
/// ```
/// use contextrail::log::{Cosigner, Quorum, SigningKey};
///
/// let witness = |name: &str, seed| -> Result<_, Box<dyn std::error::Error>> {
///     Ok(Cosigner::new(SigningKey::from_seed(name.parse()?, &[seed; 32])).verifier_key())
/// };
/// let witnesses = vec![witness("one.example", 1)?, witness("two.example", 2)?];
/// assert_eq!(Quorum::of(1, witnesses)?.threshold(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Quorum {
    threshold: usize,
    witnesses: Vec<VerifierKey>,
}

impl Quorum {
    /// Asks for no witness.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Asks for `threshold` of `witnesses`. A threshold of 0 reports who cosigned and asks for
    /// nobody.
    ///
    /// # Errors
    ///
    /// [`QuorumError`] when the threshold cannot be reached, a key is none of a witness, or two
    /// keys are one witness: the same public key counts once, whatever its name.
    pub fn of(threshold: usize, witnesses: Vec<VerifierKey>) -> Result<Self, QuorumError> {
        for (place, key) in witnesses.iter().enumerate() {
            let name = || key.name().to_string();
            if key.kind() != KeyKind::Cosignature {
                return Err(QuorumError::NoWitness(name()));
            }
            let earlier = &witnesses[..place];
            if let Some(same) = earlier.iter().find(|k| k.public_key() == key.public_key()) {
                return Err(QuorumError::SameKey(same.name().to_string(), name()));
            }
        }
        if threshold > witnesses.len() {
            return Err(QuorumError::Threshold {
                threshold,
                witnesses: witnesses.len(),
            });
        }
        Ok(Self {
            threshold,
            witnesses,
        })
    }

    /// The number of witnesses that must have cosigned.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The witnesses whose word counts.
    #[must_use]
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }
}

/// Why a quorum cannot be asked for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuorumError {
    /// A key that makes no cosignatures.
    #[error("the key of {0} is none of a witness: its cosignature key is needed")]
    NoWitness(String),
    /// Two keys that are one.
    #[error("{0} and {1} are one witness: they have the same public key")]
    SameKey(String, String),
    /// More witnesses than there are.
    #[error("{threshold} witnesses cannot cosign where {witnesses} are known")]
    Threshold {
        /// The number asked for.
        threshold: usize,
        /// The number there is.
        witnesses: usize,
    },
}
