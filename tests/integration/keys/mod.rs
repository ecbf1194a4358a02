//! The keys of personal values: who keeps them, and how they are replaced and destroyed.

mod chosen;
mod destroy;
mod http;
mod place;
mod rotate;
mod service;
