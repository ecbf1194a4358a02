//! Cutting a text on token and character boundaries.

use std::ops::Range;

use super::candidate::Candidate;
use super::compose::cut_text;
use super::counter::{Counter, Fragment};
use super::tokenizer::TokenizerError;

use crate::record::Overflow;

/// The ways to cut one candidate. Only as much of its text is encoded as is asked for.
#[derive(Debug)]
pub(super) struct Cuts<'a> {
    counter: &'a Counter,
    candidate: &'a Candidate,
    /// Where the tokens of a beginning of the text end.
    head: Vec<usize>,
    /// Where the tokens of an end of the text begin.
    tail: Vec<usize>,
}

/// One way to cut a candidate.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// What stands in its place, with the marker.
    pub(super) text: String,
    /// The tokens of `text`.
    pub(super) tokens: u64,
    /// The byte ranges kept.
    pub(super) kept: Vec<[u64; 2]>,
    /// The tokens of what is kept, without the marker.
    pub(super) kept_tokens: u64,
}

/// A part of the text that is kept, and its count.
#[derive(Debug)]
struct Part {
    bytes: Range<usize>,
    tokens: u64,
}

impl<'a> Cuts<'a> {
    pub(super) const fn new(counter: &'a Counter, candidate: &'a Candidate) -> Self {
        Self {
            counter,
            candidate,
            head: Vec::new(),
            tail: Vec::new(),
        }
    }

    /// The cut that keeps `count` tokens or, where a token ends within a character, a little less.
    /// `None` when nothing would be kept. `count` is less than the tokens of the whole text.
    pub(super) fn keeping(&mut self, count: usize) -> Result<Option<Cut>, TokenizerError> {
        let parts = match self.candidate.overflow {
            Overflow::KeepTail => vec![self.last(count)?],
            Overflow::KeepEnds => vec![self.first(count.div_ceil(2))?, self.last(count / 2)?],
            Overflow::KeepHead | Overflow::Drop | Overflow::DropOldest => vec![self.first(count)?],
        };
        let kept_tokens = parts.iter().map(|part| part.tokens).sum();
        if kept_tokens == 0 {
            return Ok(None);
        }
        let marker = Fragment {
            text: self.candidate.marker.as_deref().unwrap_or_default(),
            tokens: None,
        };
        let mut fragments: Vec<Fragment<'_>> =
            parts.iter().map(|part| self.fragment(part)).collect();
        let slices: Vec<&str> = fragments.iter().map(|fragment| fragment.text).collect();
        let Some(text) = cut_text(self.candidate.overflow, marker.text, &slices) else {
            return Ok(None);
        };
        let before_marker = usize::from(self.candidate.overflow != Overflow::KeepTail);
        fragments.insert(before_marker, marker);
        let tokens = self.counter.spliced(&fragments)?;
        let kept = parts.iter().map(|part| byte_range(&part.bytes)).collect();
        Ok(Some(Cut {
            text,
            tokens,
            kept,
            kept_tokens,
        }))
    }

    fn fragment(&self, part: &Part) -> Fragment<'a> {
        Fragment {
            text: &self.candidate.text[part.bytes.clone()],
            tokens: Some(part.tokens),
        }
    }

    /// The first `count` tokens, as far as they make whole characters.
    fn first(&mut self, count: usize) -> Result<Part, TokenizerError> {
        let text = &*self.candidate.text;
        self.encode_head(count)?;
        let end = match count.checked_sub(1).and_then(|last| self.head.get(last)) {
            Some(end) => text.floor_char_boundary(*end),
            None => 0,
        };
        let known = self.counter.boundary_before(text, end).unwrap_or(0);
        let before = self.head.partition_point(|token_end| *token_end <= known);
        Ok(Part {
            bytes: 0..end,
            tokens: token_count(before) + self.counter.count_now(&text[known..end])?,
        })
    }

    /// The last `count` tokens, as far as they make whole characters.
    fn last(&mut self, count: usize) -> Result<Part, TokenizerError> {
        let text = &*self.candidate.text;
        self.encode_tail(count)?;
        let first = self.tail.len().saturating_sub(count);
        let start = match self.tail.get(first) {
            Some(start) => text.ceil_char_boundary(*start),
            None => text.len(),
        };
        let known = self
            .counter
            .boundary_after(text, start)
            .unwrap_or(text.len());
        let before = self
            .tail
            .partition_point(|token_start| *token_start < known);
        Ok(Part {
            bytes: start..text.len(),
            tokens: token_count(self.tail.len() - before)
                + self.counter.count_now(&text[start..known])?,
        })
    }

    fn encode_head(&mut self, count: usize) -> Result<(), TokenizerError> {
        let text = &*self.candidate.text;
        let mut bytes = window_bytes(count);
        while self.head.len() < count && self.head.last() != Some(&text.len()) {
            let end = match bytes < text.len() {
                true => self.counter.boundary_after(text, bytes),
                false => Some(text.len()),
            };
            if let Some(end) = end {
                let lengths = self.counter.tokenizer().token_lengths(&text[..end])?;
                self.head = ends_of(&lengths).collect();
            }
            bytes = bytes.saturating_mul(2);
        }
        Ok(())
    }

    fn encode_tail(&mut self, count: usize) -> Result<(), TokenizerError> {
        let text = &*self.candidate.text;
        let mut bytes = window_bytes(count);
        while self.tail.len() < count && self.tail.first() != Some(&0) {
            let start = match bytes < text.len() {
                true => self.counter.boundary_before(text, text.len() - bytes),
                false => Some(0),
            };
            if let Some(start) = start {
                let lengths = self.counter.tokenizer().token_lengths(&text[start..])?;
                self.tail = ends_of(&lengths)
                    .zip(&lengths)
                    .map(|(end, length)| start + end - length)
                    .collect();
            }
            bytes = bytes.saturating_mul(2);
        }
        Ok(())
    }
}

fn ends_of(lengths: &[usize]) -> impl Iterator<Item = usize> {
    lengths.iter().scan(0, |end, length| {
        *end += length;
        Some(*end)
    })
}

/// How much text most likely has `count` tokens and some to spare.
const fn window_bytes(count: usize) -> usize {
    count.saturating_mul(6).saturating_add(64)
}

fn token_count(tokens: usize) -> u64 {
    u64::try_from(tokens).unwrap_or(u64::MAX)
}

fn byte_range(bytes: &Range<usize>) -> [u64; 2] {
    [bytes.start, bytes.end].map(|at| u64::try_from(at).unwrap_or(u64::MAX))
}
