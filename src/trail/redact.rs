//! Redaction on every door of a trail: rules are applied before a record is sealed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Trail, TrailError};
use crate::capture::Guard;
use crate::privacy::Redaction;
use crate::privacy::keys::{EntityHandle, KeyError, Token, TokenKey};
use crate::privacy::redaction::{Blocked, RedactionGuard, RedactionKeys, Tokens};
use crate::record::{Body, Digest, Draft, EntityRef, Receipt};
use crate::seal::Source;

impl Trail {
    /// The rules that records are redacted by.
    #[must_use]
    pub fn redaction(&self) -> &Redaction {
        &self.0.redaction
    }

    /// The same rules as a guardrail, for [`Capture::guard_inputs`](crate::capture::Capture) and
    /// [`ContextBuilder::guard`](crate::capture::ContextBuilder::guard): what it takes out of a text
    /// before the text is assembled is neither sent nor recorded. Tokens are made under the key of
    /// `entity`, whom the context is about.
    ///
    /// # Errors
    ///
    /// [`TrailError::Key`] when the keys are not here; [`TrailError::Store`] when they cannot be
    /// read.
    pub async fn redaction_guard(&self, entity: Option<&EntityRef>) -> Result<Guard, TrailError> {
        let entities: Vec<EntityRef> = entity.cloned().into_iter().collect();
        self.learn_token_key(&entities).await?;
        let redaction = Arc::clone(&self.0.redaction);
        let keys = self.redaction_keys(&entities)?;
        Ok(Guard::new(RedactionGuard::new(redaction, keys)))
    }

    /// The value that `token` stands for. Nothing is recorded of the question.
    ///
    /// # Errors
    ///
    /// [`KeyError::TokenKey`] when the entity's key is not there any more, or was never in this
    /// trail; [`KeyError::TokenDamaged`]; and those of reading keys.
    pub async fn reveal(&self, token: &Token) -> Result<String, TrailError> {
        if self.vault().why_locked().is_some() {
            return Err(self.keys_missing());
        }
        let id = token.key();
        let rows = self
            .0
            .store
            .entity_keys(self.tenant(), &[id.entity])
            .await?;
        let row = rows.iter().find(|row| row.id == id);
        let secret = self.vault().unwrap(row.ok_or(KeyError::TokenKey)?)?;
        let key = self.vault().token_key(id, &secret);
        Ok(key.reveal(token).ok_or(KeyError::TokenDamaged)?)
    }

    /// Redacts a new record and appends what is left of it.
    pub(super) async fn redact_and_append(&self, mut draft: Draft) -> Result<Receipt, TrailError> {
        if let Some(refs) = self.link_from_memory(&mut draft, &Source::New)
            && self.has_token_key(owners(&draft))
        {
            refs?;
            let blocked = self.redact(&mut draft)?;
            return refused(self.append_from(draft, Source::New).await, blocked);
        }
        self.detached(Self::link_redact_and_append, draft).await
    }

    async fn link_redact_and_append(self, mut draft: Draft) -> Result<Receipt, TrailError> {
        self.link(&mut draft, &Source::New).await?;
        self.learn_token_key(owners(&draft)).await?;
        let blocked = self.redact(&mut draft)?;
        refused(self.append_from(draft, Source::New).await, blocked)
    }

    fn redact(&self, draft: &mut Draft) -> Result<Option<Blocked>, TrailError> {
        let keys = self.redaction_keys(owners(draft))?;
        Ok(self.redaction().apply(draft, &keys)?)
    }

    /// Redacts a record that is imported, and is linked.
    pub(super) async fn redact_import(
        &self,
        draft: &mut Draft,
        source: &mut Source,
    ) -> Result<(), TrailError> {
        if !self.redaction().redacts_imports() {
            return Ok(());
        }
        self.redact_arriving(draft, source).await
    }

    /// Redacts a record that was finished elsewhere, and is linked.
    pub(super) async fn redact_arriving(
        &self,
        draft: &mut Draft,
        source: &mut Source,
    ) -> Result<(), TrailError> {
        self.learn_token_key(owners(draft)).await?;
        let keys = self.redaction_keys(owners(draft))?;
        let mut none = BTreeMap::new();
        Ok(self
            .redaction()
            .apply_to_import(draft, texts_of(source, &mut none), &keys)?)
    }

    /// Says whether a rule keeps a record from being imported, before anything of the file is.
    pub(super) fn check_import(&self, draft: &Draft, source: &Source) -> Result<(), TrailError> {
        if !self.redaction().redacts_imports() {
            return Ok(());
        }
        let keys = RedactionKeys {
            tokens: Tokens::Pretended,
            ..self.redaction_keys(&[])?
        };
        let (mut draft, mut source) = (draft.clone(), source.clone());
        let mut none = BTreeMap::new();
        let texts = texts_of(&mut source, &mut none);
        Ok(self.redaction().apply_to_import(&mut draft, texts, &keys)?)
    }

    fn redaction_keys(&self, owners: &[EntityRef]) -> Result<RedactionKeys, TrailError> {
        let hash = self.vault().redaction_key();
        Ok(RedactionKeys {
            hash: hash.ok_or_else(|| self.keys_missing())?,
            tokens: match self.handle_of(owners) {
                Some(handle) if self.redaction().makes_tokens() => {
                    Tokens::Of(self.token_key(handle)?)
                }
                _ => Tokens::NoOwner {
                    entities: owners.len(),
                },
            },
        })
    }

    fn token_key(&self, handle: EntityHandle) -> Result<TokenKey, TrailError> {
        let owner = self.vault().newest_or_new(handle)?;
        Ok(self.vault().token_key(owner.id, &owner.secret))
    }

    fn handle_of(&self, owners: &[EntityRef]) -> Option<EntityHandle> {
        match owners {
            [owner] => self.vault().handle(Some(owner)),
            _ => None,
        }
    }

    /// Whether tokens can be made without reading a key.
    fn has_token_key(&self, owners: &[EntityRef]) -> bool {
        let handle = self.handle_of(owners);
        !self.redaction().makes_tokens() || handle.is_none_or(|it| self.vault().knows(&[it]))
    }

    async fn learn_token_key(&self, owners: &[EntityRef]) -> Result<(), TrailError> {
        if self.has_token_key(owners) {
            return Ok(());
        }
        // The first slot is that of the tenant.
        self.learn_keys_of(&[Vec::new(), owners.to_vec()]).await
    }
}

/// Whom a linked draft is about.
fn owners(draft: &Draft) -> &[EntityRef] {
    match &draft.body {
        Body::Context(context) => &context.entities,
        Body::Decision(decision) => &decision.entities,
        _ => &draft.about,
    }
}

/// The texts that came with an imported record; `none` for one without.
fn texts_of<'a>(
    source: &'a mut Source,
    none: &'a mut BTreeMap<Digest, Arc<str>>,
) -> &'a mut BTreeMap<Digest, Arc<str>> {
    match source {
        Source::New => none,
        Source::Elsewhere { texts, .. } => texts,
    }
}

/// Reports the block of a context whose refusal is recorded now.
fn refused(
    recorded: Result<Receipt, TrailError>,
    blocked: Option<Blocked>,
) -> Result<Receipt, TrailError> {
    let receipt = recorded?;
    match blocked {
        None => Ok(receipt),
        Some(blocked) => Err(TrailError::Blocked(Box::new(Blocked {
            recorded: Some(receipt.id),
            ..blocked
        }))),
    }
}
