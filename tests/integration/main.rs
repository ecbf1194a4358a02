//! The library as its users see it.

mod architecture;
mod assembly;
mod capture;
mod codec;
mod sample;
mod seal;
mod store;
mod trail;
