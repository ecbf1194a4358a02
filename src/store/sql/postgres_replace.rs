//! A schema in the place of another one, at once: what a restore ends with.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use super::postgres::PostgresStore;
use super::postgres_check::Found;
use super::postgres_open::connect;
use super::postgres_place::PostgresPlace;
use super::{postgres_check, postgres_error};
use crate::store::StoreError;

impl PostgresStore {
    /// Whether there is a trail at `place`, of whatever version.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotATrail`] when its schema has the tables of another application;
    /// [`StoreError::Away`] and [`StoreError::Refused`] as for [`PostgresStore::open`].
    pub async fn is_there(place: &PostgresPlace) -> Result<bool, StoreError> {
        let name = place.to_string();
        let mut connection = connect(place).await?;
        let found = postgres_check::found(&mut connection, &name).await?;
        drop(connection.close().await);
        Ok(matches!(found, Found::Trail(_)))
    }

    /// Whether the schema that `place` names is there, with tables or without.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] when it names none; [`StoreError::Away`].
    pub async fn has_schema(place: &PostgresPlace) -> Result<bool, StoreError> {
        let name = place.to_string();
        let schema = place.named_schema()?;
        let mut connection = connect(place).await?;
        let there = has_schema(&mut connection, schema).await;
        drop(connection.close().await);
        there.map_err(|error| postgres_error::fault(&name, error))
    }

    /// Gives the schema of `staged` the name of that of `place`, whose own is called as that of
    /// `replaced` from then on: in one transaction, so that there is always one of the two. Who may do
    /// something with the tables that were there may do the same with those that come.
    ///
    /// Both are to be in the database of `place`. Without `replaced` nothing may be there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] for a user who does not own what was there, or may make no schema.
    pub async fn replace(
        place: &PostgresPlace,
        staged: &PostgresPlace,
        replaced: Option<&PostgresPlace>,
    ) -> Result<(), StoreError> {
        let name = place.to_string();
        let fault = |error| postgres_error::fault(&name, error);
        let (schema, staged) = (place.named_schema()?, staged.named_schema()?);
        let mut connection = connect(place).await?;
        let mut transaction = connection.begin().await.map_err(fault)?;
        if let Some(replaced) = replaced {
            let replaced = replaced.named_schema()?;
            let grants: Vec<String> = sqlx::query_scalar(GRANTS)
                .bind(schema.to_owned())
                .bind(staged.to_owned())
                .fetch_all(&mut *transaction)
                .await
                .map_err(fault)?;
            for grant in grants {
                execute(&mut transaction, grant).await.map_err(fault)?;
            }
            rename(&mut transaction, schema, replaced)
                .await
                .map_err(fault)?;
        }
        rename(&mut transaction, staged, schema)
            .await
            .map_err(fault)?;
        transaction.commit().await.map_err(fault)?;
        drop(connection.close().await);
        Ok(())
    }
}

pub(super) async fn has_schema(
    connection: &mut PgConnection,
    schema: &str,
) -> Result<bool, sqlx::Error> {
    let there: Option<i32> = sqlx::query_scalar("select 1 from pg_namespace where nspname = $1")
        .bind(schema.to_owned())
        .fetch_optional(connection)
        .await?;
    Ok(there.is_some())
}

/// Both are one of a-z, 0-9 and _ alone.
async fn rename(connection: &mut PgConnection, from: &str, to: &str) -> Result<(), sqlx::Error> {
    execute(
        connection,
        format!("alter schema \"{from}\" rename to \"{to}\""),
    )
    .await
}

async fn execute(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map(|_| ())
}

/// What was granted on a schema and its tables, as grants on another one and the tables of the same
/// names there.
const GRANTS: &str = "\
with grantee as (select oid, quote_ident(rolname) as name from pg_roles union all select 0, 'public')
select format('grant %s on schema %I to %s', a.privilege_type, $2, grantee.name)
  || case when a.is_grantable then ' with grant option' else '' end
  from pg_namespace n cross join aclexplode(n.nspacl) a join grantee on grantee.oid = a.grantee
  where n.nspname = $1 and a.grantee <> n.nspowner
union all select format('grant %s on table %I.%I to %s', a.privilege_type, $2, c.relname, grantee.name)
  || case when a.is_grantable then ' with grant option' else '' end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  cross join aclexplode(c.relacl) a join grantee on grantee.oid = a.grantee
  where n.nspname = $1 and c.relkind = 'r' and a.grantee <> c.relowner
  and exists (select 1 from pg_class o join pg_namespace m on m.oid = o.relnamespace
    where m.nspname = $2 and o.relname = c.relname and o.relkind = 'r')";
