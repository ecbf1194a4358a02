//! The encodings that tiktoken-rs carries.

use std::collections::HashSet;
use std::fmt;
use std::sync::OnceLock;

use tiktoken_rs::CoreBPE;

use super::boundary::Pattern;
use super::tokenizer::{Tokenizer, TokenizerError};
use super::whitespace::{LongRuns, Stretch, WhitespaceMerges};

/// An encoding of tiktoken-rs. The vocabulary is loaded when it counts for the first time.
#[derive(Clone, Copy)]
pub(super) struct Encoding {
    known: &'static Known,
}

struct Known {
    name: &'static str,
    pattern: Pattern,
    load: fn() -> &'static CoreBPE,
    merges: OnceLock<WhitespaceMerges>,
}

impl Encoding {
    pub(super) fn named(name: &str) -> Option<Self> {
        let known = ENCODINGS.iter().find(|known| known.name == name)?;
        Some(Self { known })
    }

    /// The tokens of each stretch of `text` one after the other, for texts whose white space is
    /// too long for the regular expression.
    fn lengths_by_stretch(&self, text: &str) -> Result<Vec<usize>, TokenizerError> {
        let bpe = (self.known.load)();
        let mut lengths = Vec::new();
        for stretch in LongRuns::new(self.known.pattern, text) {
            match stretch.map_err(|message| self.uncountable(text, message))? {
                Stretch::Ordinary(part) => lengths.extend(self.lengths(part)?),
                Stretch::Whitespace(piece) => {
                    let merges = self
                        .known
                        .merges
                        .get_or_init(|| WhitespaceMerges::of_vocabulary(bpe));
                    merges.token_lengths(piece, &mut lengths);
                }
            }
        }
        Ok(lengths)
    }

    fn lengths(&self, text: &str) -> Result<Vec<usize>, TokenizerError> {
        let bpe = (self.known.load)();
        let tokens = bpe
            .encode(text, &HashSet::new())
            .map_err(|error| self.uncountable(text, &error.message))?
            .0;
        let length = |token| bpe.decode_bytes(&[token]).map(|bytes| bytes.len());
        tokens
            .into_iter()
            .map(|token| length(token).map_err(|error| self.uncountable(text, &error.to_string())))
            .collect()
    }

    fn uncountable(&self, text: &str, message: &str) -> TokenizerError {
        TokenizerError {
            tokenizer: self.known.name.to_owned(),
            bytes: text.len(),
            message: message.to_owned(),
        }
    }
}

impl Tokenizer for Encoding {
    fn name(&self) -> &str {
        self.known.name
    }

    fn engine(&self) -> &str {
        ENGINE
    }

    fn count(&self, text: &str) -> Result<u64, TokenizerError> {
        // `encode_ordinary` panics where `encode` returns the error of the regular expression.
        let tokens = match (self.known.load)().encode(text, &HashSet::new()) {
            Ok((tokens, _)) => tokens.len(),
            Err(_) => self.lengths_by_stretch(text)?.len(),
        };
        Ok(u64::try_from(tokens).unwrap_or(u64::MAX))
    }

    fn token_lengths(&self, text: &str) -> Result<Vec<usize>, TokenizerError> {
        self.lengths(text)
            .or_else(|_| self.lengths_by_stretch(text))
    }

    fn splits_between(&self, left: &str, right: &str) -> bool {
        let neighbours = left.chars().next_back().zip(right.chars().next());
        neighbours.is_some_and(|(l, r)| self.known.pattern.splits_between(l, r))
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Encoding").field(&self.known.name).finish()
    }
}

impl Known {
    const fn new(name: &'static str, pattern: Pattern, load: fn() -> &'static CoreBPE) -> Self {
        Self {
            name,
            pattern,
            load,
            merges: OnceLock::new(),
        }
    }
}

static ENCODINGS: [Known; 7] = [
    Known::new(KNOWN[0], Pattern::O200k, tiktoken_rs::o200k_base_singleton),
    Known::new(
        KNOWN[1],
        Pattern::O200k,
        tiktoken_rs::o200k_harmony_singleton,
    ),
    Known::new(
        KNOWN[2],
        Pattern::Cl100k,
        tiktoken_rs::cl100k_base_singleton,
    ),
    Known::new(KNOWN[3], Pattern::R50k, tiktoken_rs::p50k_base_singleton),
    Known::new(KNOWN[4], Pattern::R50k, tiktoken_rs::p50k_edit_singleton),
    Known::new(KNOWN[5], Pattern::R50k, tiktoken_rs::r50k_base_singleton),
    Known::new(KNOWN[6], Pattern::R50k, tiktoken_rs::r50k_base_singleton),
];

/// The names of the encodings, the most current first.
pub(super) const KNOWN: [&str; 7] = [
    "o200k_base",
    "o200k_harmony",
    "cl100k_base",
    "p50k_base",
    "p50k_edit",
    "r50k_base",
    "gpt2",
];
const ENGINE: &str = "tiktoken-rs 0.12.1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_names_the_version_that_is_built_in() {
        let (name, version) = ENGINE.split_once(' ').unwrap();
        let lock = include_str!("../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"")));
    }

    #[test]
    fn token_lengths_add_up_to_the_text() {
        let text = "naïve 🙂 test\n\n  of 12345 things";
        for name in KNOWN {
            let encoding = Encoding::named(name).unwrap();
            let lengths = encoding.token_lengths(text).unwrap();
            assert_eq!(lengths.iter().sum::<usize>(), text.len());
            assert_eq!(encoding.count(text).unwrap(), lengths.len() as u64);
        }
    }

    #[test]
    fn names_of_special_tokens_are_ordinary_text() {
        for name in KNOWN {
            let encoding = Encoding::named(name).unwrap();
            assert!(encoding.count("<|endoftext|>").unwrap() > 1);
        }
    }

    #[test]
    fn a_text_cut_at_its_long_white_space_has_the_same_tokens() {
        for name in ["o200k_base", "cl100k_base", "r50k_base"] {
            let encoding = Encoding::named(name).unwrap();
            for unit in [" ", "\n", "\r\n "] {
                let run = unit.repeat(17_000 / unit.len());
                for before in ["", "a", "!\n", "é"] {
                    for after in ["", "b", "\nb", "/", " é"] {
                        let text = format!("{before}{run}{after}");
                        let expected = encoding.lengths(&text).unwrap();
                        match encoding.lengths_by_stretch(&text) {
                            Ok(lengths) => assert_eq!(lengths, expected, "{before:?} {after:?}"),
                            Err(error) => assert!(before == "é" || after == "/", "{error}"),
                        }
                    }
                }
            }
        }
    }
}
