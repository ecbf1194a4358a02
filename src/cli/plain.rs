//! Text for terminals: what records hold may not move the cursor, hide itself or turn around.

/// `text` on one line, its control characters written out.
pub(super) fn line(text: &str) -> String {
    escaped(text, |_| false)
}

/// `text` with its line feeds, its other control characters written out.
pub(super) fn lines(text: &str) -> String {
    escaped(text, |c| c == '\n')
}

/// The first `limit` characters of `text` on one line.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    let mut short: String = text.chars().take(limit).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    line(&short)
}

fn escaped(text: &str, keeps: impl Fn(char) -> bool) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if (c.is_control() || turns(c)) && !keeps(c) {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain
}

/// Whether `c` overrides the direction of the text after it.
const fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `word` as a shell takes it for one word.
pub(super) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_overrides_are_written_out() {
        assert_eq!(line("a\u{1b}[31mb\nc\0"), "a\\u{1b}[31mb\\nc\\u{0}");
        assert_eq!(line("\u{202e}evil"), "\\u{202e}evil");
        assert_eq!(lines("a\nb\r"), "a\nb\\r");
    }

    #[test]
    fn words_of_any_script_stay() {
        for text in ["مرحبا", "🙂", "[bold]", "x'; DROP TABLE contexts; --"] {
            assert_eq!(line(text), text);
        }
    }
}
