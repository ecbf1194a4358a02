//! What only a trail on PostgreSQL has: a schema that is migrated, settings, many writers.

pub(crate) mod cluster;
mod crash;
mod processes;
mod refusal;
mod schema;
mod writers;
