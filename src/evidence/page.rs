//! What a page for people is made of, before it is HTML or Markdown.
//!
//! Words of our own and words taken from records are different things here, so that a rendering
//! cannot confuse them.

use super::shown::Said;
use super::tree::Mark;
use crate::record::{Class, Timestamp};

/// A part of a page under a heading.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Block {
    Heading(Line),
    Paragraph(Line),
    List(Vec<Line>),
    Facts(Vec<Fact>),
    Table(Table),
    /// A text of any length, kept as it is.
    Text {
        label: Line,
        text: String,
    },
    /// A text that was not sent as it is: the printable page has all of it, the short one its
    /// beginning.
    Aside {
        label: Line,
        text: String,
    },
}

/// A name and what is said under it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fact {
    pub(super) label: Line,
    pub(super) value: Line,
}

/// Rows of equal length under named columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) caption: &'static str,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Line>>,
}

/// Some words on one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line(pub(super) Vec<Span>);

/// A run of words from one source.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Span {
    /// Words of this program.
    Own(String),
    /// Words taken from a record, or from whoever made the bundle: anything may stand in them.
    Recorded(String),
    /// A point in time.
    At(Timestamp),
    /// A value that is withheld.
    Withheld { class: Class, why: String },
    /// A value that may be withheld, or may not have been recorded.
    Unsaid,
}

impl Line {
    pub(super) fn own(self, words: impl Into<String>) -> Self {
        self.span(Span::Own(words.into()))
    }

    pub(super) fn recorded(self, words: impl Into<String>) -> Self {
        self.span(Span::Recorded(words.into()))
    }

    pub(super) fn at(self, time: Timestamp) -> Self {
        self.span(Span::At(time))
    }

    pub(super) fn span(mut self, span: Span) -> Self {
        self.0.push(span);
        self
    }

    pub(super) fn append(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is said: the value, that it is withheld, that it cannot be said, or nothing at all.
    pub(super) fn said(self, said: Said<'_>) -> Self {
        match said {
            Said::Shown(tree) => match said.time() {
                Some(time) => self.at(time),
                None => self.recorded(tree.text()),
            },
            Said::Withheld(Mark { class, why }) => self.span(Span::Withheld {
                class: *class,
                why: why.clone(),
            }),
            Said::Unsaid => self.span(Span::Unsaid),
            Said::Nothing => self,
        }
    }

    /// The same for a word of the format, which `plain` puts into plain language.
    pub(super) fn word(self, said: Said<'_>, plain: fn(&str) -> Option<&'static str>) -> Self {
        match said.string().and_then(plain) {
            Some(words) => self.own(words),
            None => self.said(said),
        }
    }
}

impl From<&str> for Line {
    fn from(words: &str) -> Self {
        Self::default().own(words)
    }
}

impl From<String> for Line {
    fn from(words: String) -> Self {
        Self::default().own(words)
    }
}

impl From<Said<'_>> for Line {
    fn from(said: Said<'_>) -> Self {
        Self::default().said(said)
    }
}

/// Facts being put together: one without a value is left out.
#[derive(Debug, Default)]
pub(super) struct Facts(Vec<Fact>);

impl Facts {
    pub(super) fn line(mut self, label: impl Into<Line>, value: Line) -> Self {
        if !value.is_empty() {
            let label = label.into();
            self.0.push(Fact { label, value });
        }
        self
    }

    /// A value that every such record has: where it is not shown, that is said.
    pub(super) fn need(self, label: &'static str, said: Said<'_>) -> Self {
        self.line(label, said.into())
    }

    /// A value that a record may have: where nothing is known of it, nothing is said.
    pub(super) fn some(self, label: &'static str, said: Said<'_>) -> Self {
        match said {
            Said::Unsaid => self,
            said => self.line(label, said.into()),
        }
    }

    /// The same for a word of the format.
    pub(super) fn word(
        self,
        label: &'static str,
        said: Said<'_>,
        plain: fn(&str) -> Option<&'static str>,
    ) -> Self {
        match said {
            Said::Unsaid => self,
            said => self.line(label, Line::default().word(said, plain)),
        }
    }

    pub(super) fn into_block(self) -> Option<Block> {
        (!self.0.is_empty()).then_some(Block::Facts(self.0))
    }
}

impl Table {
    pub(super) fn new(caption: &'static str, columns: &[&'static str]) -> Self {
        Self {
            caption,
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// The table, unless it has no rows.
    pub(super) fn into_block(self) -> Option<Block> {
        (!self.rows.is_empty()).then_some(Block::Table(self))
    }
}

/// `count` with its noun in the right number.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!(
        "{} {noun}",
        grouped(u64::try_from(count).unwrap_or(u64::MAX))
    )
}

/// `number` with a comma between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `time` as it is read out: `22 November 2026, 18:42:30 UTC`.
pub(super) fn moment(time: Timestamp) -> String {
    time.to_chrono()
        .format("%-d %B %Y, %H:%M:%S UTC")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let text = |number| grouped(number);
        assert_eq!([text(0), text(999), text(1_000)], ["0", "999", "1,000"]);
        assert_eq!(text(1_234_567), "1,234,567");
    }

    #[test]
    fn times_are_read_out_in_utc() {
        let time = "2026-11-02T08:04:05.678Z".parse().unwrap();
        assert_eq!(moment(time), "2 November 2026, 08:04:05 UTC");
    }
}
