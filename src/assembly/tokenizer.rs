//! Tokenizers: what counts the tokens of a text.

use std::fmt;
use std::sync::Arc;

use tiktoken_rs::tokenizer::{Tokenizer as ModelEncoding, get_tokenizer};

use super::encoding::{Encoding, KNOWN};

/// Counts the tokens of a text exactly as a model's own tokenizer does.
///
/// Implement it to count for models whose encoding this library does not carry. The record names
/// [`name`](Self::name) and [`engine`](Self::engine), and counts are cached under both, so two
/// tokenizers that count differently must not share them.
pub trait Tokenizer: fmt::Debug + Send + Sync {
    /// The encoding: `o200k_base`. 1–512 bytes without U+0000.
    fn name(&self) -> &str;

    /// The implementation and its version: `tiktoken-rs 0.12.1`. 1–512 bytes without U+0000.
    fn engine(&self) -> &str;

    /// The number of tokens of `text`. Names of special tokens count as ordinary text.
    ///
    /// # Errors
    ///
    /// [`TokenizerError`] when the exact number cannot be found. It is never estimated.
    fn count(&self, text: &str) -> Result<u64, TokenizerError>;

    /// The lengths in bytes of the tokens of `text`, in order. Their sum is the length of `text`.
    ///
    /// # Errors
    ///
    /// As [`count`](Self::count).
    fn token_lengths(&self, text: &str) -> Result<Vec<usize>, TokenizerError>;

    /// Whether a token always ends where `left` meets `right`, whatever comes before and after.
    ///
    /// `true` promises that for every `a` ending in `left` and every `b` beginning with `right`
    /// the tokens of `a + b` are the tokens of `a` followed by those of `b`. It lets counts be
    /// added up instead of counted again; `false` is always right, and slower. Neither part is
    /// empty when this library asks.
    fn splits_between(&self, left: &str, right: &str) -> bool {
        let _ = (left, right);
        false
    }
}

/// The number of tokens of a text could not be found.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{tokenizer} cannot count a text of {bytes} bytes: {message}")]
pub struct TokenizerError {
    /// The tokenizer that was asked.
    pub tokenizer: String,
    /// Length of the text in bytes.
    pub bytes: usize,
    /// Why not.
    pub message: String,
}

/// The tokenizer named `name`: one of [`known_tokenizers`].
///
/// Vocabularies are part of this library: nothing is downloaded. One is loaded when it counts for
/// the first time, which takes 0.1 to 0.4 s, and stays loaded.
///
/// # Errors
///
/// [`UnknownTokenizer`], which lists the known ones.
pub fn tokenizer(name: &str) -> Result<Arc<dyn Tokenizer>, UnknownTokenizer> {
    match Encoding::named(name) {
        Some(encoding) => Ok(Arc::new(encoding)),
        None => Err(UnknownTokenizer::Encoding {
            name: name.to_owned(),
        }),
    }
}

/// The tokenizer of the model named `model`, dated and fine-tuned versions included.
///
/// # Errors
///
/// [`UnknownTokenizer`] when it is not known which encoding the model uses; it is never guessed.
pub fn tokenizer_for_model(model: &str) -> Result<Arc<dyn Tokenizer>, UnknownTokenizer> {
    let unknown = || UnknownTokenizer::Model {
        model: model.to_owned(),
    };
    let name = match get_tokenizer(model).ok_or_else(unknown)? {
        ModelEncoding::O200kHarmony => "o200k_harmony",
        ModelEncoding::O200kBase => "o200k_base",
        ModelEncoding::Cl100kBase => "cl100k_base",
        ModelEncoding::P50kBase => "p50k_base",
        ModelEncoding::P50kEdit => "p50k_edit",
        ModelEncoding::R50kBase => "r50k_base",
        ModelEncoding::Gpt2 => "gpt2",
    };
    tokenizer(name).map_err(|_| unknown())
}

/// The names that [`tokenizer`] knows, the most current first.
#[must_use]
pub fn known_tokenizers() -> &'static [&'static str] {
    &KNOWN
}

/// No tokenizer goes by that name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownTokenizer {
    /// The encoding is not known.
    #[error("unknown tokenizer {name:?}; known are {}", KNOWN.join(", "))]
    Encoding {
        /// The name asked for.
        name: String,
    },
    /// It is not known which encoding the model uses.
    #[error(
        "the tokenizer of model {model:?} is not known; known models are {KNOWN_MODELS}; \
         for others name a tokenizer in the budget: {}", KNOWN.join(", ")
    )]
    Model {
        /// The model asked for.
        model: String,
    },
}

const KNOWN_MODELS: &str = "gpt-5*, gpt-4.5-*, gpt-4.1, gpt-4.1-*, gpt-4o, gpt-4o-*, chatgpt-4o-*, \
     gpt-4, gpt-4-*, gpt-3.5, gpt-3.5-turbo, gpt-3.5-turbo-*, gpt-35-turbo, gpt-35-turbo-*, o1, o1-*, \
     o3, o3-*, o4-mini, o4-mini-*, gpt-oss-*, codex-mini*, text-embedding-3-small, \
     text-embedding-3-large, text-embedding-ada-002, davinci-002, babbage-002, text-davinci-003 and \
     the other models of GPT-3, gpt2, and fine-tuned ft:* of these";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_tokenizer_counts_under_its_own_name() {
        for name in known_tokenizers() {
            let tokenizer = tokenizer(name).unwrap();
            assert_eq!(tokenizer.name(), *name);
            assert_eq!(tokenizer.count("hello").unwrap(), 1, "{name}");
        }
    }

    #[test]
    fn an_unknown_tokenizer_is_an_error_that_lists_the_known_ones() {
        let error = tokenizer("o300k_base").unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown tokenizer \"o300k_base\"; known are o200k_base, o200k_harmony, cl100k_base, \
             p50k_base, p50k_edit, r50k_base, gpt2"
        );
    }

    #[test]
    fn a_model_is_known_by_its_dated_and_fine_tuned_names() {
        for (model, name) in [
            ("gpt-4o-2024-08-06", "o200k_base"),
            ("gpt-4-0613", "cl100k_base"),
            ("ft:gpt-4o:org:name:id", "o200k_base"),
            ("gpt-oss-20b", "o200k_harmony"),
            ("gpt2", "gpt2"),
        ] {
            assert_eq!(tokenizer_for_model(model).unwrap().name(), name);
        }
    }

    #[test]
    fn the_models_listed_as_known_are_known() {
        for model in KNOWN_MODELS
            .split([',', ' '])
            .filter(|word| !word.is_empty())
        {
            if !model.contains(|c: char| c.is_ascii_digit()) || model == "GPT-3" {
                continue;
            }
            let model = model.replace('*', "2024-08-06");
            assert!(tokenizer_for_model(&model).is_ok(), "{model}");
        }
        for model in [
            "chatgpt-4o-latest",
            "text-embedding-ada-002",
            "text-davinci-003",
            "gpt2",
        ] {
            let pattern = model.replace("latest", "*");
            assert!(KNOWN_MODELS.contains(&pattern), "{pattern}");
            assert!(tokenizer_for_model(model).is_ok(), "{model}");
        }
    }

    #[test]
    fn an_unknown_model_is_never_guessed() {
        for model in [
            "",
            "claude-x",
            "gpt-4-turbo-with-a-twist?".get(..5).unwrap(),
        ] {
            if let Err(error) = tokenizer_for_model(model) {
                assert!(error.to_string().contains("known models are"), "{error}");
            }
        }
        assert!(tokenizer_for_model("claude-x").is_err());
    }
}
