//! Whether a container has the canonical form, and how it differs.

use std::collections::BTreeMap;

use super::layout::{DEFLATED, FIRST_OF_1980, Packed, container};
use super::read::Member;
use super::write::uncompressed;
use super::{FormError, INDEX};

/// Compares `bytes` with the canonical container of the same packed files.
pub(super) fn check(
    bytes: &[u8],
    members: &[Member<'_>],
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<(), FormError> {
    let mut sorted: Vec<&Member<'_>> = members.iter().collect();
    sorted.sort_unstable_by_key(|member| member.name);
    let packed = sorted.iter().map(|member| Packed {
        name: member.name,
        crc: member.crc,
        size: member.size,
        deflated: member.data,
    });
    let index = members.iter().find(|member| member.name == INDEX);
    let compressed = index
        .zip(files.get(INDEX))
        .is_some_and(|(member, content)| member.data != uncompressed(content));
    let stored = members.iter().any(|member| member.method != DEFLATED);
    if !stored && !compressed && container(packed).is_ok_and(|canonical| canonical == bytes) {
        return Ok(());
    }
    Err(FormError {
        difference: difference(members, compressed),
    })
}

/// The first difference that has a name.
fn difference(members: &[Member<'_>], compressed: bool) -> String {
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
    named
        .or_else(|| compressed.then(|| format!("{INDEX} is compressed")))
        .unwrap_or_else(|| "there are other bytes around the files".to_owned())
}
