//! The one error of reading: what is wrong, where, and what to do.

use std::fmt::{self, Write as _};

use super::node::Position;

/// A document that cannot be read: what is wrong with it, at which place and path.
///
/// Its text is one line of bounded length, such as
/// `line 3, column 5: budget.limt: unknown member; did you mean "limit"?`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadError(Box<Fault>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Fault {
    kind: ReadErrorKind,
    message: String,
    hint: Option<String>,
    at: Option<Position>,
    /// Innermost step first: it grows while the error is handed outwards.
    steps: Vec<Step>,
}

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The bytes are not UTF-8, or hold characters the format does not allow.
    Encoding,
    /// The text is not well-formed JSON or YAML.
    Syntax,
    /// It is well-formed YAML that is refused: anchors, aliases, tags, several documents.
    Unsupported,
    /// A name occurs twice in one object.
    Duplicate,
    /// A number that a double cannot hold as written.
    Number,
    /// It is nested too deeply or has too many values.
    TooLarge,
    /// A member that is not known here.
    UnknownMember,
    /// A member that may not be left out.
    MissingMember,
    /// A value of another type than the one wanted.
    WrongType,
    /// A value of the right type that does not have the form wanted.
    InvalidValue,
    /// The schema is not known, or not the one wanted.
    Schema,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    Member(String),
    Element(usize),
}

impl ReadError {
    pub(super) fn new(kind: ReadErrorKind, message: impl AsRef<str>) -> Self {
        Self(Box::new(Fault {
            kind,
            message: shortened(message.as_ref(), MESSAGE_CHARS),
            hint: None,
            at: None,
            steps: Vec::new(),
        }))
    }

    /// Adds what to do about it.
    pub(super) fn with_hint(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint.map(|hint| shortened(&hint, MESSAGE_CHARS));
        self
    }

    /// Sets the place, unless a nearer one is known already.
    pub(super) fn or_at(mut self, at: Position) -> Self {
        self.0.at.get_or_insert(at);
        self
    }

    /// Says that the fault lies within the member `name` of what was read around it.
    pub(super) fn in_member(mut self, name: &str) -> Self {
        let step = Step::Member(shortened(name, NAME_CHARS));
        self.0.steps.push(step);
        self
    }

    /// Says that the fault lies within the element `index` of what was read around it.
    pub(super) fn in_element(mut self, index: usize) -> Self {
        self.0.steps.push(Step::Element(index));
        self
    }

    /// What is wrong, for programs.
    #[must_use]
    pub fn kind(&self) -> ReadErrorKind {
        self.0.kind
    }

    /// The path to the fault, such as `features[2].value`; empty for the document itself.
    ///
    /// For a missing member it is the path of the object that lacks it.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.steps.iter().rev() {
            match step {
                Step::Element(index) => write!(path, "[{index}]"),
                Step::Member(name) if !is_bare(name) => write!(path, "[{name:?}]"),
                Step::Member(name) if path.is_empty() => write!(path, "{name}"),
                Step::Member(name) => write!(path, ".{name}"),
            }
            .expect("writing to a string does not fail");
        }
        match path.char_indices().nth_back(PATH_CHARS) {
            Some((cut, _)) => format!("…{}", &path[cut..]),
            None => path,
        }
    }

    /// The line of the fault, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.position().line
    }

    /// The column of the fault in characters, from 1.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.position().column
    }

    /// What is wrong, without place, path and hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, such as the nearest known name.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    fn position(&self) -> Position {
        self.0.at.unwrap_or(Position::START)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position();
        write!(f, "line {line}, column {column}: ")?;
        if !self.0.steps.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        f.write_str(&self.0.message)?;
        match &self.0.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ReadError {}

/// `text`, or its first `limit` characters and an ellipsis.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

fn is_bare(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '…'))
}

const MESSAGE_CHARS: usize = 400;
const NAME_CHARS: usize = 64;
const PATH_CHARS: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_grows_outwards_and_quotes_odd_names() {
        let error = ReadError::new(ReadErrorKind::Number, "too large")
            .in_element(2)
            .in_member("a.b")
            .in_member("inputs");
        assert_eq!(error.path(), r#"inputs["a.b"][2]"#);
        assert_eq!(
            error.to_string(),
            r#"line 1, column 1: inputs["a.b"][2]: too large"#
        );
    }

    #[test]
    fn the_nearest_place_stays() {
        let near = Position { line: 3, column: 7 };
        let error = ReadError::new(ReadErrorKind::Syntax, "x")
            .or_at(near)
            .or_at(Position::START);
        assert_eq!((error.line(), error.column()), (3, 7));
    }

    #[test]
    fn the_text_is_bounded() {
        let long = "\u{1}".repeat(10_000);
        let mut error = ReadError::new(ReadErrorKind::Syntax, &long).with_hint(Some(long.clone()));
        for _ in 0..40 {
            error = error.in_member(&long);
        }
        assert!(error.to_string().chars().count() < 1_200);
    }
}
