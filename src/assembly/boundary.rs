//! Where a token is certain to end, whatever stands around it.
//!
//! An encoding cuts a text into pieces by a regular expression and merges bytes within a piece
//! only. None of the expressions looks back. So a position is a boundary when no piece that begins
//! before it can reach over it, and none can come out differently because of what follows. The
//! rules below follow from the expressions (`L` letters, `N` numbers, `S` white space) and need
//! no more than the two characters next to the position:
//!
//! - *After a line end, before anything but white space.* Only `[^S L N]+[\r\n]*`, `S*[\r\n]+` and
//!   `S+$` take a line end in, and each stops there: the first two because the next character is no
//!   line end, the third because where it fails, `S*[\r\n]+` takes the same characters. In
//!   o200k the first is `[^S L N]+[\r\n/]*`, so `/` is excepted. r50k has no rule for line ends:
//!   there the last white space before a word stands alone or joins the word.
//! - *Between anything but white space and white space.* Pieces begin with white space or have
//!   none, except for line ends after punctuation; so line ends are excepted (not in r50k).
//! - *Between an ASCII letter or digit and other ASCII.* Words and numbers end there. `'` is
//!   excepted, since o200k keeps `'s` with its word.

/// The regular expression by which an encoding cuts text into pieces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pattern {
    /// `r50k_base`, `p50k_base` and `p50k_edit`.
    R50k,
    /// `cl100k_base`.
    Cl100k,
    /// `o200k_base` and `o200k_harmony`.
    O200k,
}

impl Pattern {
    /// Whether a piece always ends between `left` and `right` where they stand side by side.
    pub(super) fn splits_between(self, left: char, right: char) -> bool {
        let word_ends = left.is_ascii_alphanumeric()
            && right.is_ascii()
            && !right.is_ascii_alphanumeric()
            && right != '\'';
        let gap_begins = !left.is_whitespace() && right.is_whitespace();
        let line_begins = is_line_end(left) && !right.is_whitespace();
        match self {
            Self::R50k => word_ends || gap_begins,
            Self::Cl100k => word_ends || line_begins || (gap_begins && !is_line_end(right)),
            Self::O200k => {
                word_ends || (line_begins && right != '/') || (gap_begins && !is_line_end(right))
            }
        }
    }
}

/// Whether `c` is one of the line ends the expressions name.
pub(super) const fn is_line_end(c: char) -> bool {
    matches!(c, '\r' | '\n')
}
