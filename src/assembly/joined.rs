//! The exact count of blocks joined by a separator, kept up to date as blocks are added.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::record::Role;

use super::counter::{Counted, Counter, Fragment};
use super::tokenizer::TokenizerError;

/// A block of the text.
#[derive(Clone, Debug)]
pub(super) struct Block<'a> {
    text: Cow<'a, str>,
    role: Role,
    /// The count of the block alone.
    tokens: u64,
    /// The digest of the text, where it is worth remembering its count with separators.
    sha256: Option<&'a [u8; 32]>,
    /// Counts with a separator after it, before it, and on both sides, once known.
    with_separators: [Cell<Option<u64>>; 3],
    /// Whether a token is certain to end within the text, once known.
    is_divided: Cell<Option<bool>>,
}

impl<'a> Block<'a> {
    pub(super) fn whole(text: &'a str, sha256: &'a [u8; 32], tokens: u64, role: Role) -> Self {
        Self::new(Cow::Borrowed(text), Some(sha256), tokens, role)
    }

    pub(super) fn cut(text: String, tokens: u64, role: Role) -> Self {
        Self::new(Cow::Owned(text), None, tokens, role)
    }

    fn new(text: Cow<'a, str>, sha256: Option<&'a [u8; 32]>, tokens: u64, role: Role) -> Self {
        Self {
            text,
            role,
            tokens,
            sha256,
            with_separators: Default::default(),
            is_divided: Cell::default(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) const fn role(&self) -> Role {
        self.role
    }
}

/// Blocks in the order of the text, and the exact count of their text.
#[derive(Debug)]
pub(super) struct Joined<'a> {
    counter: &'a Counter,
    separator: &'a str,
    separator_tokens: u64,
    blocks: BTreeMap<usize, Block<'a>>,
    size: Size,
}

/// The size of a text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Size {
    /// Its tokens, separators included.
    pub(super) tokens: u64,
    /// Its runs of equal role.
    pub(super) messages: u64,
}

/// Where, around a separator between two blocks, a token is certain to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Seam {
    AfterSeparator,
    BeforeSeparator,
    Nowhere,
}

impl<'a> Joined<'a> {
    pub(super) fn new(counter: &'a Counter, separator: &'a str) -> Result<Self, TokenizerError> {
        Ok(Self {
            counter,
            separator,
            separator_tokens: counter.count_now(separator)?,
            blocks: BTreeMap::new(),
            size: Size::default(),
        })
    }

    pub(super) const fn size(&self) -> Size {
        self.size
    }

