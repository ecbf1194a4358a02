//! What differs between databases: how batches are inserted, locked and reported.

use async_trait::async_trait;
use sqlx::Database;

use crate::store::{Finding, StoreError};

/// A database the store can run on. Everything that differs between databases is here.
#[async_trait]
pub trait Backend: Database {
    /// How a transaction begins that is going to write.
    const BEGIN: &'static str;
    /// How a transaction begins that reads everything as of one moment.
    const BEGIN_READING: &'static str;
    /// What a `select` ends with to hold the row until the transaction ends.
    const FOR_UPDATE: &'static str;
    /// Whether other processes write beside this one.
    const SHARED: bool;
    /// What findings call the schema of the database.
    const CATALOG: &'static str;
    /// All rows of `lookup` in one, as bytes: key and index with a space between them, rows with commas.
    const LOOKUPS: &'static str;

    /// What keeps other writers out for as long as it lives.
    type Guard: Send + Sync + std::fmt::Debug;

    /// Inserts rows, given by column, into `table` of `tenant`.
    async fn insert(
        connection: &mut Self::Connection,
        table: &'static Table,
        tenant: i64,
        columns: Vec<Column>,
    ) -> Result<(), sqlx::Error>;

    /// Bytes on disk.
    async fn bytes_on_disk(
        connection: &mut Self::Connection,
        place: &str,
    ) -> Result<u64, sqlx::Error>;

    /// The database and its version.
    async fn engine(connection: &mut Self::Connection) -> Result<String, sqlx::Error>;

    /// Looks for damage below the rows.
    async fn problems(connection: &mut Self::Connection) -> Result<Vec<String>, sqlx::Error>;

    /// What is wrong below what the rows say: the schema, the types of values, pages, indexes.
    ///
    /// After it, a value of another type than its column's has been named, and may be passed over.
    async fn shape_faults(connection: &mut Self::Connection) -> Result<Vec<Finding>, sqlx::Error>;

    /// Whether `error` says that the database is damaged, and not that it cannot be used now.
    fn is_damage(error: &sqlx::Error) -> bool;

    /// Moves what was committed to its final place; called between appends.
    async fn settle(connection: &mut Self::Connection, last: bool) -> Result<(), sqlx::Error>;

    /// Lets nothing wait anywhere of what was taken away or overwritten.
    async fn tidy(connection: &mut Self::Connection) -> Result<(), sqlx::Error>;

    /// Has the bytes of what is deleted overwritten, or no longer.
    async fn overwrite(connection: &mut Self::Connection, on: bool) -> Result<(), sqlx::Error>;

    /// How many rows a statement has changed.
    fn rows_affected(done: &Self::QueryResult) -> u64;

    /// What an error of the database means to a caller.
    fn fault(place: &str, error: sqlx::Error) -> StoreError;
}

/// A table that rows are inserted into. Its first column is `tenant`.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub(in crate::store) name: &'static str,
    /// Its other columns.
    pub(in crate::store) columns: &'static [&'static str],
    /// What to do with a row that is there already.
    pub(in crate::store) on_conflict: &'static str,
}

/// The values of one column.
#[derive(Debug)]
pub enum Column {
    /// Integers.
    Int(Vec<i64>),
    /// Bytes.
    Bytes(Vec<Vec<u8>>),
}

pub(in crate::store) const RECORD: Table = Table {
    name: "record",
    columns: &["log_index", "id", "kind", "at_us", "entry"],
    on_conflict: "",
};
pub(in crate::store) const SLOT: Table = Table {
    name: "slot",
    columns: &["log_index", "slot", "payload"],
    on_conflict: "",
};
pub(in crate::store) const SHARED_TEXT: Table = Table {
    name: "shared_text",
    columns: &["sha256", "body"],
    on_conflict: " on conflict (tenant, sha256) do nothing",
};
pub(in crate::store) const LOOKUP: Table = Table {
    name: "lookup",
    columns: &["bucket", "lookup_key", "log_index"],
    on_conflict: "",
};
pub(in crate::store) const ZONE: Table = Table {
    name: "zone",
    columns: &["bucket", "first_us", "last_us"],
    on_conflict: " on conflict (tenant, bucket) do update set \
        first_us = case when excluded.first_us < zone.first_us then excluded.first_us else zone.first_us end, \
        last_us = case when excluded.last_us > zone.last_us then excluded.last_us else zone.last_us end",
};

pub(in crate::store) const ENTITY_KEY: Table = Table {
    name: "entity_key",
    columns: &["entity", "number", "epoch", "wrapped"],
    on_conflict: " on conflict (tenant, entity, number) do nothing",
};
pub(in crate::store) const TILE: Table = Table {
    name: "tile",
    columns: &["level", "tile_index", "hashes"],
    on_conflict: " on conflict (tenant, level, tile_index) do update set hashes = excluded.hashes",
};

impl Column {
    pub(in crate::store) fn len(&self) -> usize {
        match self {
            Self::Int(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }
}
