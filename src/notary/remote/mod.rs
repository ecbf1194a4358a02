//! Witnesses and timestamp authorities, asked over HTTP.

mod cosigning;
mod stamping;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::{Attesters, Frozen, KnownHead, Notary, NotaryError, WitnessAddress};
use crate::http::client;
use crate::log::VerifierKey;
use crate::record::Acknowledged;
use crate::store::LogHead;

/// Who is asked about the newest head.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ask {
    /// Every witness, those as well that have cosigned it: do they know more of this log?
    WitnessesAgain,
    /// The witnesses that have not cosigned it.
    Witnesses,
    /// Those, and the authorities that have not stamped it.
    Everybody,
}

/// The attesters, and what is known of them.
pub(super) struct Remote {
    attesters: Attesters,
    client: Option<reqwest::Client>,
    /// The size of the log as each witness has last seen it, by the key of the witness.
    seen: Mutex<HashMap<String, u64>>,
}

/// What asking went wrong with.
#[derive(Debug, thiserror::Error)]
enum RemoteError {
    #[error("it cannot be reached: {0}")]
    Away(#[from] reqwest::Error),
    #[error("it answered {status}: {text}")]
    Status { status: u16, text: String },
    #[error("its answer is longer than {MOST_BYTES} bytes")]
    TooLong,
    #[error("its answer does not hold: {0}")]
    Answer(String),
    /// It has seen a head of this size that the log does not contain.
    #[error("it has seen a head of {size} entries that this log does not contain")]
    Contradicts { size: u64 },
    #[error(transparent)]
    Notary(#[from] NotaryError),
}

impl Remote {
    pub(super) fn new(attesters: Attesters) -> Result<Self, NotaryError> {
        let wanted = !attesters.is_empty();
        let client = wanted
            .then(|| client(TIMEOUT))
            .transpose()
            .map_err(NotaryError::Client)?;
        Ok(Self {
            attesters,
            client,
            seen: Mutex::default(),
        })
    }
}

impl Notary {
    /// Has the newest head attested, and keeps what is said beside it.
    ///
    /// An attester that is away is asked again with the next call; each may take some seconds.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Frozen`] when a witness has seen a head that this log does not contain.
    pub async fn attest(&self, ask: Ask) -> Result<Option<KnownHead>, NotaryError> {
        if let Some(frozen) = self.frozen() {
            return Err(frozen.clone().into());
        }
        let Some(before) = self.standing().await?.newest else {
            return Ok(None);
        };
        let mut head = before.clone();
        let asked = self.ask(ask, &mut head).await;
        if head != before {
            self.amend(head.clone()).await?;
        }
        asked.map(|()| Some(head))
    }

    /// Asks every witness whether the newest head is all it knows of this log. Keeps nothing of the
    /// answers but that the trail is frozen: [`Notary::frozen`] then says so.
    ///
    /// Gives what went wrong with each witness that did not agree, by its address.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when the store cannot be read.
    pub async fn ask_witnesses(&self) -> Result<Vec<(String, Option<String>)>, NotaryError> {
        let (Some(client), Some(newest)) = (&self.remote.client, self.standing().await?.newest)
        else {
            return Ok(Vec::new());
        };
        let mut answers = Vec::new();
        for witness in &self.remote.attesters.witnesses {
            let mut head = newest.clone();
            let asked = self.witnessed(client, witness, &mut head).await;
            if let Err(RemoteError::Contradicts { size }) = &asked {
                self.freeze(witness, &head, *size).await?;
            }
            let wrong = asked.err().map(|error| error.to_string());
            answers.push((witness.url.clone(), wrong));
        }
        Ok(answers)
    }

    async fn ask(&self, ask: Ask, head: &mut KnownHead) -> Result<(), NotaryError> {
        let Some(client) = &self.remote.client else {
            return Ok(());
        };
        for witness in &self.remote.attesters.witnesses {
            if ask != Ask::WitnessesAgain && is_cosigned(head, witness) {
                continue;
            }
            match self.witnessed(client, witness, head).await {
                Ok(()) => {}
                Err(RemoteError::Contradicts { size }) => {
                    return Err(self.freeze(witness, head, size).await?.into());
                }
                Err(error) => {
                    tracing::warn!(url = witness.url, error = %error, "a witness did not cosign");
                }
            }
        }
        if ask != Ask::Everybody {
            return Ok(());
        }
        for authority in &self.remote.attesters.authorities {
            if stamping::is_stamped(head, authority) {
                continue;
            }
            match stamping::stamped(client, authority, head).await {
                Ok(token) => head.timestamps.push(token),
                Err(error) => {
                    tracing::warn!(url = authority.url, error = %error, "there is no timestamp");
                }
            }
        }
        Ok(())
    }

    /// Whether somebody who is asked by `ask` has not attested `head`.
    pub(crate) fn lacks(&self, head: &KnownHead, ask: Ask) -> bool {
        let attesters = &self.remote.attesters;
        let mut witnesses = attesters.witnesses.iter();
        let mut authorities = attesters.authorities.iter();
        witnesses.any(|witness| !is_cosigned(head, witness))
            || (ask == Ask::Everybody
                && authorities.any(|authority| !stamping::is_stamped(head, authority)))
    }

    /// The keys of those witnesses who are asked that have cosigned `head`.
    #[must_use]
    pub fn witness_keys(&self, head: &KnownHead) -> Vec<VerifierKey> {
        let witnesses = self.remote.attesters.witnesses.iter();
        let cosigned = witnesses.filter(|witness| is_cosigned(head, witness));
        cosigned.map(|witness| witness.key.clone()).collect()
    }

    /// Whether there is anybody who could give a head this level.
    pub(crate) fn can_reach(&self, level: Acknowledged) -> bool {
        match level {
            Acknowledged::Witnessed => !self.remote.attesters.witnesses.is_empty(),
            Acknowledged::Timestamped => !self.remote.attesters.authorities.is_empty(),
            _ => true,
        }
    }

    /// Nothing is appended or signed from now on.
    async fn freeze(
        &self,
        witness: &WitnessAddress,
        head: &KnownHead,
        size: u64,
    ) -> Result<Frozen, NotaryError> {
        let frozen = Frozen {
            origin: head.checkpoint.checkpoint().origin().to_owned(),
            what: "a witness has seen a head that this log does not contain",
            // A witness tells the size it has seen, and not the root.
            known: LogHead {
                size,
                root: [0; 32],
            },
            found: self.standing().await?.head,
            witness: Some(witness.url.clone()),
        };
        self.set_frozen(frozen.clone());
        Ok(frozen)
    }
}

fn is_cosigned(head: &KnownHead, witness: &WitnessAddress) -> bool {
    let keys = std::slice::from_ref(&witness.key);
    let cosigned = head.checkpoint.cosignatures(keys);
    cosigned.is_ok_and(|found| !found.is_empty())
}

async fn text_of(answer: reqwest::Response) -> Result<String, RemoteError> {
    let bytes = bytes_of(answer).await?;
    String::from_utf8(bytes).map_err(|_| RemoteError::Answer("it is not UTF-8".to_owned()))
}

async fn bytes_of(mut answer: reqwest::Response) -> Result<Vec<u8>, RemoteError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(RemoteError::TooLong);
        }
    }
    Ok(bytes)
}

const TIMEOUT: Duration = Duration::from_secs(5);
/// More than a token or some cosignatures need.
const MOST_BYTES: usize = 128 << 10;
