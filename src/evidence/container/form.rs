//! Whether a container has the canonical form, and how it differs.

use super::FormError;
use super::layout::{DEFLATED, FIRST_OF_1980, Packed, container};
use super::read::Member;

/// Compares `bytes` with the canonical container of the same packed files.
pub(super) fn check(bytes: &[u8], members: &[Member<'_>]) -> Result<(), FormError> {
    let mut sorted: Vec<&Member<'_>> = members.iter().collect();
    sorted.sort_unstable_by_key(|member| member.name);
    let packed = sorted.iter().map(|member| Packed {
        name: member.name,
        crc: member.crc,
        size: member.size,
        deflated: member.data,
    });
    let stored = members.iter().any(|member| member.method != DEFLATED);
    if !stored && container(packed).is_ok_and(|canonical| canonical == bytes) {
        return Ok(());
    }
    Err(FormError {
        difference: difference(members),
    })
}

/// The first difference that has a name.
fn difference(members: &[Member<'_>]) -> String {
    let is_sorted = members.is_sorted_by(|a, b| a.name < b.name && a.offset < b.offset);
    if !is_sorted {
        return "the files are not in order of name".to_owned();
    }
    let named = members.iter().find_map(|member| {
        let what = if super::name::is_folder(member.name) {
            "is a folder, not a file"
        } else if member.method != DEFLATED {
            "is stored, not deflated"
        } else if member.flags != 0 {
            "has flags"
        } else if (member.time, member.date) != (0, FIRST_OF_1980) {
            "is not dated 1980-01-01"
        } else if member.has_extra {
            "has extra fields or a comment"
        } else {
            return None;
        };
        Some(format!("{} {what}", member.name))
    });
    named.unwrap_or_else(|| "there are other bytes around the files".to_owned())
}
