//! Witnesses and timestamp authorities, asked over HTTP.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{Frozen, KnownHead, Notary, NotaryError};
use crate::log::{AddCheckpoint, VerifierKey};
use crate::store::LogHead;
use crate::timestamp::{Request, Token, TrustAnchors};

/// A witness: it cosigns heads that continue what it has seen, and refuses all others.
#[derive(Clone, Debug)]
pub struct WitnessAddress {
    /// Where it listens, without `/add-checkpoint`.
    pub url: String,
    /// The key that its cosignatures are checked with.
    pub key: VerifierKey,
}

/// A timestamp authority (RFC 3161).
#[derive(Clone, Debug)]
pub struct TimestampAuthority {
    /// Where it listens.
    pub url: String,
    /// The roots its certificate has to be chained to.
    pub anchors: TrustAnchors,
}

/// Whom the notary asks to attest heads.
#[derive(Clone, Debug, Default)]
pub struct Attesters {
    /// Witnesses.
    pub witnesses: Vec<WitnessAddress>,
    /// Timestamp authorities.
    pub authorities: Vec<TimestampAuthority>,
}

/// The attesters, and what is known of them.
pub(super) struct Remote {
    attesters: Attesters,
    client: Option<reqwest::Client>,
    /// The size of the log as each witness has last seen it, by address.
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
    #[error("{what}")]
    Contradicts { what: &'static str, size: u64 },
    #[error(transparent)]
    Notary(#[from] NotaryError),
}

impl Remote {
    pub(super) fn new(attesters: Attesters) -> Result<Self, NotaryError> {
        let wanted = !attesters.witnesses.is_empty() || !attesters.authorities.is_empty();
        let client = wanted
            .then(client)
            .transpose()
            .map_err(NotaryError::Client)?;
        Ok(Self {
            attesters,
            client,
            seen: Mutex::default(),
        })
    }
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    // Whoever has installed another provider before keeps it.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    reqwest::Client::builder().timeout(TIMEOUT).build()
}

impl Notary {
    /// Has the newest head attested by witnesses and timestamp authorities, those that have not
    /// done so yet, and keeps what they say beside it.
    ///
    /// An attester that is away is asked again about the next head; nothing waits for it but this
    /// call, at most some seconds for each.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Frozen`] when a witness has seen a head that this log does not contain.
    pub async fn attest(&self) -> Result<Option<KnownHead>, NotaryError> {
        let Some(before) = self.standing().await?.newest else {
            return Ok(None);
        };
        let Some(client) = &self.remote.client else {
            return Ok(Some(before));
        };
        let mut head = before.clone();
        for witness in &self.remote.attesters.witnesses {
            match self.witnessed(client, witness, &mut head).await {
                Ok(()) => {}
                Err(RemoteError::Contradicts { what, size }) => {
                    return Err(self.freeze(&head, what, size));
                }
                Err(error) => {
                    tracing::warn!(url = witness.url, error = %error, "a witness did not cosign");
                }
            }
        }
        if head.timestamps.len() < self.remote.attesters.authorities.len() {
            for authority in &self.remote.attesters.authorities {
                match stamped(client, authority, &head).await {
                    Ok(token) => head.timestamps.push(token),
                    Err(error) => {
                        tracing::warn!(url = authority.url, error = %error, "there is no timestamp");
                    }
                }
            }
        }
        if head != before {
            self.amend(head.clone()).await?;
        }
        Ok(Some(head))
    }

    async fn witnessed(
        &self,
        client: &reqwest::Client,
        witness: &WitnessAddress,
        head: &mut KnownHead,
    ) -> Result<(), RemoteError> {
        let keys = std::slice::from_ref(&witness.key);
        if head
            .checkpoint
            .cosignatures(keys)
            .is_ok_and(|found| !found.is_empty())
        {
            return Ok(());
        }
        let seen = || {
            self.remote
                .seen
                .lock()
                .expect("no holder of this lock panics")
        };
        let mut old = seen().get(&witness.url).copied().unwrap_or(0);
        for _ in 0..MOST_TRIES {
            let size = head.head().size;
            if old > size {
                // It has seen more than this head; whether that is ours is told by the newest one.
                return self.check_larger(old).await;
            }
            let path = match old {
                0 => Vec::new(),
                old => self.consistency(old, size).await?,
            };
            let request = AddCheckpoint::new(old, path, head.checkpoint.clone())
                .map_err(|error| RemoteError::Answer(error.to_string()))?;
            let url = format!("{}/add-checkpoint", witness.url.trim_end_matches('/'));
            let answer = client.post(url).body(request.to_string()).send().await?;
            let status = answer.status().as_u16();
            let text = text_of(answer).await?;
            match status {
                200 => {
                    let added = head.checkpoint.add_cosignatures(&text, keys);
                    let added = added.map_err(|error| RemoteError::Answer(error.to_string()))?;
                    if added == 0 {
                        return Err(RemoteError::Answer(
                            "it is signed by another key".to_owned(),
                        ));
                    }
                    seen().insert(witness.url.clone(), size);
                    return Ok(());
                }
                409 => {
                    let known = text
                        .trim()
                        .parse()
                        .map_err(|_| RemoteError::Answer("it names no size".to_owned()))?;
                    if known == old {
                        return Err(contradiction(known));
                    }
                    old = known;
                    seen().insert(witness.url.clone(), known);
                }
                422 => return Err(contradiction(old)),
                status => return Err(RemoteError::Status { status, text }),
            }
        }
        Err(RemoteError::Answer(
            "it names another size each time".to_owned(),
        ))
    }

    /// A witness has seen a log of `size` entries: ours has to have as many.
    async fn check_larger(&self, size: u64) -> Result<(), RemoteError> {
        let standing = self.standing().await?;
        if standing.head.size < size {
            return Err(contradiction(size));
        }
        Ok(())
    }

    fn freeze(&self, head: &KnownHead, what: &'static str, size: u64) -> NotaryError {
        let frozen = Frozen {
            origin: head.checkpoint.checkpoint().origin().to_owned(),
            what,
            // A witness tells the size it has seen, and not the root.
            known: LogHead {
                size,
                root: [0; 32],
            },
            found: head.head(),
        };
        self.set_frozen(frozen.clone());
        frozen.into()
    }
}

const fn contradiction(size: u64) -> RemoteError {
    RemoteError::Contradicts {
        what: "a witness has seen a head that this log does not contain",
        size,
    }
}

/// A verified token over the text of the checkpoint.
async fn stamped(
    client: &reqwest::Client,
    authority: &TimestampAuthority,
    head: &KnownHead,
) -> Result<Vec<u8>, RemoteError> {
    let imprint = imprint(head);
    let mut nonce = [0_u8; 8];
    getrandom::fill(&mut nonce).map_err(NotaryError::NoEntropy)?;
    // RFC 3161 has a signed integer here; 63 bits are more than enough.
    let request = Request::new(imprint, u64::from_be_bytes(nonce) >> 1);
    let answer = client
        .post(&authority.url)
        .header("content-type", "application/timestamp-query")
        .body(request.to_der())
        .send()
        .await?;
    let status = answer.status().as_u16();
    let bytes = bytes_of(answer).await?;
    if status != 200 {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Err(RemoteError::Status { status, text });
    }
    let refused = |error: crate::timestamp::TimestampError| RemoteError::Answer(error.to_string());
    let token = Token::from_response(&bytes, &request).map_err(refused)?;
    token
        .verify(&imprint, &authority.anchors)
        .map_err(refused)?;
    Ok(token.as_der().to_vec())
}

/// What a timestamp of a head is taken over: SHA-256 of the text that the log has signed.
#[must_use]
pub fn timestamp_imprint(checkpoint: &crate::log::SignedCheckpoint) -> [u8; 32] {
    Sha256::digest(checkpoint.note().text().as_bytes()).into()
}

fn imprint(head: &KnownHead) -> [u8; 32] {
    timestamp_imprint(&head.checkpoint)
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
const MOST_TRIES: usize = 3;
/// More than a token or some cosignatures need.
const MOST_BYTES: usize = 128 << 10;
