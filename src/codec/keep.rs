//! Where an import puts the members that this version does not know.

use std::cell::RefCell;

use serde_json::Value;

use super::decode::decode;
use super::error::{ReadError, ReadErrorKind};
use super::node::Member;
use crate::record::Members;

/// Collects unknown members under the JSON pointer (RFC 6901) of their place.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    pointer: RefCell<String>,
    kept: RefCell<Members>,
}

impl Keeper {
    /// Runs `read` one step further down, where there is a keeper to remember the step.
    pub(super) fn within<T>(
        keeper: Option<&Self>,
        step: &str,
        read: impl FnOnce() -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let Some(Self { pointer, .. }) = keeper else {
            return read();
        };
        let length = pointer.borrow().len();
        push(&mut pointer.borrow_mut(), step);
        let value = read();
        pointer.borrow_mut().truncate(length);
        value
    }

    /// Takes one member that is unknown where the reading stands.
    pub(super) fn keep(&self, member: &Member) -> Result<(), ReadError> {
        let mut pointer = self.pointer.borrow().clone();
        push(&mut pointer, &member.name);
        let value: Value = decode(&member.value)?;
        self.kept.borrow_mut().insert(pointer, value);
        Ok(())
    }

    /// Adds what was kept to `extra`, which may hold members from an earlier import.
    pub(super) fn pour_into(self, extra: &mut Members) -> Result<(), ReadError> {
        for (pointer, value) in self.kept.into_inner() {
            if extra.contains_key(&pointer) {
                let message = format!("{pointer:?} is in the record and in its extra members");
                return Err(ReadError::new(ReadErrorKind::Duplicate, message).in_member("extra"));
            }
            extra.insert(pointer, value);
        }
        Ok(())
    }
}

fn push(pointer: &mut String, step: &str) {
    pointer.push('/');
    pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
}
