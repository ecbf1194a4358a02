//! The summary of a bundle: what a lawyer reads and prints.

mod absence;
mod asked;
mod brief;
mod context;
mod decision;
mod facts;
mod gone;
mod governance;
mod hold;
mod people;
mod proof;
mod redacted;
mod saw;
mod succession;
mod used;
mod withheld;
mod words;

use super::page::{Block, Line, Section, counted};
use super::shown::{ShownBundle, ShownRecord};
use super::tree::TreeError;
use super::view::{Scope, View};
use super::{summary_html, summary_md};
use crate::record::Kind;

/// A page in plain language on what a bundle is evidence of, and what it is not.
///
/// It says who, what, when and why; what the model was given and what was left out; what people and
/// events said later; what is withheld; what is proved, what is not, and what cannot be said.
/// The same bundle gives the same page.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub(super) title: Line,
    pub(super) sections: Vec<Section>,
}

impl Summary {
    /// The summary of what `view` holds.
    ///
    /// # Errors
    ///
    /// [`TreeError`] when the fields of a record cannot be put together.
    pub fn of(view: &View) -> Result<Self, TreeError> {
        Ok(Self::from_shown(&ShownBundle::of(view)?))
    }

    pub(super) fn from_shown(bundle: &ShownBundle<'_>) -> Self {
        let sections = [
            brief::section(bundle),
            people::section(bundle),
            decision::section(bundle),
            governance::section(bundle),
            context::section(bundle),
            asked::section(bundle),
            decision::answers(bundle),
            decision::others(bundle),
            hold::section(bundle),
            succession::section(bundle),
            redacted::section(bundle),
            gone::section(bundle),
            withheld::section(bundle),
            proof::section(bundle),
            proof::log(bundle),
            proof::custody(bundle),
        ];
        Self {
            title: title(&bundle.view.claim.scope),
            sections: sections
                .into_iter()
                .filter(|section| !section.blocks.is_empty())
                .collect(),
        }
    }

    /// The page as one HTML document without scripts, for screens and for paper.
    #[must_use]
    pub fn to_html(&self) -> String {
        summary_html::page(self)
    }

    /// The page as Markdown (CommonMark), without tables or HTML in it.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        summary_md::page(self)
    }
}

fn title(scope: &Scope) -> Line {
    match scope {
        Scope::Decision { subject: Some(it) } => {
            Line::from("Evidence for the decision on ").recorded(it.to_string())
        }
        Scope::Decision { subject: None } => "Evidence for a decision".into(),
        Scope::Range { from, to } => {
            format!("Evidence for entries {from} to {to} of the log").into()
        }
        Scope::Entity { entity } => Line::from("Evidence about ").recorded(entity.to_string()),
    }
}

/// What `part` makes of each record of one kind; of those beyond a page's measure, that they are
/// in the bundle.
fn each_of_kind<'b, 'v>(
    bundle: &'b ShownBundle<'v>,
    kind: Kind,
    part: impl Fn(&ShownRecord<'v>) -> Vec<Block>,
) -> Vec<Block> {
    let mut blocks: Vec<Block> = bundle
        .of_kind(kind)
        .take(MAX_IN_DETAIL)
        .flat_map(|record| part(record).into_iter().chain(hidden_note(record)))
        .collect();
    let beyond = bundle.of_kind(kind).skip(MAX_IN_DETAIL).count();
    if beyond > 0 {
        let records = counted(beyond, "more record", "more records");
        let words = format!(
            "{records} of this kind: this page would grow too long; each is in the folder record/."
        );
        blocks.push(Block::Paragraph(words.into()));
    }
    blocks
}

/// That what is missing of `record` may be among its hidden fields.
fn hidden_note(record: &ShownRecord<'_>) -> Option<Block> {
    let hidden = record.hidden();
    (hidden > 0).then(|| {
        let fields = counted(
            hidden,
            "field of this record is",
            "fields of this record are",
        );
        let words = format!("{fields} hidden: what does not stand here may be among them.");
        Block::Paragraph(words.into())
    })
}

/// How many records of a kind a page shows in full.
const MAX_IN_DETAIL: usize = 50;
