//! From a record to its fields, the root over them, and back.

mod bytes;
mod class;
pub(crate) mod formula;
mod golden;
mod random;
mod reseal;
