//! The fields of an assembly.

use super::super::SealError;
use super::super::field::Cutter;
use super::super::slot::Slot;
use crate::record::{AssemblyRecord, Class, Digest, Item, ItemKind};

pub(super) fn cut(assembly: &AssemblyRecord, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let AssemblyRecord {
        tokenizer,
        budget,
        separator,
        order,
        items,
        messages,
        text_digest,
        text_bytes,
    } = assembly;
    out.object("assembly", Class::Plain, Slot::TENANT, |object| {
        object.keep("budget", budget)?;
        object.keep_list("messages", messages)?;
        object.keep("order", order)?;
        object.keep("separator", separator)?;
        object.keep("text_bytes", text_bytes)?;
        object.keep("tokenizer", tokenizer)?;
        let out = object.out();
        out.personal("text_digest", text_digest)?;
        out.each("items", items, |out, _, candidate| item(candidate, out))
    })
}

/// An item of shared text is one confidential field. Of a personal one, what points at the text
/// can be erased; the verdict and the counts stay.
fn item(item: &Item, out: &mut Cutter<'_>) -> Result<(), SealError> {
    if matches!(item.digest, Some(Digest::Sha256(_))) {
        return out.emit(Class::Confidential, Slot::TENANT, item);
    }
    let Item {
        index,
        kind,
        reference,
        role,
        priority,
        required,
        overflow,
        min_tokens,
        marker,
        tokens,
        used_tokens,
        verdict,
        reason,
        kept,
        digest,
    } = item;
    out.object_here(Class::Plain, Slot::TENANT, |object| {
        object.keep("index", index)?;
        object.keep_list("kept", kept)?;
        object.keep("kind", kind)?;
        object.keep("min_tokens", min_tokens)?;
        if !overflow.is_drop() {
            object.keep("overflow", overflow)?;
        }
        object.keep("priority", priority)?;
        object.keep("reason", reason)?;
        if *kind != ItemKind::Document {
            object.keep("ref", reference)?;
        }
        object.keep("required", required)?;
        object.keep("role", role)?;
        object.keep("tokens", tokens)?;
        object.keep("used_tokens", used_tokens)?;
        object.keep("verdict", verdict)?;
        let out = object.out();
        if *kind == ItemKind::Document {
            out.personal("ref", reference)?;
        }
        out.personal("marker", marker)?;
        out.personal("digest", digest)
    })
}
