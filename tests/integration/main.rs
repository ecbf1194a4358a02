//! The library as its users see it.

mod assembly;
mod capture;
