//! Sealing: from a draft to canonical fields, their commitments and the root over them; and back.
//!
//! The formulas stand beside the functions; `docs/format.md` has them in one place.

mod audit;
mod canonical;
mod commit;
mod compose;
mod cut;
mod digests;
mod disclose;
mod entry;
mod error;
mod field;
mod joined;
mod members;
mod payload;
mod sealed;
mod slot;
mod wire;
mod withheld;

pub use audit::{SlotFault, audit, is_without_texts, shared_digests, stored_digests};
pub use canonical::to_canonical;
pub use commit::{field_leaf, value_commitment};
pub(crate) use compose::{LISTS, MAPS};
pub use disclose::{Disclosed, Disclosure, disclose, own_texts};
pub use entry::{Entry, MAX_REFERENCES, entry_hash};
pub use error::{OpenError, SealError};
pub use field::{Field, Fields};
pub use sealed::{Opened, Sealed, SharedText, SlotBytes, Source, Withheld, open, seal};
pub use slot::{Seed, Slot, Slots};
pub use withheld::WITHHELD;
