//! Fields put together again into one JSON text, without reading their values.

use std::borrow::Cow;

use super::compose::{LISTS, MAPS};
use super::field::Fields;

/// The members that fields make up, as a tree over the bytes of the fields.
#[derive(Debug)]
pub(super) struct Tree<'f> {
    nodes: Vec<Node<'f>>,
}

#[derive(Debug, Default)]
struct Node<'f> {
    /// The value of the field here, canonical JSON.
    own: Option<&'f [u8]>,
    children: Children<'f>,
}

/// What was cut out of the value here, by place among the nodes.
#[derive(Debug, Default)]
enum Children<'f> {
    #[default]
    None,
    Members(Vec<(&'f str, usize)>),
    Elements(Vec<Option<usize>>),
}

impl<'f> Tree<'f> {
    /// The tree of `fields`.
    ///
    /// # Errors
    ///
    /// The path of a field that does not fit with the others.
    pub(super) fn of(fields: &'f Fields) -> Result<Self, &'f str> {
        let mut tree = Self {
            nodes: Vec::with_capacity(2 * fields.len() + 1),
        };
        tree.nodes.push(Node::default());
        for field in fields.iter() {
            if field.is_withheld && field.value.is_empty() {
                continue;
            }
            tree.place(field.path, field.value).ok_or(field.path)?;
        }
        Ok(tree)
    }

    /// Puts `value` where `path` points; `None` when something else is there.
    fn place(&mut self, path: &'f str, value: &'f [u8]) -> Option<()> {
        let mut at = 0;
        let mut parent = "";
        let mut in_map = false;
        for token in path.strip_prefix('/')?.split('/') {
            let is_list = !in_map && LISTS.contains(&parent);
            at = if is_list {
                self.element(at, token.parse().ok()?)?
            } else {
                self.member(at, token)?
            };
            in_map = !in_map && MAPS.contains(&token);
            parent = token;
        }
        self.nodes[at].own.replace(value).is_none().then_some(())
    }

    fn element(&mut self, at: usize, index: usize) -> Option<usize> {
        let fresh = self.nodes.len();
        let node = &mut self.nodes[at];
        if matches!(node.children, Children::None) {
            node.children = Children::Elements(Vec::new());
        }
        let Children::Elements(elements) = &mut node.children else {
            return None;
        };
        if index >= MAX_ELEMENTS {
            return None;
        }
        if elements.len() <= index {
            elements.resize(index + 1, None);
        }
        let child = *elements[index].get_or_insert(fresh);
        self.grow_to(child);
        Some(child)
    }

    fn member(&mut self, at: usize, token: &'f str) -> Option<usize> {
        let fresh = self.nodes.len();
        let node = &mut self.nodes[at];
        if matches!(node.children, Children::None) {
            node.children = Children::Members(Vec::new());
        }
        let Children::Members(members) = &mut node.children else {
            return None;
        };
        // why: fields come in order of path, so what is below a member comes right behind it.
        let child = match members.last() {
            Some((last, child)) if *last == token => *child,
            _ => {
                members.push((token, fresh));
                fresh
            }
        };
        self.grow_to(child);
        Some(child)
    }

    fn grow_to(&mut self, node: usize) {
        if node == self.nodes.len() {
            self.nodes.push(Node::default());
        }
    }

    /// The member `name` of the whole as JSON.
    pub(super) fn text_of(&self, name: &str) -> Option<Vec<u8>> {
        let Children::Members(members) = &self.nodes[0].children else {
            return None;
        };
        let (_, node) = members.iter().find(|(member, _)| *member == name)?;
        let mut out = Vec::new();
        self.write(&mut out, *node)?;
        Some(out)
    }

    /// All members but those named in `without`, as one JSON object.
    ///
    /// # Errors
    ///
    /// `None` when a value has members of its own and others were cut out of it, and it is no object.
    pub(super) fn text_without(&self, without: &[&str]) -> Option<Vec<u8>> {
        // Names and punctuation come to some two dozen bytes a value.
        let own = self.nodes.iter().filter_map(|node| node.own);
        let room = own.map(<[u8]>::len).sum::<usize>() + 24 * self.nodes.len();
        let mut out = Vec::with_capacity(room);
        out.push(b'{');
        if let Children::Members(members) = &self.nodes[0].children {
            for (name, node) in members {
                if !without.contains(name) {
                    self.write_member(&mut out, name, *node)?;
                }
            }
        }
        close(&mut out, b'}');
        Some(out)
    }

    fn write(&self, out: &mut Vec<u8>, node: usize) -> Option<()> {
        let Node { own, children } = &self.nodes[node];
        match (own, children) {
            (Some(own), Children::None) => {
                out.extend_from_slice(&with_doubles(own));
                Some(())
            }
            (None, Children::None) => {
                out.extend_from_slice(b"null");
                Some(())
            }
            (None, Children::Elements(elements)) => {
                out.push(b'[');
                for element in elements {
                    match element {
                        Some(node) => self.write(out, *node)?,
                        None => out.extend_from_slice(b"null"),
                    }
                    out.push(b',');
                }
                close(out, b']');
                Some(())
            }
            (own, Children::Members(members)) => {
                out.push(b'{');
                if let Some(own) = own {
                    let kept = own.strip_prefix(b"{")?.strip_suffix(b"}")?;
                    out.extend_from_slice(&with_doubles(kept));
                    if !kept.is_empty() {
                        out.push(b',');
                    }
                }
                for (name, node) in members {
                    self.write_member(out, name, *node)?;
                }
                close(out, b'}');
                Some(())
            }
            (Some(_), Children::Elements(_)) => None,
        }
    }

    fn write_member(&self, out: &mut Vec<u8>, name: &str, node: usize) -> Option<()> {
        super::canonical::write_string(out, &unescaped(name));
        out.push(b':');
        self.write(out, node)?;
        out.push(b',');
        Some(())
    }
}

/// Ends a list or an object: over the last comma, if there is one.
fn close(out: &mut Vec<u8>, end: u8) {
    match out.last_mut() {
        Some(last) if *last == b',' => *last = end,
        _ => out.push(end),
    }
}

/// A token of a JSON pointer as the name it stands for (RFC 6901 §4).
fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// `json` with a point in whole numbers beyond 2^53 − 1.
///
/// RFC 8785 writes whole doubles without one. Integers are sealed up to 2^53 − 1 alone, so what is
/// larger was a double, and has to be one again to be written and read by others.
fn with_doubles(json: &[u8]) -> Cow<'_, [u8]> {
    // why: 16 digits in a row fill one of the chunks of eight, and almost no value has such a chunk.
    let (chunks, _) = json.as_chunks::<8>();
    if !(0..json.len())
        .step_by(8)
        .zip(chunks)
        .any(|(at, chunk)| may_be_digits(*chunk) && is_long(json, at))
    {
        return Cow::Borrowed(json);
    }
    let mut out = Vec::with_capacity(json.len() + 8);
    let mut rest = json;
    let mut in_string = false;
    while let Some((first, later)) = rest.split_first() {
        if !in_string && first.is_ascii_digit() {
            let end = rest.iter().position(|it| !is_of_number(*it));
            let (number, later) = rest.split_at(end.unwrap_or(rest.len()));
            out.extend_from_slice(number);
            if is_unsafe_integer(number) {
                out.extend_from_slice(b".0");
            }
            rest = later;
            continue;
        }
        out.push(*first);
        rest = later;
        match first {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                if let Some((escaped, later)) = rest.split_first() {
                    out.push(*escaped);
                    rest = later;
                }
            }
            _ => {}
        }
    }
    Cow::Owned(out)
}

