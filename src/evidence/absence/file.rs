//! `absence.json`: what was asked about, and what the records say of it.

use serde::{Deserialize, Serialize};

use super::{Absence, MAX_ASKED};
use crate::evidence::document::{self, DocumentError};
use crate::record::UsedRef;
use crate::seal::SealError;

/// The file. What it says is never trusted: the claims are worked out again for what it asks about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::evidence) struct AbsenceFile {
    pub(in crate::evidence) asked: Vec<UsedRef>,
    pub(in crate::evidence) claims: Vec<Absence>,
}

impl AbsenceFile {
    /// Reads the file, strictly.
    pub(in crate::evidence) fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let AbsenceText { claims, schema } = document::read(bytes)?;
        let wrong = |at: String, what| DocumentError::Shape { at, what };
        if schema != SCHEMA {
            let what = "it is not contextrail.absence/1, the one this version reads";
            return Err(wrong("schema".to_owned(), what));
        }
        if claims.is_empty() || claims.len() > MAX_ASKED {
            return Err(wrong("claims".to_owned(), "there is none, or more than 64"));
        }
        let mut asked: Vec<UsedRef> = Vec::with_capacity(claims.len());
        for (at, claim) in claims.iter().enumerate() {
            let used = claim.reference.parse().ok();
            let used = used.filter(|it: &UsedRef| it.to_string() == claim.reference);
            let place = format!("claims[{at}].ref");
            let used = used.ok_or_else(|| wrong(place.clone(), "it is not KIND:REF[@VERSION]"))?;
            if asked.contains(&used) {
                return Err(wrong(place, "it is asked about twice"));
            }
            asked.push(used);
        }
        Ok(Self { asked, claims })
    }

    /// The bytes of the file.
    pub(in crate::evidence) fn to_bytes(&self) -> Result<Vec<u8>, SealError> {
        document::write(&AbsenceText {
            claims: self.claims.clone(),
            schema: SCHEMA.to_owned(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AbsenceText {
    claims: Vec<Absence>,
    schema: String,
}

const SCHEMA: &str = "contextrail.absence/1";
