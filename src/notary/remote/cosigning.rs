//! Asking a witness to cosign (C2SP `tlog-witness`).

use super::{RemoteError, text_of};
use crate::log::AddCheckpoint;
use crate::notary::{KnownHead, Notary, WitnessAddress};

impl Notary {
    /// Adds the cosignature of `witness` to `head`.
    ///
    /// A witness that has seen another size is asked again from that size on. That is how it is
    /// found that it has seen entries which this log does not have, or has others for.
    pub(super) async fn witnessed(
        &self,
        client: &reqwest::Client,
        witness: &WitnessAddress,
        head: &mut KnownHead,
    ) -> Result<(), RemoteError> {
        let mut old = self.seen_by(witness).unwrap_or(0);
        for _ in 0..MOST_TRIES {
            let size = head.head().size;
            if old > size {
                // It has seen more than this head; whether that is ours is told by the newest one.
                return self.check_larger(old).await;
            }
            match self.add_checkpoint(client, witness, head, old).await? {
                Answer::Cosigned(lines) => {
                    let keys = std::slice::from_ref(&witness.key);
                    let added = head.checkpoint.add_cosignatures(&lines, keys);
                    let added = added.map_err(|error| RemoteError::Answer(error.to_string()))?;
                    if added == 0 {
                        let what = "it is signed by another key";
                        return Err(RemoteError::Answer(what.to_owned()));
                    }
                    self.has_seen(witness, size);
                    return Ok(());
                }
                // Asked about the size it knows: it has another tree of that size.
                Answer::Knows(known) if known == old && known == size => {
                    return Err(RemoteError::Contradicts { size: known });
                }
                Answer::Knows(known) if known == old => {
                    let what = "it refuses the size that it names itself";
                    return Err(RemoteError::Answer(what.to_owned()));
                }
                Answer::Knows(known) => {
                    self.has_seen(witness, known);
                    old = known;
                }
            }
        }
        let what = "it names another size each time";
        Err(RemoteError::Answer(what.to_owned()))
    }

    async fn add_checkpoint(
        &self,
        client: &reqwest::Client,
        witness: &WitnessAddress,
        head: &KnownHead,
        old: u64,
    ) -> Result<Answer, RemoteError> {
        let path = match old {
            0 => Vec::new(),
            old => self.consistency(old, head.head().size).await?,
        };
        let request = AddCheckpoint::new(old, path, head.checkpoint.clone())
            .map_err(|error| RemoteError::Answer(error.to_string()))?;
        let url = format!("{}/add-checkpoint", witness.url.trim_end_matches('/'));
        let answer = client.post(url).body(request.to_string()).send().await?;
        let status = answer.status().as_u16();
        let text = text_of(answer).await?;
        match status {
            200 => Ok(Answer::Cosigned(text)),
            409 => match text.trim().parse() {
                Ok(known) => Ok(Answer::Knows(known)),
                Err(_) => Err(RemoteError::Answer("it names no size".to_owned())),
            },
            // The proof is that of this log: the witness has seen another one.
            422 if old > 0 => Err(RemoteError::Contradicts { size: old }),
            status => Err(RemoteError::Status { status, text }),
        }
    }

    /// A witness has seen a log of `size` entries: ours has to have as many.
    async fn check_larger(&self, size: u64) -> Result<(), RemoteError> {
        let standing = self.standing().await?;
        if standing.head.size < size {
            return Err(RemoteError::Contradicts { size });
        }
        Ok(())
    }

    fn seen_by(&self, witness: &WitnessAddress) -> Option<u64> {
        let seen = self.remote.seen.lock();
        let seen = seen.expect("no holder of this lock panics");
        seen.get(&witness.key.to_string()).copied()
    }

    fn has_seen(&self, witness: &WitnessAddress, size: u64) {
        let seen = self.remote.seen.lock();
        let mut seen = seen.expect("no holder of this lock panics");
        seen.insert(witness.key.to_string(), size);
    }
}

/// What a witness answers.
enum Answer {
    /// The lines of its cosignature.
    Cosigned(String),
    /// The size it knows is another one than it was asked from.
    Knows(u64),
}

const MOST_TRIES: usize = 3;
