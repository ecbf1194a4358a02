//! A guardrail that takes personal data out of texts before they are recorded or sent.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::detector::{Detector, Found};
use super::kind::Kind;
use crate::capture::{BoxError, Guardrail, GuardrailOutcome};
use crate::record::Stage;

/// What is done about something that was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Treatment {
    /// `[email]` stands in its place.
    Mask,
    /// `[email:1f0c…]` stands in its place: twelve digits of a keyed hash, the same for the same
    /// value under the same key. Without a key it is masked.
    Hash,
    /// Nothing stands in its place.
    Drop,
    /// The text goes on as it is, and the record says that something was found.
    Flag,
    /// The text does not go on, and the context is refused.
    Block,
}

/// The secret that hashes are taken with, 32 bytes. It is never shown.
#[derive(Clone)]
pub struct HashKey([u8; 32]);

impl HashKey {
    /// Wraps secret bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn digits(&self, rule: &str, value: &str) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(rule.as_bytes());
        mac.update(b"\0");
        mac.update(value.as_bytes());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        digest
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

/// A guardrail that finds personal data; masks it unless told otherwise.
///
/// ```
/// use contextrail::capture::Guard;
/// use contextrail::privacy::{Kind, PersonalData, Treatment};
///
/// let guard = Guard::new(
///     PersonalData::default()
///         .with_treatment(Kind::Secret, Treatment::Block)
///         .with_treatment(Kind::IpAddress, Treatment::Flag),
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct PersonalData {
    detector: Detector,
    treatments: BTreeMap<Kind, Treatment>,
    key: Option<HashKey>,
}

impl PersonalData {
    /// Finds what `detector` finds.
    #[must_use]
    pub fn new(detector: Detector) -> Self {
        Self {
            detector,
            ..Self::default()
        }
    }

    /// Sets what is done about `kind`. What a rule of the application finds is masked.
    #[must_use]
    pub fn with_treatment(mut self, kind: Kind, treatment: Treatment) -> Self {
        self.treatments.insert(kind, treatment);
        self
    }

    /// Sets the key that [`Treatment::Hash`] takes.
    #[must_use]
    pub fn with_key(mut self, key: HashKey) -> Self {
        self.key = Some(key);
        self
    }

    fn treatment(&self, found: &Found) -> Treatment {
        let chosen = found.kind.and_then(|kind| self.treatments.get(&kind));
        chosen.copied().unwrap_or(Treatment::Mask)
    }

    /// `text` without what was found.
    fn without(&self, text: &str, found: &[Found]) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for place in found {
            let value = &text[place.range.clone()];
            out.push_str(&text[from..place.range.start]);
            match (self.treatment(place), &self.key) {
                (Treatment::Hash, Some(key)) => {
                    let digits = key.digits(&place.rule, value);
                    out.push_str(&format!("[{}:{digits}]", place.rule));
                }
                (Treatment::Mask | Treatment::Hash, _) => {
                    out.push_str(&format!("[{}]", place.rule));
                }
                (Treatment::Drop, _) => {}
                (Treatment::Flag | Treatment::Block, _) => out.push_str(value),
            }
            from = place.range.end;
        }
        out.push_str(&text[from..]);
        out
    }
}

/// What stays in the record: no value.
fn trace(found: &[Found]) -> Value {
    let places = found.iter().map(|found| {
        json!({"rule": found.rule, "at_byte": found.range.start, "bytes": found.range.len()})
    });
    json!({ "found": places.collect::<Vec<_>>() })
}

#[async_trait]
impl Guardrail for PersonalData {
    fn name(&self) -> &'static str {
        "personal_data"
    }

    fn version(&self) -> Option<&str> {
        Some("1")
    }

    async fn check(&self, _: Stage, text: &str) -> Result<GuardrailOutcome, BoxError> {
        let found = self.detector.find(text);
        let any = |wanted: fn(Treatment) -> bool| found.iter().any(|it| wanted(self.treatment(it)));
        let native = trace(&found);
        Ok(if found.is_empty() {
            GuardrailOutcome::pass()
        } else if any(|it| it == Treatment::Block) {
            GuardrailOutcome::block(native)
        } else if any(|it| it != Treatment::Flag) {
            GuardrailOutcome::redact(native, self.without(text, &found))
        } else {
            GuardrailOutcome::flag(native)
        })
    }
}
