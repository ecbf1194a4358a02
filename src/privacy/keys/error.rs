//! What can go wrong with keys.

use std::io;

/// What can go wrong with keys. Every message says which one; none holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A file of keys cannot be used.
    #[error("{path} cannot be {verb}")]
    File {
        /// The file.
        path: String,
        /// What was tried: `read`, `written`.
        verb: &'static str,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// A file of keys can be read by others.
    #[error(
        "{path} has mode {mode:o}: others could read personal values with it; chmod 600 {path}, and rotate the key if anybody may have read it"
    )]
    Exposed {
        /// The file.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// A line of a file is not what it should be.
    #[error("{path}, line {line}: {what}")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The file that says who keeps the key-encryption key makes no sense.
    #[error("{path}, line {line}: {what}")]
    Choice {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// Values are encrypted, and the keys are not there.
    #[error(
        "{path} is missing, and personal values of tenant {tenant} are encrypted under its keys: put it back; what is not personal can be read without it"
    )]
    Missing {
        /// The file.
        path: String,
        /// Whose keys they are.
        tenant: String,
    },
    /// The provider does not know the key, or has another one of that name.
    #[error("{provider} does not open {what}: it was encrypted under the key {key}")]
    WrongKey {
        /// Where the key was looked for.
        provider: String,
        /// What was to be opened.
        what: String,
        /// The name of the key.
        key: String,
    },
    /// A tenant key was destroyed, and what it opened can be read no more.
    #[error("epoch {epoch} of the keys of tenant {tenant} was destroyed")]
    Destroyed {
        /// Whose key it was.
        tenant: String,
        /// Its epoch.
        epoch: u32,
    },
    /// The key was erased, and this database is an older one that still has it.
    #[error("the key was erased, and what it opens is not read again")]
    Erased,
    /// There is no such epoch, or it is the one in use.
    #[error("epoch {epoch} of the keys of tenant {tenant} cannot be destroyed: {why}")]
    Kept {
        /// Whose key it is.
        tenant: String,
        /// Its epoch.
        epoch: u32,
        /// Why not.
        why: String,
    },
    /// Outside, where the key is, something failed.
    #[error("{provider} failed: {what}")]
    Provider {
        /// Which provider.
        provider: String,
        /// What it said.
        what: String,
    },
    /// The provider cannot be reached, or does not answer in time: try again.
    #[error("{provider} cannot be reached: {what}")]
    Away {
        /// Which provider.
        provider: String,
        /// What stands in the way.
        what: String,
    },
    /// The provider does not do it for this caller.
    #[error("{provider} refuses: it answered {status}; {hint}")]
    Denied {
        /// Which provider.
        provider: String,
        /// The status of HTTP.
        status: u16,
        /// What to look at.
        hint: String,
    },
    /// What the provider answered cannot be what was asked for.
    #[error("the answer of {provider} does not hold: {what}")]
    Answer {
        /// Which provider.
        provider: String,
        /// What is wrong with it.
        what: String,
    },
    /// A token does not give its value back any more.
    #[error(
        "the key of this token is not here: whom it was about was erased, or it is a token of another trail"
    )]
    TokenKey,
    /// A token is not one that was made under the key it names.
    #[error("the token is damaged: copy all of it, from `[tok:` to `]`")]
    TokenDamaged,
    /// More bytes than can be encrypted at once.
    #[error("{0} bytes are too many to be encrypted at once")]
    TooLong(usize),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a key: {0}")]
    NoEntropy(getrandom::Error),
}
