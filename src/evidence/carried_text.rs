//! The file `texts/<id>.json`: the text of a context as it was sent, and the texts of its items.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{self, Bytes32, DocumentError};
use crate::record::{Digest, RecordId};
use crate::seal::{SealError, Seed};

/// The texts of one context. They are no fields: the record commits to them by digest.
///
/// The digests of personal texts are keyed with the secret seed of a slot, so the seeds are needed to
/// check them. Who has a seed can guess what else is salted with it; texts are therefore in a bundle
/// only beside a record of which nothing but plain fields is withheld.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CarriedText {
    /// The text as it was sent.
    pub text: Option<String>,
    /// The texts of items, by the digest in the record.
    pub items: BTreeMap<Digest, String>,
    /// The seeds that keyed digests need.
    pub seeds: Vec<Seed>,
}

impl CarriedText {
    /// Reads the file, strictly; gives the id of the context too.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] with the place of what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<(RecordId, Self), DocumentError> {
        let Text {
            id,
            items,
            seeds,
            text,
        } = document::read(bytes)?;
        let items = items.into_iter().map(|(digest, text)| {
            let digest = digest.parse().map_err(|_| DocumentError::Shape {
                at: "items".to_owned(),
                what: "a name is not a digest",
            })?;
            Ok((digest, text))
        });
        let carried = Self {
            text,
            items: items.collect::<Result<_, DocumentError>>()?,
            seeds: seeds.iter().map(|seed| Seed::from_bytes(seed.0)).collect(),
        };
        Ok((id, carried))
    }

    /// The bytes of the file for the context `id`.
    ///
    /// # Errors
    ///
    /// Never: texts always have a canonical form.
    pub fn to_bytes(&self, id: RecordId) -> Result<Vec<u8>, SealError> {
        let items = self.items.iter();
        document::write(&Text {
            id,
            items: items
                .map(|(digest, text)| (digest.to_string(), text.clone()))
                .collect(),
            seeds: self
                .seeds
                .iter()
                .map(|it| Bytes32(*it.as_bytes()))
                .collect(),
            text: self.text.clone(),
        })
    }

    /// Whether `text` has the digest, under one of the seeds when it is keyed.
    #[must_use]
    pub fn fits(&self, text: &str, digest: &Digest) -> bool {
        match digest {
            Digest::Sha256(_) => Digest::sha256(text.as_bytes()) == *digest,
            Digest::HmacSha256(_) => {
                let mut seeds = self.seeds.iter();
                seeds.any(|seed| seed.digest(text.as_bytes()) == *digest)
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    id: RecordId,
    items: BTreeMap<String, String>,
    seeds: Vec<Bytes32>,
    #[serde(default)]
    text: Option<String>,
}
