//! Contextrail answers, with proof: *what did the AI know when it made this decision?*

pub mod assembly;
pub mod capture;
pub mod record;
