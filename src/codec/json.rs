//! Reading JSON (RFC 8259), strictly.

use super::error::{ReadError, ReadErrorKind};
use super::limits::Extent;
use super::node::{Member, Node, Position, Tree};
use super::text::{self, first_duplicate};
use super::{json_string, number};

/// Reads one JSON value.
///
/// # Errors
///
/// [`ReadError`] with path and place for bytes that are not UTF-8, text that is not RFC 8259, a name
/// that occurs twice in an object, a number that a double cannot hold as written, and more than 32
/// levels or 100,000 values. In a list at the top the last two hold for each element.
///
/// ```
/// use contextrail::codec::read_json;
/// let error = read_json(b"{\"a\": 1,\n \"a\": 2}").unwrap_err();
/// assert_eq!(error.to_string(), "line 2, column 2: a: the name occurs twice; the first is in line 1");
/// ```
pub fn read_json(bytes: &[u8]) -> Result<Node, ReadError> {
    read_json_from(bytes, Position::START)
}

/// Reads one JSON value that stands at `start` of a larger document.
pub(super) fn read_json_from(bytes: &[u8], start: Position) -> Result<Node, ReadError> {
    let text = text::decoded(bytes, start)?;
    let mut reader = JsonReader {
        cursor: Cursor::new(text, start),
        extent: Extent::default(),
    };
    reader.cursor.skip_space();
    if reader.cursor.peek().is_none() {
        return Err(reader.cursor.syntax("the document is empty"));
    }
    let node = reader.value()?;
    reader.cursor.skip_space();
    match reader.cursor.peek() {
        None => Ok(node),
        Some(_) => Err(reader.cursor.syntax("more text after the end of the value")),
    }
}

struct JsonReader<'a> {
    cursor: Cursor<'a>,
    extent: Extent,
}

impl JsonReader<'_> {
    fn value(&mut self) -> Result<Node, ReadError> {
        let at = self.cursor.position();
        self.extent.count().map_err(|error| error.or_at(at))?;
        let tree = match self.cursor.peek() {
            Some(b'{') => {
                self.extent.enter_mapping().map_err(|e| e.or_at(at))?;
                let members = self.members()?;
                self.extent.leave();
                Tree::Mapping(members)
            }
            Some(b'[') => {
                self.extent.enter_sequence().map_err(|e| e.or_at(at))?;
                let elements = self.elements()?;
                self.extent.leave();
                Tree::Sequence(elements)
            }
            Some(b'"') => Tree::String(json_string::read(&mut self.cursor)?),
            Some(b'-' | b'0'..=b'9') => self.number().map_err(|error| error.or_at(at))?,
            _ => self.word()?,
        };
        Ok(Node { tree, at })
    }

    fn members(&mut self) -> Result<Vec<Member>, ReadError> {
        let mut members = Vec::new();
        self.cursor.advance(1);
        self.cursor.skip_space();
        if self.cursor.eat(b'}') {
            return Ok(members);
        }
        loop {
            let at = self.cursor.position();
            if self.cursor.peek() != Some(b'"') {
                return Err(self.cursor.expected("a name in double quotes"));
            }
            let name = json_string::read(&mut self.cursor)?;
            self.cursor.skip_space();
            if !self.cursor.eat(b':') {
                return Err(self.cursor.expected("`:` after the name").in_member(&name));
            }
            self.cursor.skip_space();
            let value = self.value().map_err(|error| error.in_member(&name))?;
            members.push(Member { name, at, value });
            self.cursor.skip_space();
            if self.cursor.eat(b'}') {
                break;
            }
            if !self.cursor.eat(b',') {
                return Err(self.cursor.expected("`,` or `}`"));
            }
            self.cursor.skip_space();
        }
        match first_duplicate(&members) {
            None => Ok(members),
            Some(error) => Err(error),
        }
    }

    fn elements(&mut self) -> Result<Vec<Node>, ReadError> {
        let mut elements = Vec::new();
        self.cursor.advance(1);
        self.cursor.skip_space();
        if self.cursor.eat(b']') {
            return Ok(elements);
        }
        loop {
            let index = elements.len();
            elements.push(self.value().map_err(|error| error.in_element(index))?);
            self.cursor.skip_space();
            if self.cursor.eat(b']') {
                return Ok(elements);
            }
            if !self.cursor.eat(b',') {
                return Err(self.cursor.expected("`,` or `]`"));
            }
            self.cursor.skip_space();
        }
    }

    fn number(&mut self) -> Result<Tree, ReadError> {
        let rest = self.cursor.rest();
        let bytes = rest.as_bytes();
        let digits_from = |from: usize| {
            let digits = bytes[from..].iter().take_while(|b| b.is_ascii_digit());
            from + digits.count()
        };
        let first = usize::from(bytes[0] == b'-');
        let mut end = digits_from(first);
        let leading_zero = bytes.get(first) == Some(&b'0') && end - first > 1;
        let mut complete = end > first && !leading_zero;
        if complete && bytes.get(end) == Some(&b'.') {
            let fraction = end + 1;
            end = digits_from(fraction);
            complete = end > fraction;
        }
        if complete && matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = end + 1 + sign;
            end = digits_from(exponent);
            complete = end > exponent;
        }
        if !complete {
            if rest[first..].starts_with("Infinity") {
                return Err(number::not_finite("-Infinity"));
            }
            return Err(self.cursor.syntax("not a number as JSON writes them"));
        }
        let tree = number::decimal(&rest[..end])?;
        self.cursor.advance(end);
        Ok(tree)
    }

    fn word(&mut self) -> Result<Tree, ReadError> {
        let rest = self.cursor.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let tree = match &rest[..end] {
            "null" => Tree::Null,
            "true" => Tree::Bool(true),
            "false" => Tree::Bool(false),
            word @ ("NaN" | "Infinity") => {
                let at = self.cursor.position();
                return Err(number::not_finite(word).or_at(at));
            }
            _ => return Err(self.cursor.expected("a value")),
        };
        self.cursor.advance(end);
        Ok(tree)
    }
}

/// A place in a text that only moves forward, so that counting columns stays linear.
pub(super) struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    at: Position,
    counted: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str, at: Position) -> Self {
        Self {
            text,
            offset: 0,
            at,
            counted: 0,
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    /// Moves on by `bytes`, which end between two characters.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.offset += bytes;
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.offset += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.offset += 1;
        }
    }

    pub(super) fn position(&mut self) -> Position {
        self.at = text::advanced(self.at, &self.text[self.counted..self.offset]);
        self.counted = self.offset;
        self.at
    }

    pub(super) fn syntax(&mut self, message: &str) -> ReadError {
        ReadError::new(ReadErrorKind::Syntax, message).or_at(self.position())
    }

    fn expected(&mut self, what: &str) -> ReadError {
        let found = match self.rest().chars().next() {
            Some(c) => format!("{c:?}"),
            None => "the end of the document".to_owned(),
        };
        self.syntax(&format!("expected {what}, found {found}"))
    }
}
