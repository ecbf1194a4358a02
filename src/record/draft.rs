//! A record before it is sealed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Actor, Body, Class, EntityRef, RecordId, Timestamp};

/// A record before it is sealed: its body, and the texts its digests will be taken from.
///
/// Digests over personal text are keyed with a seed that sealing draws, so the body leaves them
/// out and sealing fills them in. A draft is plain data and can change; a record cannot.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The id of the record to be.
    pub id: RecordId,
    /// Its own members.
    pub body: Body,
    /// Who causes it; the trail's own actor when left out.
    pub actor: Option<Actor>,
    /// When it was accepted, for records that come from elsewhere; now when left out.
    pub recorded_at: Option<Timestamp>,
    /// Whom personal values of a kind without entities of its own are about.
    pub about: Vec<EntityRef>,
    /// The texts that digests are taken from.
    pub texts: Texts,
}

impl Draft {
    /// A draft without texts, for the trail's own actor and time.
    #[must_use]
    pub fn new(id: RecordId, body: impl Into<Body>) -> Self {
        Self {
            id,
            body: body.into(),
            actor: None,
            recorded_at: None,
            about: Vec::new(),
            texts: Texts::default(),
        }
    }
}

/// The texts that a draft's digests are taken from. What is left out gets no digest.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The text of every item, by index.
    pub items: Vec<ItemText>,
    /// The texts of the results of every retrieval, by retrieval and rank.
    pub documents: Vec<Vec<DocumentText>>,
    /// The text of the template before variables are put in.
    pub template: Option<Arc<str>>,
    /// The text of a context as sent; of a generation, the answer that is not to be stored.
    pub text: Option<Arc<str>>,
    /// The bytes behind the one keyed digest a generation, decision or review can have:
    /// `request_digest`, `input_digest`, `shown_digest`.
    pub digested: Option<Arc<[u8]>>,
    /// Texts among these that a digest is taken of, and that are not stored.
    pub withheld: BTreeSet<WithheldText>,
}

/// A text that a digest is taken of, and that is not stored.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum WithheldText {
    /// That of the template.
    Template,
    /// That of the item at this index.
    Item(usize),
}

/// The text of an item.
#[derive(Clone, Debug)]
pub struct ItemText {
    /// The whole text.
    pub text: Arc<str>,
    /// Confidential text is shared and stored once; personal text belongs to its record.
    pub class: Class,
    /// Whom personal text is about; `None` ties it to every entity of the record.
    pub owner: Option<EntityRef>,
    /// SHA-256 of the text, where it is known already.
    pub sha256: Option<[u8; 32]>,
}

/// The text of a retrieved document. Its class is that of its retriever.
#[derive(Clone, Debug)]
pub struct DocumentText {
    /// The whole text.
    pub text: Arc<str>,
    /// SHA-256 of the text, where it is known already.
    pub sha256: Option<[u8; 32]>,
}
