//! What the errors of PostgreSQL mean to a caller, and what is to be done.

use std::io::ErrorKind;

use crate::store::StoreError;

/// What `error` means to whoever uses the trail at `place`.
pub(super) fn fault(place: &str, error: sqlx::Error) -> StoreError {
    let of_place = place;
    let place = place.to_owned();
    let Some(code) = code_of(&error) else {
        return match error {
            sqlx::Error::PoolClosed => StoreError::Closed,
            sqlx::Error::PoolTimedOut => StoreError::Away {
                place,
                source: "no connection came free in time".into(),
            },
            error @ (sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed) => away(place, error),
            error if is_damage(&error) => StoreError::Corrupt {
                place,
                source: error.into(),
            },
            error => StoreError::Backend {
                place,
                source: error.into(),
            },
        };
    };
    match code.as_str() {
        // Serialization, deadlock, a lock that was waited for, a statement that was cancelled.
        "40001" | "40P01" | "55P03" | "57014" => StoreError::Busy { place },
        // Another process made the same tenant, or another one, at the same time.
        "23505" if is_about_tenants(&error) => StoreError::Busy { place },
        "53100" => StoreError::Full { place },
        // A standby, or a session that may not write.
        "25006" => refused(
            of_place,
            &error,
            "it takes no writes: name the primary, and not a standby of it",
        ),
        "28P01" | "28000" => refused(
            of_place,
            &error,
            "check user and password; the password may come out of ~/.pgpass or PGPASSWORD",
        ),
        "3D000" => refused(
            of_place,
            &error,
            "create it first, such as by `createdb`, then run `contextrail migrate`",
        ),
        "3F000" => refused(
            of_place,
            &error,
            "run `contextrail migrate` to make the schema",
        ),
        "42501" => refused(
            of_place,
            &error,
            "grant the user select, insert, update and delete on the tables of the trail; \
             migrating needs create on the schema",
        ),
        "53300" => refused(
            of_place,
            &error,
            "raise max_connections, or close what is not in use",
        ),
        code if is_connection(code) => away(place, error),
        _ if is_damage(&error) => StoreError::Corrupt {
            place,
            source: error.into(),
        },
        _ => StoreError::Backend {
            place,
            source: error.into(),
        },
    }
}

/// Whether `error` says that the database is damaged, and not that it cannot be used now.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
        // No such table or column, damaged data, a damaged index, and a transaction that one of those
        // has ended.
        error => code_of(error).is_some_and(|code| {
            matches!(
                code.as_str(),
                "42P01" | "42703" | "XX001" | "XX002" | "25P02"
            )
        }),
    }
}

/// A connection that ended or was ended, and a server that is not there yet or no longer.
fn is_connection(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
}

fn is_about_tenants(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    let table = error.and_then(sqlx::error::DatabaseError::table);
    matches!(table, Some("tenant" | "head"))
}

fn away(place: String, error: sqlx::Error) -> StoreError {
    let source = match error {
        sqlx::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "the server closed the connection".into()
        }
        sqlx::Error::Io(error) => error.into(),
        error => error.into(),
    };
    StoreError::Away { place, source }
}

fn refused(place: &str, error: &sqlx::Error, todo: &str) -> StoreError {
    let said = error
        .as_database_error()
        .map_or_else(|| error.to_string(), |error| error.message().to_owned());
    StoreError::Refused {
        place: place.to_owned(),
        what: said,
        todo: todo.to_owned(),
    }
}

/// The SQLSTATE of an error of the server.
pub(super) fn code_of(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    Some(code.into_owned())
}