    pub(super) const fn counter(&self) -> &'a Counter {
        self.counter
    }

    /// Takes all blocks out, and gives them as they were.
    pub(super) fn restart(&mut self) -> Self {
        let empty = Self {
            blocks: BTreeMap::new(),
            size: Size::default(),
            ..*self
        };
        std::mem::replace(self, empty)
    }

    /// The blocks in the order of the text, each with its place.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (usize, &Block<'a>)> {
        self.blocks.iter().map(|(place, block)| (*place, block))
    }

    /// Puts `block` at `place`, where there is none; `size` is what [`size_with`](Self::size_with)
    /// gave for it.
    pub(super) fn insert(&mut self, place: usize, block: Block<'a>, size: Size) {
        self.blocks.insert(place, block);
        self.size = size;
    }

    /// The size of the text if `block` stood at `place`.
    ///
    /// Only the blocks that a token could reach across are looked at.
    pub(super) fn size_with(
        &self,
        place: usize,
        block: &Block<'a>,
    ) -> Result<Size, TokenizerError> {
        let mut before = self.blocks.range(..place).rev().map(|(_, block)| block);
        let mut after = self.blocks.range(place + 1..).map(|(_, block)| block);
        let (left, left_lead) = self.reach(&mut before, |block, next| self.seam(next, block));
        let (right, right_trail) = self.reach(&mut after, |block, next| self.seam(block, next));
        let lead = left_lead == Some(Seam::BeforeSeparator);
        let trail = right_trail == Some(Seam::AfterSeparator);

        let mut span: Vec<&Block<'a>> = left.into_iter().rev().collect();
        let middle = span.len();
        span.extend(right);
        let old = self.span_tokens(&span, lead, trail)?;
        let neighbours = (
            middle.checked_sub(1).map(|at| span[at].role),
            span.get(middle).map(|block| block.role),
        );
        span.insert(middle, block);
        let new = self.span_tokens(&span, lead, trail)?;
        Ok(Size {
            tokens: (self.size.tokens + new).saturating_sub(old),
            messages: messages_with(self.size.messages, neighbours, block.role),
        })
    }

    /// The blocks that change with what stands before them, and the seam to the one after.
    ///
    /// They end at a seam, or within a block where a token is certain to end: what is beyond stays
    /// as it is, so the seam beyond it is not asked for.
    fn reach<'b>(
        &self,
        blocks: &mut dyn Iterator<Item = &'b Block<'a>>,
        seam: impl Fn(&Block<'a>, &Block<'a>) -> Seam,
    ) -> (Vec<&'b Block<'a>>, Option<Seam>) {
        let mut reached: Vec<&'b Block<'a>> = Vec::new();
        for block in blocks {
            if let Some(last) = reached.last() {
                let seam = seam(last, block);
                if seam != Seam::Nowhere {
                    return (reached, Some(seam));
                }
            }
            reached.push(block);
            if self.is_divided(block) {
                break;
            }
        }
        (reached, None)
    }

    fn is_divided(&self, block: &Block<'_>) -> bool {
        block.is_divided.get().unwrap_or_else(|| {
            let is_divided = self.counter.ends(block.text()).is_some();
            block.is_divided.set(Some(is_divided));
            is_divided
        })
    }

    fn seam(&self, left: &Block<'_>, right: &Block<'_>) -> Seam {
        let (left, right) = (left.text(), right.text());
        let tokenizer = self.counter.tokenizer();
        let splits = |left: &str, right: &str| {
            !left.is_empty() && !right.is_empty() && tokenizer.splits_between(left, right)
        };
        if self.separator.is_empty() {
            return match splits(left, right) {
                true => Seam::AfterSeparator,
                false => Seam::Nowhere,
            };
        }
        if splits(self.separator, right) {
            Seam::AfterSeparator
        } else if splits(left, self.separator) {
            Seam::BeforeSeparator
        } else {
            Seam::Nowhere
        }
    }

    /// The tokens of neighbouring blocks, with the separator before the first if `lead` and after
    /// the last if `trail`.
    fn span_tokens(
        &self,
        span: &[&Block<'a>],
        lead: bool,
        trail: bool,
    ) -> Result<u64, TokenizerError> {
        let mut total = 0;
        let mut start = 0;
        let mut lead = lead;
        for (at, block) in span.iter().enumerate() {
            let seam = span.get(at + 1).map(|next| self.seam(block, next));
            let trail = match seam {
                Some(Seam::Nowhere) => continue,
                Some(seam) => seam == Seam::AfterSeparator,
                None => trail,
            };
            total += self.group_tokens(&span[start..=at], lead, trail)?;
            start = at + 1;
            lead = seam == Some(Seam::BeforeSeparator);
        }
        Ok(total)
    }

    /// The tokens of blocks that tokens may reach across.
    fn group_tokens(
        &self,
        group: &[&Block<'a>],
        lead: bool,
        trail: bool,
    ) -> Result<u64, TokenizerError> {
        let [block] = group else {
            return self.counter.spliced(&self.fragments(group, lead, trail));
        };
        let known = match (lead, trail) {
            (false, false) => return Ok(block.tokens),
            (false, true) => &block.with_separators[0],
            (true, false) => &block.with_separators[1],
            (true, true) => &block.with_separators[2],
        };
        if let Some(tokens) = known.get() {
            return Ok(tokens);
        }
        let count = || self.counter.spliced(&self.fragments(group, lead, trail));
        let tokens = match block.sha256 {
            Some(sha256) => {
                let what = Sha256::new_with_prefix(sha256)
                    .chain_update([u8::from(lead), u8::from(trail)])
                    .chain_update(self.separator);
                let counted = Counted::WithSeparators(what.finalize().into());
                self.counter.remembered(counted, count)?
            }
            None => count()?,
        };
        known.set(Some(tokens));
        Ok(tokens)
    }

    fn fragments<'b>(
        &'b self,
        group: &[&'b Block<'a>],
        lead: bool,
        trail: bool,
    ) -> Vec<Fragment<'b>> {
        let separator = Fragment {
            text: self.separator,
            tokens: Some(self.separator_tokens),
        };
        let mut fragments = Vec::with_capacity(2 * group.len() + 1);
        fragments.extend(lead.then_some(separator));
        for (at, block) in group.iter().enumerate() {
            if at > 0 {
                fragments.push(separator);
            }
            fragments.push(Fragment {
                text: block.text(),
                tokens: Some(block.tokens),
            });
        }
        fragments.extend(trail.then_some(separator));
        fragments
    }
}

/// The runs of equal role once a block of `role` stands between `neighbours`.
fn messages_with(messages: u64, neighbours: (Option<Role>, Option<Role>), role: Role) -> u64 {
    let differs = |neighbour: Option<Role>| neighbour.is_some_and(|other| other != role);
    match neighbours {
        (None, None) => 1,
        (Some(left), Some(right)) => {
            let before = u64::from(left != right);
            messages + u64::from(left != role) + u64::from(right != role) - before
        }
        (left, right) => messages + u64::from(differs(left) || differs(right)),
    }
}
