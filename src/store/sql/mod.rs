//! The store on SQL databases: every statement once, for all of them.

/// Writes the conditions under which every query of the store runs on a database, once.
macro_rules! sql_impl {
    ($(#[$meta:meta])* impl $([$store:ident])? SqlStore { $($body:tt)* }) => {
        $(#[$meta])*
        impl<DB> $($store for)? SqlStore<DB>
        where
            DB: Backend,
            DB::Arguments: sqlx::IntoArguments<DB>,
            for<'c> &'c mut DB::Connection: sqlx::Executor<'c, Database = DB>,
            usize: sqlx::ColumnIndex<DB::Row>,
            for<'q> i64: sqlx::Encode<'q, DB> + sqlx::Decode<'q, DB> + sqlx::Type<DB>,
            for<'q> String: sqlx::Encode<'q, DB> + sqlx::Decode<'q, DB> + sqlx::Type<DB>,
            for<'q> Vec<u8>: sqlx::Encode<'q, DB> + sqlx::Decode<'q, DB> + sqlx::Type<DB>,
        {
            $($body)*
        }
    };
}

mod append;
mod archive;
mod backend;
mod erase;
mod find;
mod keys;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_check;
#[cfg(feature = "postgres")]
mod postgres_error;
#[cfg(feature = "postgres")]
mod postgres_open;
#[cfg(feature = "postgres")]
mod postgres_place;
#[cfg(feature = "postgres")]
mod postgres_replace;
#[cfg(feature = "postgres")]
mod postgres_shape;
mod put;
mod raw;
mod read;
mod rekey;
mod snapshot;
mod sqlite;
mod sqlite_file;
mod sqlite_integrity;
mod sqlite_open;
mod sqlite_schema;
mod sqlite_shape;
mod sqlite_types;
mod stray;
mod tree;
mod verify;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use quick_cache::sync::Cache;
use sqlx::Pool;

use crate::log::Edge;
use backend::Backend;

#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "postgres")]
pub use postgres_place::PostgresPlace;
pub use sqlite::{SqliteStore, WriterLock};

/// What a store is opened for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Reading and writing; an SQLite file is made when it is not there.
    Write,
    /// Reading alone; nothing is ever made or changed.
    Read,
}

/// A store on an SQL database.
#[derive(Debug)]
pub struct SqlStore<DB: Backend> {
    place: String,
    /// `None` when opened for reading.
    writer: Option<Pool<DB>>,
    readers: Pool<DB>,
    tenants: Mutex<HashMap<crate::record::Tenant, i64>>,
    /// Shared texts that are known to be stored for a tenant, so that they are not sent again.
    known_texts: Cache<(i64, [u8; 32]), ()>,
    /// The right-hand edge of each tenant's log as of the last commit of this process.
    edges: Mutex<HashMap<i64, Edge>>,
    /// Bytes appended since the last checkpoint of the database.
    unsettled_bytes: AtomicUsize,
    /// What keeps other writers out; let go of by `close`.
    guard: Mutex<Option<DB::Guard>>,
}

fn texts_cache() -> Cache<(i64, [u8; 32]), ()> {
    Cache::new(KNOWN_TEXTS)
}

/// The tables that hold rows of a tenant.
const TABLES: [&str; 8] = [
    "head",
    "record",
    "slot",
    "entity_key",
    "shared_text",
    "tile",
    "lookup",
    "zone",
];

/// About 100 bytes each.
const KNOWN_TEXTS: usize = 100_000;
