//! Reading YAML 1.2 in its core schema, strictly.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::error::{ReadError, ReadErrorKind};
use super::limits::Extent;
use super::node::{Member, Node, Position, Tree};
use super::plain::{self, unsupported};
use super::text::{self, first_duplicate};

/// Reads one YAML document.
///
/// Only what JSON can say is read: names are strings, and there are no anchors, aliases, tags,
/// merge keys, directives or further documents.
///
/// # Errors
///
/// [`ReadError`] with path and place for all of these, and for what
/// [`read_json`](super::read_json) refuses.
///
/// ```
/// use contextrail::codec::{read_json, read_yaml};
/// let yaml = read_yaml(b"limit: 5m\nat: 12:30\nused: 0x10").unwrap();
/// assert_eq!(yaml, read_json(br#"{"limit": "5m", "at": "12:30", "used": 16}"#).unwrap());
/// ```
pub fn read_yaml(bytes: &[u8]) -> Result<Node, ReadError> {
    let text = text::decoded(bytes, Position::START)?;
    refuse_control_characters(text)?;
    refuse_directives(text)?;
    let mut reader = YamlReader {
        parser: Parser::new_from_str(text),
        extent: Extent::default(),
    };
    reader.next()?;
    let (Event::DocumentStart(_), _) = reader.next()? else {
        return Err(ReadError::new(
            ReadErrorKind::Syntax,
            "the document is empty",
        ));
    };
    let first = reader.next()?;
    let node = reader.value(first)?;
    reader.next()?;
    match reader.next()? {
        (Event::StreamEnd, _) => Ok(node),
        (_, at) => Err(unsupported("a second document begins here")
            .with_hint(Some("write many records as one list".to_owned()))
            .or_at(at)),
    }
}

struct YamlReader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    extent: Extent,
}

type PlacedEvent<'a> = (Event<'a>, Position);

impl<'a> YamlReader<'a> {
    fn next(&mut self) -> Result<PlacedEvent<'a>, ReadError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, position(&span.start))),
            Some(Err(error)) => Err(syntax(&error)),
            None => Ok((Event::StreamEnd, Position::START)),
        }
    }

    fn value(&mut self, (event, at): PlacedEvent<'a>) -> Result<Node, ReadError> {
        let tree = self.tree(event, at).map_err(|error| error.or_at(at))?;
        Ok(Node { tree, at })
    }

    fn tree(&mut self, event: Event<'a>, at: Position) -> Result<Tree, ReadError> {
        self.extent.count()?;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_properties(anchor, tag.as_ref())?;
                if style == ScalarStyle::Plain {
                    return plain::resolve(&text);
                }
                Ok(Tree::String(text.into_owned()))
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_properties(anchor, tag.as_ref())?;
                self.extent.enter_sequence()?;
                let elements = self.elements()?;
                self.extent.leave();
                Ok(Tree::Sequence(elements))
            }
            Event::MappingStart(anchor, tag) => {
                refuse_properties(anchor, tag.as_ref())?;
                self.extent.enter_mapping()?;
                let members = self.members()?;
                self.extent.leave();
                Ok(Tree::Mapping(members))
            }
            Event::Alias(_) => Err(no_alias()),
            _ => Err(ReadError::new(ReadErrorKind::Syntax, "expected a value").or_at(at)),
        }
    }

    fn elements(&mut self) -> Result<Vec<Node>, ReadError> {
        let mut elements = Vec::new();
        loop {
            let index = elements.len();
            let event = self.next().map_err(|error| error.in_element(index))?;
            if event.0 == Event::SequenceEnd {
                return Ok(elements);
            }
            elements.push(self.value(event).map_err(|e| e.in_element(index))?);
        }
    }

    fn members(&mut self) -> Result<Vec<Member>, ReadError> {
        let mut members = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let name = name(event).map_err(|error| error.or_at(at))?;
            let event = self.next().map_err(|error| error.in_member(&name))?;
            let value = self.value(event).map_err(|e| e.in_member(&name))?;
            members.push(Member { name, at, value });
        }
        match first_duplicate(&members) {
            None => Ok(members),
            Some(error) => Err(error),
        }
    }
}

fn name(event: Event<'_>) -> Result<String, ReadError> {
    match event {
        Event::Scalar(text, style, anchor, tag) => {
            refuse_properties(anchor, tag.as_ref())?;
            if style == ScalarStyle::Plain {
                plain::name(&text).map_err(|error| error.in_member(&text))?;
            }
            Ok(text.into_owned())
        }
        Event::Alias(_) => Err(no_alias()),
        _ => Err(unsupported(
            "a name must be a string, not a list or an object",
        )),
    }
}

fn refuse_properties(anchor: usize, tag: Option<&Cow<'_, Tag>>) -> Result<(), ReadError> {
    if anchor != 0 {
        return Err(unsupported("anchors are not read")
            .with_hint(Some("write the value out, or quote the text".to_owned())));
    }
    match tag {
        None => Ok(()),
        Some(_) => Err(unsupported("tags are not read")
            .with_hint(Some("leave the tag out, or quote the text".to_owned()))),
    }
}

fn no_alias() -> ReadError {
    unsupported("aliases are not read")
        .with_hint(Some("write the value out, or quote the text".to_owned()))
}

fn syntax(error: &ScanError) -> ReadError {
    let refused = if error.info().contains("unknown anchor") {
        no_alias()
    } else {
        ReadError::new(ReadErrorKind::Syntax, error.info())
    };
    refused.or_at(position(error.marker()))
}

fn position(marker: &saphyr_parser::Marker) -> Position {
    Position {
        line: u32::try_from(marker.line()).unwrap_or(u32::MAX),
        column: u32::try_from(marker.col() + 1).unwrap_or(u32::MAX),
    }
}

fn refuse_control_characters(text: &str) -> Result<(), ReadError> {
    let control = |b: u8| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r');
    match text.bytes().position(control) {
        None => Ok(()),
        Some(offset) => {
            let message = format!("U+{:04X} is not allowed in YAML", text.as_bytes()[offset]);
            Err(ReadError::new(ReadErrorKind::Encoding, message)
                .with_hint(Some("write it as an escape in double quotes".to_owned()))
                .or_at(text::advanced(Position::START, &text[..offset])))
        }
    }
}

/// A `%YAML 1.1` would change what the document means, and the parser does not report it.
fn refuse_directives(text: &str) -> Result<(), ReadError> {
    let mut preamble = text
        .lines()
        .take_while(|line| line.starts_with('%') || comment_or_blank(line))
        .zip(1..);
    match preamble.find(|(line, _)| line.starts_with('%')) {
        None => Ok(()),
        Some((_, line)) => Err(unsupported("directives are not read")
            .with_hint(Some("leave the line out".to_owned()))
            .or_at(Position { line, column: 1 })),
    }
}

fn comment_or_blank(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}
