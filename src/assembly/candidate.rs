//! A candidate piece of a context, before it is decided what becomes of it.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::record::{CutReason, Item, ItemKind, Name, Overflow, Role, Verdict};

/// A candidate piece of a context.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// Its whole text.
    pub text: Arc<str>,
    /// The SHA-256 of `text`, by which its count is remembered.
    pub sha256: [u8; 32],
    /// What it is.
    pub kind: ItemKind,
    /// What it came from: a feature, `document#chunk`, `template@version`.
    pub reference: Option<Name>,
    /// Whose words it is to the model.
    pub role: Role,
    /// 0 is most important.
    pub priority: u64,
    /// Whether the context may not be without it.
    pub required: bool,
    /// What to do when it does not fit.
    ///
    /// A required item that can be cut is cut before the assembly is refused; one with
    /// [`Overflow::DropOldest`] is kept whole.
    pub overflow: Overflow,
    /// Kept tokens below which it is dropped instead of truncated; 1 when left out.
    pub min_tokens: Option<u64>,
    /// What stands where text was cut out.
    pub marker: Option<String>,
    /// Why it is out from the start, required or not: a guardrail took it out, or it is stale.
    pub excluded: Option<CutReason>,
}

impl Candidate {
    /// A plain text of the user, priority 1, that is dropped when it does not fit.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        Self {
            sha256: Sha256::digest(text.as_bytes()).into(),
            text,
            kind: ItemKind::Text,
            reference: None,
            role: Role::User,
            priority: 1,
            required: false,
            overflow: Overflow::Drop,
            min_tokens: None,
            marker: None,
            excluded: None,
        }
    }

    /// The candidate that became `item`, whose whole text is `text`.
    ///
    /// An item that a guardrail took out, or that was stale, stays out.
    #[must_use]
    pub fn from_item(item: &Item, text: Arc<str>) -> Self {
        let excluded = match (item.verdict, item.reason) {
            (Verdict::Dropped, Some(reason @ (CutReason::Guardrail | CutReason::Stale))) => {
                Some(reason)
            }
            _ => None,
        };
        Self {
            kind: item.kind,
            reference: item.reference.clone(),
            role: item.role,
            priority: item.priority,
            required: item.required,
            overflow: item.overflow,
            min_tokens: item.min_tokens,
            marker: item.marker.clone(),
            excluded,
            ..Self::new(text)
        }
    }
}
