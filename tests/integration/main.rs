//! The library as its users see it.

mod architecture;
mod assembly;
mod capture;
mod cli;
mod codec;
mod sample;
mod seal;
mod store;
mod trail;
