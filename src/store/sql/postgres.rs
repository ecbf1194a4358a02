//! PostgreSQL: one server, many writers.

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::{Arguments as _, AssertSqlSafe, Postgres};

use super::backend::{Backend, Column, Table};
use super::{SqlStore, TABLES, postgres_check, postgres_error, postgres_shape};
use crate::store::{Finding, StoreError};

/// A store in one schema of a PostgreSQL database.
pub type PostgresStore = SqlStore<Postgres>;

#[async_trait]
impl Backend for Postgres {
    const BEGIN: &'static str = "begin";
    const BEGIN_READING: &'static str = "begin isolation level repeatable read, read only";
    const FOR_UPDATE: &'static str = " for update";
    const SHARED: bool = true;
    const CATALOG: &'static str = "postgres";
    const LOOKUPS: &'static str =
        "convert_to(string_agg(lookup_key::text || ' ' || log_index::text, ','), 'UTF8')";

    /// The row of the head keeps others out, for as long as a transaction takes.
    type Guard = ();

    async fn insert(
        connection: &mut PgConnection,
        table: &'static Table,
        tenant: i64,
        columns: Vec<Column>,
    ) -> Result<(), sqlx::Error> {
        if columns.first().is_none_or(|column| column.len() == 0) {
            return Ok(());
        }
        let names = table.columns.join(", ");
        let mut arguments = PgArguments::default();
        arguments.add(tenant).map_err(sqlx::Error::Encode)?;
        let mut arrays = Vec::with_capacity(columns.len());
        for (column, at) in columns.into_iter().zip(2..) {
            let (added, of) = match column {
                Column::Int(values) => (arguments.add(values), "bigint"),
                Column::Bytes(values) => (arguments.add(values), "bytea"),
            };
            added.map_err(sqlx::Error::Encode)?;
            arrays.push(format!("${at}::{of}[]"));
        }
        let sql = format!(
            "insert into {} (tenant, {names}) select $1, {names} from unnest({}) as t ({names}){}",
            table.name,
            arrays.join(", "),
            table.on_conflict
        );
        sqlx::query_with(AssertSqlSafe(sql), arguments)
            .execute(connection)
            .await
            .map(|_| ())
    }

    async fn bytes_on_disk(connection: &mut PgConnection, _: &str) -> Result<u64, sqlx::Error> {
        let tables: Vec<String> = TABLES.iter().map(|name| (*name).to_owned()).collect();
        let sql = "select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class c \
            where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relname = any($1)";
        let bytes: i64 = sqlx::query_scalar(sql)
            .bind(tables)
            .fetch_one(connection)
            .await?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }

    async fn engine(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
        let version: String = sqlx::query_scalar("select current_setting('server_version')")
            .fetch_one(connection)
            .await?;
        Ok(format!("PostgreSQL {version}"))
    }

    async fn problems(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
        postgres_check::problems(connection).await
    }

    async fn shape_faults(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
        postgres_shape::faults(connection).await
    }

    fn is_damage(error: &sqlx::Error) -> bool {
        postgres_error::is_damage(error)
    }

    /// The server moves what was committed by itself.
    async fn settle(_: &mut PgConnection, _: bool) -> Result<(), sqlx::Error> {
        Ok(())
    }

    /// Keys outlive some values, such as those that a retention policy takes away: the rows of these
    /// are tidied too. A table that somebody else is tidying is left to them.
    async fn tidy(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("vacuum (skip_locked) slot")
            .execute(connection)
            .await
            .map(|_| ())
    }

    /// Rows that were deleted stay in their pages until these are tidied: those of keys are tidied at
    /// once, and without its key the rest is noise.
    async fn overwrite(connection: &mut PgConnection, on: bool) -> Result<(), sqlx::Error> {
        if on {
            return Ok(());
        }
        sqlx::query("vacuum entity_key")
            .execute(connection)
            .await
            .map(|_| ())
    }

    fn rows_affected(done: &sqlx::postgres::PgQueryResult) -> u64 {
        done.rows_affected()
    }

    fn fault(place: &str, error: sqlx::Error) -> StoreError {
        postgres_error::fault(place, error)
    }
}
