//! Candidates and a budget in, a text and a verdict for every candidate out.
//!
//! Everything here is pure and deterministic: no clock, no input, no output. [`assemble`] decides
//! what fits, [`render`] makes the same text again from the record, and [`what_if`] tries another
//! budget. What they count is exact: `budget.used` is what the named tokenizer counts in the text.
//!
//! ```
//! use contextrail::assembly::{Budget, Candidate, Counter, Layout, assemble, tokenizer};
//!
//! let counter = Counter::new(tokenizer("o200k_base")?);
//! let mut rules = Candidate::new("Answer in one paragraph.");
//! rules.required = true;
//! let story = Candidate::new("Once upon a time. ".repeat(100));
//!
//! let budget = Budget::tokens(100).reserve_output(20);
//! let assembled = assemble(&[rules, story], &budget, &Layout::default(), &counter)?;
//! assert_eq!(&*assembled.text, "Answer in one paragraph.");
//! assert_eq!(assembled.record.budget.used, 5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assemble;
mod boundary;
mod budget;
mod candidate;
mod compose;
mod counter;
mod cut;
mod encoding;
mod error;
mod fitting;
mod freshness;
mod joined;
mod selection;
mod template;
mod tokenizer;
mod whitespace;

pub use assemble::{Assembled, assemble, what_if};
pub use budget::{Budget, Layout};
pub use candidate::Candidate;
pub use compose::{messages, render};
pub use counter::{CountCache, Counter};
pub use error::{AssemblyError, RenderError};
pub use freshness::{freshness, note_ages};
pub use template::{TemplateError, feature_text, render_template, value_text};
pub use tokenizer::{
    Tokenizer, TokenizerError, UnknownTokenizer, known_tokenizers, tokenizer, tokenizer_for_model,
};
