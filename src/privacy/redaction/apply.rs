//! Rules applied to a whole record.

use super::error::{Blocked, RedactError};
use super::scrub::Scrubber;
use super::sent::{self, KnownTexts};
use super::{Redaction, RedactionKeys, walk, walk_context};
use crate::record::{
    Body, Completeness, Context, ContextStatus, Draft, ErrorNote, RedactionTrace, Section,
};

impl Redaction {
    /// Takes out of `draft` what the rules match, and leaves the traces in it.
    ///
    /// A context that was to be `sealed` and that a rule blocks is `refused` after this, without
    /// what blocked it; the caller records that, and then reports the block that is returned.
    ///
    /// # Errors
    ///
    /// [`RedactError::Blocked`] for a record of another kind; [`RedactError::NoOwner`] when a token
    /// is to be made and the record is not about one entity.
    pub fn apply(
        &self,
        draft: &mut Draft,
        keys: &RedactionKeys,
    ) -> Result<Option<Blocked>, RedactError> {
        self.run(draft, None, keys)
    }

    /// The same for a record that comes with its digests: its texts are in `known`, and those that
    /// are not to be stored are gone from it after this. Whatever blocks it, it is not to be stored.
    ///
    /// # Errors
    ///
    /// As [`Redaction::apply`], and [`RedactError::Blocked`] for contexts too.
    pub fn apply_to_import(
        &self,
        draft: &mut Draft,
        known: &mut std::collections::BTreeMap<crate::record::Digest, std::sync::Arc<str>>,
        keys: &RedactionKeys,
    ) -> Result<(), RedactError> {
        match self.run(draft, Some(known), keys)? {
            Some(blocked) => Err(blocked.into()),
            None => Ok(()),
        }
    }

    fn run(
        &self,
        draft: &mut Draft,
        known: Option<&mut KnownTexts>,
        keys: &RedactionKeys,
    ) -> Result<Option<Blocked>, RedactError> {
        let mut scrub = Scrubber::new(self, keys);
        let Draft { body, texts, .. } = draft;
        match body {
            Body::Context(context) => {
                sent::context(context, texts, known, &mut scrub);
                walk_context::context(context, &mut scrub);
            }
            Body::Generation(generation) => {
                sent::generation(generation, texts, &mut scrub);
                walk::generation(generation, &mut scrub);
            }
            Body::Decision(decision) => walk::decision(decision, &mut scrub),
            Body::Review(review) => walk::review(review, &mut scrub),
            Body::Outcome(outcome) => walk::outcome(outcome, &mut scrub),
            // What the trail says of itself.
            Body::Import(_)
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
        let Scrubber {
            traces,
            blocked,
            failed,
            ..
        } = scrub;
        if let Some(failed) = failed {
            return Err(failed);
        }
        match (body, blocked) {
            (Body::Context(context), blocked) => {
                note_sections(context, &traces);
                context.capture.redactions.extend(traces);
                // A context that was not sealed lets nothing through anyway.
                let blocked = blocked.filter(|_| context.status == ContextStatus::Sealed);
                if let Some(blocked) = &blocked {
                    refuse(context, blocked);
                    texts.text = None;
                }
                Ok(blocked)
            }
            (_, Some(blocked)) => Err(blocked.into()),
            (body, None) => {
                if let Some(redactions) = redactions(body) {
                    redactions.extend(traces);
                }
                Ok(None)
            }
        }
    }
}

const fn redactions(body: &mut Body) -> Option<&mut Vec<RedactionTrace>> {
    match body {
        Body::Context(context) => Some(&mut context.capture.redactions),
        Body::Generation(generation) => Some(&mut generation.redactions),
        Body::Decision(decision) => Some(&mut decision.redactions),
        Body::Review(review) => Some(&mut review.redactions),
        Body::Outcome(outcome) => Some(&mut outcome.redactions),
        Body::Import(_)
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
        | Body::Unfreeze(_) => None,
    }
}

/// Says of every section that something was taken out of that it is `redacted`; that parts are
/// missing anyway weighs more.
fn note_sections(context: &mut Context, traces: &[RedactionTrace]) {
    let sections = &mut context.capture.sections;
    for section in Section::ALL {
        let is_in = |trace: &RedactionTrace| trace.path.split('/').nth(1) == Some(section.as_str());
        if sections.of(section) != Completeness::Partial && traces.iter().any(is_in) {
            sections.set(section, Completeness::Redacted);
        }
    }
}

/// Makes a context one that was refused: no text of it goes on.
fn refuse(context: &mut Context, blocked: &Blocked) {
    let Blocked {
        rule, path, kind, ..
    } = blocked;
    context.status = ContextStatus::Refused;
    let message = format!("the redaction rule {rule} blocks {kind} at {path}");
    context.error = Some(ErrorNote::new("redaction_block", message));
    if let Some(assembly) = &mut context.assembly {
        assembly.messages.clear();
        assembly.text_digest = None;
        assembly.text_bytes = None;
    }
}