/// Whether all of `chunk` lies between `0` and `?`, as digits do.
const fn may_be_digits(chunk: [u8; 8]) -> bool {
    u64::from_ne_bytes(chunk) & HIGH_HALVES == DIGIT_HALVES
}

/// Whether the digits around `at` are 16 or more.
fn is_long(json: &[u8], at: usize) -> bool {
    let before = json[..at].iter().rev().take_while(|it| it.is_ascii_digit());
    let after = json[at..].iter().take_while(|it| it.is_ascii_digit());
    before.count() + after.count() >= DIGITS
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
}

fn is_unsafe_integer(number: &[u8]) -> bool {
    let is_whole = number.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(number).unwrap_or("");
    is_whole && text.parse::<u64>().map_or(true, |it| it > MAX_SAFE_INTEGER)
}

const DIGITS: usize = 16;
const HIGH_HALVES: u64 = u64::from_ne_bytes([0xf0; 8]);
const DIGIT_HALVES: u64 = u64::from_ne_bytes([0x30; 8]);
const MAX_ELEMENTS: usize = 4_096;
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(json: &str) -> String {
        String::from_utf8(with_doubles(json.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn whole_doubles_get_their_point_back_and_strings_stay() {
        let large = "100000000000000000000";
        assert_eq!(doubled(large), format!("{large}.0"));
        assert_eq!(doubled("9007199254740991"), "9007199254740991");
        assert_eq!(doubled("-9007199254740992"), "-9007199254740992.0");
        let text = format!(r#"{{"a":"\"{large}","b":[{large},1.5e+300,0.1234567890123456789]}}"#);
        assert_eq!(
            doubled(&text),
            format!(r#"{{"a":"\"{large}","b":[{large}.0,1.5e+300,0.1234567890123456789]}}"#)
        );
    }

    #[test]
    fn a_long_number_is_found_wherever_it_stands() {
        for shift in 0..16 {
            let before = "x".repeat(shift);
            for number in ["9007199254740992", "12345678901234567890123"] {
                let (json, whole) = (
                    format!(r#"["{before}",{number}]"#),
                    format!(r#"["{before}",{number}.0]"#),
                );
                assert_eq!(doubled(&json), whole);
            }
        }
    }
}
