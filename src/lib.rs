//! Contextrail answers, with proof: *what did the AI know when it made this decision?*

pub mod assembly;
pub mod capture;
pub mod codec;
pub mod log;
pub mod record;
pub mod seal;
pub mod store;
pub mod trail;
