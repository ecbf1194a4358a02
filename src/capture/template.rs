//! Prompt templates as applications declare them.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

/// A named and versioned prompt template, with `{{name}}` where variables go.
///
/// Its digest is taken once, so a template is best a `static`:
///
/// ```
/// use contextrail::capture::Template;
///
/// static LOAN_PROMPT: Template =
///     Template::new("loan_prompt", "1.3.0", "You assist a loan officer. {{rules}}");
/// assert_eq!(LOAN_PROMPT.version(), "1.3.0");
/// ```
#[derive(Clone, Debug)]
pub struct Template {
    name: Cow<'static, str>,
    version: Cow<'static, str>,
    text: Cow<'static, str>,
    shared: OnceLock<(Arc<str>, [u8; 32])>,
}

impl Template {
    /// Declares a template whose text is part of the program.
    #[must_use]
    pub const fn new(name: &'static str, version: &'static str, text: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            version: Cow::Borrowed(version),
            text: Cow::Borrowed(text),
            shared: OnceLock::new(),
        }
    }

    /// Wraps a template that was loaded at run time.
    #[must_use]
    pub fn loaded(
        name: impl Into<String>,
        version: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            name: Cow::Owned(name.into()),
            version: Cow::Owned(version.into()),
            text: Cow::Owned(text.into()),
            shared: OnceLock::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its text before variables are put in.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text to share between records, and its SHA-256.
    pub(super) fn shared(&self) -> &(Arc<str>, [u8; 32]) {
        self.shared.get_or_init(|| {
            let text: Arc<str> = Arc::from(&*self.text);
            let sha256 = Sha256::digest(text.as_bytes()).into();
            (text, sha256)
        })
    }
}
