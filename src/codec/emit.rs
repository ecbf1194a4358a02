//! The YAML writer: block style, and quotes wherever a reader could err.

use std::fmt::Write as _;

use super::node::{Member, Node, Tree};

/// The whole document of `node`, with a line feed at the end.
pub(super) fn document(node: &Node) -> String {
    let mut emitter = Emitter { out: String::new() };
    if is_nested(node) {
        emitter.block(node, 0);
    } else {
        emitter.scalar(node);
        emitter.out.push('\n');
    }
    emitter.out
}

struct Emitter {
    out: String,
}

impl Emitter {
    /// Writes a list or an object that has something in it, from the column `indent` on.
    fn block(&mut self, node: &Node, indent: usize) {
        match &node.tree {
            Tree::Sequence(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.pad(if index == 0 { 0 } else { indent });
                    self.out.push_str("- ");
                    if is_nested(element) {
                        self.block(element, indent + STEP);
                    } else {
                        self.scalar(element);
                        self.out.push('\n');
                    }
                }
            }
            Tree::Mapping(members) => {
                for (index, member) in members.iter().enumerate() {
                    self.pad(if index == 0 { 0 } else { indent });
                    self.member(member, indent);
                }
            }
            _ => self.scalar(node),
        }
    }

    fn member(&mut self, member: &Member, indent: usize) {
        let start = self.out.len();
        self.string(&member.name);
        // Readers give up looking for the colon after 1,024 characters unless `?` announces it.
        if self.out.len() - start > MAX_SIMPLE_NAME_BYTES {
            self.out.insert_str(start, "? ");
            self.out.push('\n');
            self.pad(indent);
        }
        self.out.push(':');
        if is_nested(&member.value) {
            self.out.push('\n');
            self.pad(indent + STEP);
            self.block(&member.value, indent + STEP);
        } else {
            self.out.push(' ');
            self.scalar(&member.value);
            self.out.push('\n');
        }
    }

    fn scalar(&mut self, node: &Node) {
        match &node.tree {
            Tree::Null => self.out.push_str("null"),
            Tree::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Tree::Integer(value) => self.out.push_str(&value.to_string()),
            Tree::Float(value) => self.float(*value),
            Tree::String(text) => self.string(text),
            Tree::Sequence(_) => self.out.push_str("[]"),
            Tree::Mapping(_) => self.out.push_str("{}"),
        }
    }

    /// YAML 1.1 takes a number for a float only with a dot, and an exponent only with a sign.
    fn float(&mut self, value: f64) {
        let shortest = format!("{value:?}");
        let Some((mantissa, exponent)) = shortest.split_once('e') else {
            self.out.push_str(&shortest);
            return;
        };
        let fraction = if mantissa.contains('.') { "" } else { ".0" };
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        write!(self.out, "{mantissa}{fraction}e{sign}{exponent}")
            .expect("writing to a string does not fail");
    }

    fn string(&mut self, text: &str) {
        if is_safe_plain(text) {
            self.out.push_str(text);
            return;
        }
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                c if needs_escape(c) => {
                    write!(self.out, "\\u{:04X}", u32::from(c))
                        .expect("writing to a string does not fail");
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn pad(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }
}

fn is_nested(node: &Node) -> bool {
    match &node.tree {
        Tree::Sequence(elements) => !elements.is_empty(),
        Tree::Mapping(members) => !members.is_empty(),
        _ => false,
    }
}

/// Whether every reader takes `text` without quotes for this very string, as a value or a name.
///
/// It begins with a letter or `_`, so it is no number, time or indicator; it is no word that some
/// schema knows; it has nothing that begins a comment or ends a name.
fn is_safe_plain(text: &str) -> bool {
    let mut previous = None;
    for c in text.chars() {
        let allowed = match (previous, c) {
            (_, 'a'..='z' | 'A'..='Z' | '_') => true,
            (None, _) => false,
            (_, '0'..='9' | ' ' | '-' | '.' | '/' | '@' | '+' | '(' | ')' | '%' | ';' | ',') => {
                true
            }
            (Some(before), ':' | '#') => before != ' ',
            (_, c) => !c.is_ascii() && c.is_alphabetic(),
        };
        if !allowed || (previous == Some(':') && c == ' ') {
            return false;
        }
        previous = Some(c);
    }
    !matches!(previous, None | Some(' ' | ':'))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether `c` is a character that a reader may refuse, fold or hide when written as it is.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
}

/// What YAML 1.1 or 1.2 reads as a null, a boolean or a number, whatever the case.
const WORDS: [&str; 11] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
];
const STEP: usize = 2;
const MAX_SIMPLE_NAME_BYTES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::write_yaml;

    #[test]
    fn what_either_version_could_misread_is_quoted() {
        for text in [
            "",
            " a",
            "a ",
            "yes",
            "No",
            "ON",
            "y",
            "Null",
            "~",
            "true",
            "12:30",
            "1_000",
            "0x1f",
            "0o7",
            "1e3",
            "+1",
            ".5",
            ".inf",
            "2026-11-22",
            "2026-11-22T18:42:30Z",
            "-",
            "- a",
            "---",
            "...",
            "<<",
            "=",
            "a: b",
            "a #b",
            "a:",
            "#",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "[a",
            "{a",
            "?",
            "'",
            "\"",
            "a\nb",
            "a\tb",
            "\u{feff}a",
            "a\u{2028}",
            "a\u{85}b",
            "a\0",
            "NaN",
            "null",
        ] {
            assert!(!is_safe_plain(text), "{text:?}");
        }
        for text in [
            "approved",
            "loan_decision",
            "gpt-4o-2024-08-06",
            "applicant:user_456",
            "Grüße, Welt",
            "sha256:00ff",
            "score above threshold",
            "doc_456#chunk_abc",
            "tiktoken-rs 0.12.1",
        ] {
            assert!(is_safe_plain(text), "{text:?}");
        }
    }

    #[test]
    fn lists_and_objects_stand_in_block_style() {
        let value = serde_json::json!({
            "a": [[1, [2]], {"b": [], "c": {}}, []],
            "d": {"e": {"f": 1.0, "g": null}},
            "h": [1e20, 1.5e-7, -2.5],
        });
        assert_eq!(
            write_yaml(&value).unwrap(),
            "a:\n  - - 1\n    - - 2\n  - b: []\n    c: {}\n  - []\n\
             d:\n  e:\n    f: 1.0\n    g: null\n\
             h:\n  - 1.0e+20\n  - 1.5e-7\n  - -2.5\n"
        );
    }

    #[test]
    fn a_control_character_is_escaped_and_an_emoji_is_not() {
        assert_eq!(
            write_yaml("\0\u{7f}\u{2028}🙂\\\"").unwrap(),
            "\"\\u0000\\u007F\\u2028🙂\\\\\\\"\"\n"
        );
    }

    #[test]
    fn a_long_name_is_announced() {
        let name = "n".repeat(1_500);
        let value = serde_json::json!({ &name: {"a": 1} });
        let yaml = write_yaml(&value).unwrap();
        assert_eq!(yaml, format!("? {name}\n:\n  a: 1\n"));
    }
}
