//! Filling in the digests that a draft leaves to sealing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sealed::SharedText;
use super::slot::{Seed, Slot, Slots};
use crate::record::{
    Body, Class, Context, Digest, DocumentText, ItemText, Retrieval, RetrieverClass, Texts,
    WithheldText,
};

/// The texts of a record, by where they are stored.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// Personal texts, by slot and keyed digest.
    pub(super) personal: BTreeMap<Slot, BTreeMap<Digest, Arc<str>>>,
    /// Shared texts, stored once.
    pub(super) shared: Vec<SharedText>,
}

/// Draws digests from texts, and notes where each text belongs.
pub(super) struct Digester<'a> {
    pub(super) slots: &'a Slots,
    pub(super) seeds: &'a [Seed],
    pub(super) placed: Placed,
}

impl Digester<'_> {
    /// Fills in every digest of `body` that is missing and whose text is there.
    pub(super) fn fill(&mut self, body: &mut Body, texts: &Texts) {
        match body {
            Body::Context(context) => self.context(context, texts),
            Body::Generation(body) => {
                self.digested(&mut body.request_digest, texts);
                if let Some(text) = &texts.text {
                    let digest = self.keyed(self.slots.everybody(), text.as_bytes());
                    body.text_digest = Some(digest);
                }
            }
            Body::Decision(body) => self.digested(&mut body.input_digest, texts),
            Body::Review(body) => self.digested(&mut body.shown_digest, texts),
            Body::Outcome(_)
            | Body::Import(_)
            | Body::Key(_)
            | Body::Succession(_)
            | Body::Erasure(_)
            | Body::Hold(_)
            | Body::Release(_)
            | Body::Policy(_)
            | Body::Retention(_)
            | Body::Archive(_)
            | Body::Token(_)
            | Body::Access(_)
            | Body::Artifact(_)
            | Body::Approval(_)
            | Body::Retirement(_)
            | Body::Deployment(_)
            | Body::Kpi(_)
            | Body::Check(_)
            | Body::Freeze(_)
            | Body::Unfreeze(_) => {}
        }
    }

    fn context(&mut self, context: &mut Context, texts: &Texts) {
        for (retrieval, documents) in context.retrievals.iter_mut().zip(&texts.documents) {
            self.retrieval(retrieval, documents);
        }
        if let (Some(template), Some(text)) = (&mut context.template, &texts.template) {
            template.digest = Some(match texts.withheld.contains(&WithheldText::Template) {
                true => Digest::sha256(text.as_bytes()),
                false => self.shared(text, None),
            });
        }
        let Some(assembly) = &mut context.assembly else {
            return;
        };
        for (index, (item, text)) in assembly.items.iter_mut().zip(&texts.items).enumerate() {
            item.digest = Some(match texts.withheld.contains(&WithheldText::Item(index)) {
                true => self.withheld(text),
                false => self.item(text),
            });
        }
        if let Some(text) = &texts.text {
            assembly.text_digest = Some(self.keyed(self.slots.everybody(), text.as_bytes()));
        }
    }

    fn retrieval(&self, retrieval: &mut Retrieval, documents: &[DocumentText]) {
        for (result, document) in retrieval.results.iter_mut().zip(documents) {
            let bytes = document.text.as_bytes();
            result.digest = Some(match retrieval.class {
                RetrieverClass::Shared => sha256(document.sha256, bytes),
                RetrieverClass::Personal => self.keyed(self.slots.everybody(), bytes),
            });
        }
    }

    fn item(&mut self, item: &ItemText) -> Digest {
        match item.class {
            Class::Plain | Class::Confidential => self.shared(&item.text, item.sha256),
            Class::Personal => {
                let slot = self.slots.of_entity(item.owner.as_ref());
                let digest = self.keyed(slot, item.text.as_bytes());
                let texts = self.placed.personal.entry(slot).or_default();
                texts.insert(digest, Arc::clone(&item.text));
                digest
            }
        }
    }

    /// The digest of the text of an item that is not stored.
    fn withheld(&self, item: &ItemText) -> Digest {
        match item.class {
            Class::Plain | Class::Confidential => sha256(item.sha256, item.text.as_bytes()),
            Class::Personal => self.keyed(
                self.slots.of_entity(item.owner.as_ref()),
                item.text.as_bytes(),
            ),
        }
    }

    fn shared(&mut self, text: &Arc<str>, known: Option<[u8; 32]>) -> Digest {
        let digest = sha256(known, text.as_bytes());
        self.placed.shared.push(SharedText {
            sha256: *digest.as_bytes(),
            text: Arc::clone(text),
        });
        digest
    }

    fn digested(&self, digest: &mut Option<Digest>, texts: &Texts) {
        if let Some(bytes) = &texts.digested {
            *digest = Some(self.keyed(self.slots.everybody(), bytes));
        }
    }

    pub(super) fn keyed(&self, slot: Slot, bytes: &[u8]) -> Digest {
        self.seeds[usize::from(slot.number())].digest(bytes)
    }
}

fn sha256(known: Option<[u8; 32]>, bytes: &[u8]) -> Digest {
    known.map_or_else(|| Digest::sha256(bytes), Digest::Sha256)
}
