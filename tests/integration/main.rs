//! The library as its users see it.

mod architecture;
mod assembly;
mod capture;
mod cli;
mod codec;
