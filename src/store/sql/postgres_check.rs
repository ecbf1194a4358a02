//! Whether a server is one that a trail can be kept on: its version, its settings, the rights.

use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::{Access, TABLES};
use crate::store::StoreError;

/// What a server has to say before anything is read or written there.
pub(super) struct Server {
    /// How durable a commit is when it is answered: never `off`.
    pub(super) synchronous_commit: String,
}

/// Looks at the server, and refuses one that would lose what it acknowledged.
pub(super) async fn server(
    connection: &mut PgConnection,
    place: &str,
    access: Access,
) -> Result<Server, StoreError> {
    let fault = |error| super::postgres_error::fault(place, error);
    let refused = |what: String, todo: &str| StoreError::Refused {
        place: place.to_owned(),
        what,
        todo: todo.to_owned(),
    };
    let row = sqlx::query(
        "select current_setting('server_version'), current_setting('server_version_num')::bigint, \
         pg_is_in_recovery(), current_setting('fsync') = 'off', \
         current_setting('full_page_writes') = 'off', s.setting, s.source \
         from pg_settings s where s.name = 'synchronous_commit'",
    )
    .fetch_one(connection)
    .await
    .map_err(fault)?;
    let version: String = row.try_get(0).map_err(fault)?;
    if row.try_get::<i64, _>(1).map_err(fault)? < OLDEST {
        let what = format!("the server is PostgreSQL {version}");
        return Err(refused(
            what,
            "a trail needs PostgreSQL 14 or later: upgrade it",
        ));
    }
    let synchronous_commit: String = row.try_get(5).map_err(fault)?;
    if access == Access::Write {
        if row.try_get(2).map_err(fault)? {
            let what = "the server is a standby, which takes no writes".to_owned();
            return Err(refused(what, "name the primary, or promote this one"));
        }
        if synchronous_commit == "off" {
            let source: String = row.try_get(6).map_err(fault)?;
            let what = format!("synchronous_commit is off (set by: {source})");
            let todo = "the server would acknowledge what a crash can take back: turn it on there";
            return Err(refused(what, todo));
        }
        if row.try_get(3).map_err(fault)? {
            let what = "fsync is off".to_owned();
            let todo = "a crash of the machine would lose or damage the trail: turn it on in postgresql.conf";
            return Err(refused(what, todo));
        }
        if row.try_get(4).map_err(fault)? {
            tracing::warn!(place, "{FULL_PAGE_WRITES}");
        }
    }
    Ok(Server { synchronous_commit })
}

/// What is found in a schema.
pub(super) enum Found {
    /// No table at all.
    Nothing,
    /// A trail, and how its schema is; 0 and 0 when it does not say.
    Trail(Versions),
}

/// The versions of a schema.
#[derive(Clone, Copy, Default)]
pub(super) struct Versions {
    /// The newest that it was brought to.
    pub(super) newest: i64,
    /// The newest that a program has to know to use it. Later ones only expand: what they add may be
    /// left alone. Their files are called `NNNN_expand_…`.
    pub(super) needed: i64,
}

/// The trail in the current schema.
pub(super) async fn found(connection: &mut PgConnection, place: &str) -> Result<Found, StoreError> {
    let fault = |error| super::postgres_error::fault(place, error);
    let schema: Option<String> = sqlx::query_scalar("select current_schema()::text")
        .fetch_one(&mut *connection)
        .await
        .map_err(fault)?;
    let Some(schema) = schema else {
        return Ok(Found::Nothing);
    };
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c \
         where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') \
         order by 1",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(fault)?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    if tables.is_empty() || (tables.len() == 1 && has(MIGRATIONS_TABLE)) {
        return Ok(Found::Nothing);
    }
    // why: a trail that lost a table is a damaged trail, not something else.
    if TABLES.iter().filter(|table| has(table)).count() < TABLES.len() / 2 {
        let mut named = tables.clone();
        named.truncate(8);
        return Err(StoreError::NotATrail {
            place: place.to_owned(),
            reason: format!(
                "its schema {schema:?} has the tables of another application ({}): name a schema of its own by ?schema=NAME",
                named.join(", ")
            ),
        });
    }
    if !has(MIGRATIONS_TABLE) {
        return Ok(Found::Trail(Versions::default()));
    }
    let sql = "select coalesce(max(version), 0), \
        coalesce(max(version) filter (where description not like 'expand %'), 0) \
        from _sqlx_migrations where success";
    let (newest, needed): (i64, i64) = sqlx::query_as(sql)
        .fetch_one(connection)
        .await
        .map_err(fault)?;
    Ok(Found::Trail(Versions { newest, needed }))
}

/// Refuses a user who could not do what is going to be done.
pub(super) async fn rights(
    connection: &mut PgConnection,
    place: &str,
    access: Access,
) -> Result<(), StoreError> {
    let fault = |error| super::postgres_error::fault(place, error);
    let needed: &[&str] = match access {
        Access::Read => &["select"],
        Access::Write => &["select", "insert", "update", "delete"],
    };
    let needed: Vec<String> = needed.iter().map(|it| (*it).to_owned()).collect();
    let tables: Vec<String> = TABLES.iter().map(|it| (*it).to_owned()).collect();
    let sql = "select n.name || ' on ' || c.relname, current_user::text \
        from pg_class c cross join unnest($1::text[]) as n (name) \
        where c.relnamespace = current_schema()::regnamespace and c.relname = any($2::text[]) \
        and c.relkind in ('r', 'p') and not has_table_privilege(c.oid, n.name) order by 1";
    let rows = sqlx::query(sql)
        .bind(needed)
        .bind(tables)
        .fetch_all(connection)
        .await
        .map_err(fault)?;
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let missing: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    let user: String = first.try_get(1).map_err(fault)?;
    Err(StoreError::Refused {
        place: place.to_owned(),
        what: format!(
            "the user {user} lacks rights: {}",
            missing.map_err(fault)?.join(", ")
        ),
        todo: "have the owner of the tables grant them".to_owned(),
    })
}

/// What is wrong with how the server is set up, in words.
pub(super) async fn problems(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let sql =
        "select current_setting('full_page_writes') = 'off', current_setting('fsync') = 'off'";
    let row = sqlx::query(sql).fetch_one(connection).await?;
    let mut found = Vec::new();
    if row.try_get(0)? {
        found.push(FULL_PAGE_WRITES.to_owned());
    }
    if row.try_get(1)? {
        found.push("fsync is off: a crash of the machine can lose or damage the trail".to_owned());
    }
    Ok(found)
}

pub(super) const MIGRATIONS_TABLE: &str = "_sqlx_migrations";
const FULL_PAGE_WRITES: &str = "full_page_writes is off: a crash of the machine can tear pages, unless the file system never does";
/// PostgreSQL 14.
const OLDEST: i64 = 140_000;
