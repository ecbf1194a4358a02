//! Faults that are found behind the reading: where in the document they are.

use super::error::{ReadError, ReadErrorKind};
use super::node::{Node, Tree};

impl ReadError {
    /// The refusal of the value at `path`, such as `constraints[2].threshold`, of a document that was
    /// read: the place is that of the nearest value that is there.
    #[must_use]
    pub fn invalid_at(document: &Node, path: &str, message: &str) -> Self {
        let mut node = document;
        let mut error = Self::new(ReadErrorKind::InvalidValue, message);
        let mut taken = Vec::new();
        let steps = path.split(['.', '[']).map(|it| it.trim_end_matches(']'));
        for step in steps.filter(|it| !it.is_empty()) {
            let index = step.parse::<usize>().ok();
            let next = match (&node.tree, index) {
                (Tree::Sequence(elements), Some(index)) => elements.get(index),
                _ => node.member(step),
            };
            let Some(next) = next else { break };
            let is_element = matches!(node.tree, Tree::Sequence(_));
            taken.push((step, index.filter(|_| is_element)));
            node = next;
        }
        error = error.or_at(node.at);
        for (step, index) in taken.into_iter().rev() {
            error = match index {
                Some(index) => error.in_element(index),
                None => error.in_member(step),
            };
        }
        error
    }

    /// The same error, with what to do about it.
    #[must_use]
    pub fn advising(self, hint: &str) -> Self {
        self.with_hint(Some(hint.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::{ReadError, read_yaml};

    #[test]
    fn a_fault_is_where_the_value_stands() {
        let document = read_yaml(b"constraints:\n  - {name: a}\n  - {name: b}\n").unwrap();
        let error = ReadError::invalid_at(&document, "constraints[1].name", "twice");
        assert_eq!(
            (error.line(), error.path()),
            (3, "constraints[1].name".to_owned())
        );
        let error = ReadError::invalid_at(&document, "constraints[1].threshold", "none");
        assert_eq!(
            (error.line(), error.path()),
            (3, "constraints[1]".to_owned())
        );
    }
}
