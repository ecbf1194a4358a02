//! Recorded text for pages: what cannot be seen, or turns other text around, is named.

/// A run of a text as a page shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Piece<'t> {
    /// Characters that are shown as they are.
    Seen(&'t str),
    /// A character that is shown by its number.
    Unseen(char),
    /// The end of a line.
    LineEnd,
}

/// `text` in runs, in order.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let (length, piece) = if first == '\n' {
            (1, Piece::LineEnd)
        } else if is_unseen(first) {
            (first.len_utf8(), Piece::Unseen(first))
        } else {
            let end = rest.find(|c| c == '\n' || is_unseen(c));
            let length = end.unwrap_or(rest.len());
            (length, Piece::Seen(&rest[..length]))
        };
        rest = &rest[length..];
        Some(piece)
    })
}

/// The number of `c`, as Unicode writes it.
pub(super) fn number(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Whether `text` has letters that are written from right to left.
pub(super) fn has_right_to_left(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    })
}

/// Whether `c` has no shape of its own, and is not needed to write a language: joiners and marks of
/// direction stay, overrides and the invisible copies of ASCII do not.
fn is_unseen(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_named() {
        let found: Vec<_> = pieces("a\0\u{202e}b\nc\u{e0041}").collect();
        assert_eq!(
            found,
            [
                Piece::Seen("a"),
                Piece::Unseen('\0'),
                Piece::Unseen('\u{202e}'),
                Piece::Seen("b"),
                Piece::LineEnd,
                Piece::Seen("c"),
                Piece::Unseen('\u{e0041}'),
            ]
        );
        assert_eq!(number('\u{e0041}'), "U+E0041");
    }

    #[test]
    fn words_of_any_language_are_one_run() {
        for text in ["مرحبا\u{200c}", "👩\u{200d}💻", "a\tb", "שלום"] {
            assert_eq!(pieces(text).collect::<Vec<_>>(), [Piece::Seen(text)]);
        }
    }
}
