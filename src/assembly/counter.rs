//! Counting with a memory: the same text is counted once.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::tokenizer::{Tokenizer, TokenizerError};

/// Counts of texts by their digest and tokenizer, bounded in number, shared by all who count.
///
/// An entry takes about 100 bytes, so the default holds some 6 MB. Texts are not kept.
pub struct CountCache {
    counts: Cache<Key, u64>,
}

/// What was counted: a text alone, or a text with separators around it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Counted {
    /// The text with this SHA-256.
    Alone([u8; 32]),
    /// The text and separators with this SHA-256 of what they are.
    WithSeparators([u8; 32]),
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Key {
    counted: Counted,
    tokenizer: u64,
}

impl CountCache {
    /// A cache of at most `entries` counts; the least used make room for new ones.
    #[must_use]
    pub fn with_capacity(entries: usize) -> Self {
        Self {
            counts: Cache::new(entries),
        }
    }

    /// How many counts it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl Default for CountCache {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_ENTRIES)
    }
}

impl fmt::Debug for CountCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountCache")
            .field("entries", &self.counts.len())
            .finish()
    }
}

/// A tokenizer with a cache of counts. Clones share both.
#[derive(Clone, Debug)]
pub struct Counter {
    tokenizer: Arc<dyn Tokenizer>,
    /// Stands for the name and the engine of the tokenizer in the keys of the cache.
    identity: u64,
    cache: Arc<CountCache>,
}

impl Counter {
    /// A counter with a cache of its own.
    #[must_use]
    pub fn new(tokenizer: Arc<dyn Tokenizer>) -> Self {
        Self::with_cache(tokenizer, Arc::default())
    }

    /// A counter that shares `cache` with others, of whatever tokenizer.
    #[must_use]
    pub fn with_cache(tokenizer: Arc<dyn Tokenizer>, cache: Arc<CountCache>) -> Self {
        let names = format!("{}\0{}", tokenizer.name(), tokenizer.engine());
        let digest: [u8; 32] = Sha256::digest(names.as_bytes()).into();
        let (identity, _) = digest.split_at(8);
        Self {
            tokenizer,
            identity: identity
                .iter()
                .fold(0, |all, byte| all << 8 | u64::from(*byte)),
            cache,
        }
    }

    /// What counts.
    #[must_use]
    pub fn tokenizer(&self) -> &Arc<dyn Tokenizer> {
        &self.tokenizer
    }

    /// The number of tokens of `text`, from the cache where it has been counted before.
    ///
    /// `sha256` must be the SHA-256 of `text`: a wrong one gives the count of another text.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::count`].
    pub fn count(&self, text: &str, sha256: &[u8; 32]) -> Result<u64, TokenizerError> {
        self.remembered(Counted::Alone(*sha256), || self.count_now(text))
    }

    /// The number of tokens of `text`, counted now.
    pub(super) fn count_now(&self, text: &str) -> Result<u64, TokenizerError> {
        if text.is_empty() {
            return Ok(0);
        }
        self.tokenizer.count(text)
    }

    /// What was counted before, else what `count` gives.
    pub(super) fn remembered(
        &self,
        counted: Counted,
        count: impl FnOnce() -> Result<u64, TokenizerError>,
    ) -> Result<u64, TokenizerError> {
        let key = Key {
            counted,
            tokenizer: self.identity,
        };
        if let Some(count) = self.cache.counts.get(&key) {
            return Ok(count);
        }
        let count = count()?;
        self.cache.counts.insert(key, count);
        Ok(count)
    }

    /// The number of tokens of `fragments` one after the other.
    ///
    /// Fragments whose own count is known are opened only at their ends, as far as the first and
    /// from the last place where a token is certain to end; everything else is counted again.
    pub(super) fn spliced(&self, fragments: &[Fragment<'_>]) -> Result<u64, TokenizerError> {
        let mut total = 0;
        let mut open = String::new();
        for fragment in fragments {
            let Fragment { text, tokens } = *fragment;
            match tokens.zip(self.ends(text)) {
                Some((tokens, (head, tail))) => {
                    let mut ends = self.count_now(tail)?;
                    if !open.is_empty() {
                        ends += self.count_now(head)?;
                        open.push_str(head);
                        total += self.count_now(&open)?;
                    }
                    total += tokens.saturating_sub(ends);
                    tail.clone_into(&mut open);
                }
                None => open.push_str(text),
            }
        }
        Ok(total + self.count_now(&open)?)
    }

    /// The text before the first and after the last certain end of a token, where both are near
    /// the ends of a long text.
    pub(super) fn ends<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str)> {
        if text.len() <= 2 * END_BYTES {
            return None;
        }
        let first = self.boundary_after(text, 1)?;
        let last = self.boundary_before(text, text.len() - 1)?;
        (first <= END_BYTES && last >= text.len() - END_BYTES)
            .then(|| (&text[..first], &text[last..]))
    }

    /// The first place of `text` at or after byte `from`, within reach, where a token is certain
    /// to end.
    pub(super) fn boundary_after(&self, text: &str, from: usize) -> Option<usize> {
        let from = text.ceil_char_boundary(from.max(1));
        (from..text.len().min(from + END_BYTES)).find(|at| self.is_boundary(text, *at))
    }

    /// The last place of `text` at or before byte `from`, within reach, where a token is certain
    /// to end.
    pub(super) fn boundary_before(&self, text: &str, from: usize) -> Option<usize> {
        let from = text.floor_char_boundary(from);
        (from.saturating_sub(END_BYTES).max(1)..=from)
            .rev()
            .find(|at| self.is_boundary(text, *at))
    }

    fn is_boundary(&self, text: &str, at: usize) -> bool {
        text.split_at_checked(at).is_some_and(|(left, right)| {
            !right.is_empty() && self.tokenizer.splits_between(left, right)
        })
    }
}

/// A part of a text to be counted, and its own count where that is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Option<u64>,
}

const DEFAULT_ENTRIES: usize = 65_536;
/// How far from its ends a text is searched for a place where a token is certain to end.
const END_BYTES: usize = 256;
