//! The keys of personal values: who keeps them, and how they are replaced and destroyed.

mod chosen;
mod http;
mod service;
