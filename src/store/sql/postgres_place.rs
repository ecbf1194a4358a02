//! Where a trail on PostgreSQL is: `postgres://USER@HOST:PORT/DATABASE?schema=NAME&state=DIR`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

use crate::store::StoreError;

/// Where a trail on PostgreSQL is, and how it is reached. Neither its name nor its `Debug` form has
/// the password.
///
/// Besides what libpq takes (`sslmode`, `sslrootcert`, `host` for a socket …) the address may name
/// the `schema` that the tables are in, and `state`, the folder of what is kept outside the database.
///
/// ```
/// use contextrail::store::PostgresPlace;
///
/// let url = "postgres://loans:secret@db.example.org/trails?schema=loans&state=/var/lib/loans";
/// let place = PostgresPlace::parse(url).unwrap();
/// assert_eq!(place.to_string(), "postgres://db.example.org:5432/trails?schema=loans");
/// ```
#[derive(Clone)]
pub struct PostgresPlace {
    pub(super) options: PgConnectOptions,
    pub(super) schema: Option<String>,
    state: Option<PathBuf>,
}

impl PostgresPlace {
    /// Whether `url` is of this kind.
    #[must_use]
    pub fn is_meant_by(url: &str) -> bool {
        url.starts_with("postgres:") || url.starts_with("postgresql:")
    }

    /// The address `url` as it may be shown, whether it can be read or not: without a password.
    #[must_use]
    pub fn shown(url: &str) -> String {
        Self::parse(url).map_or_else(|_| without_password(url), |place| place.to_string())
    }

    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] that says what is wrong with it, without its password.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let refused = |what: String| StoreError::Refused {
            place: without_password(url),
            what,
            todo:
                "use postgres://USER@HOST:PORT/DATABASE, and percent-encode what is special in it"
                    .to_owned(),
        };
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        // Else a password would be taken for a part of the name of the database, and be shown.
        let path = base
            .split_once("//")
            .ok_or_else(|| refused("it has no // before the host".to_owned()))?;
        if path
            .1
            .split_once('/')
            .is_some_and(|(_, name)| name.contains('@'))
        {
            return Err(refused("there is a / before the @".to_owned()));
        }
        let (mut schema, mut state) = (None, None);
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match key {
                "schema" => schema = Some(decoded(value)),
                "state" => state = Some(PathBuf::from(decoded(value))),
                _ if KNOWN.contains(&key) || key.starts_with("options[") => kept.push(pair),
                _ => return Err(refused(format!("{key:?} is not something to connect with"))),
            }
        }
        if let Some(name) = schema.as_ref().filter(|name| !is_plain(name)) {
            let what = format!(
                "{name:?} is not the name of a schema here: 1 to 63 of a-z, 0-9 and _, no digit first"
            );
            return Err(refused(what));
        }
        // The error of the driver may quote the address.
        let options = PgConnectOptions::from_str(&format!("{base}?{}", kept.join("&")))
            .map_err(|_| refused("it cannot be read as an address".to_owned()))?;
        let named = options.get_application_name().is_some();
        let options = if named {
            options
        } else {
            options.application_name("contextrail")
        };
        Ok(Self {
            options: options.statement_cache_capacity(STATEMENTS),
            schema,
            state: state.filter(|path| !path.as_os_str().is_empty()),
        })
    }

    /// The folder of what is kept outside the database: signed heads, keys, what waits.
    #[must_use]
    pub fn state(&self) -> Option<&Path> {
        self.state.as_deref()
    }
}

impl fmt::Display for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let database = options.get_database().unwrap_or(options.get_username());
        let mut parts = Vec::new();
        match options.get_socket() {
            Some(socket) => {
                write!(f, "postgres:///{database}")?;
                parts.push(format!("host={}", socket.display()));
            }
            None => {
                let (host, port) = (options.get_host(), options.get_port());
                write!(f, "postgres://{host}:{port}/{database}")?;
            }
        }
        parts.extend(self.schema.iter().map(|name| format!("schema={name}")));
        if parts.is_empty() {
            return Ok(());
        }
        write!(f, "?{}", parts.join("&"))
    }
}

impl fmt::Debug for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresPlace({self})")
    }
}

/// An address as it may be shown: what could be a password is left out.
fn without_password(url: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut shown = match (base.find("//"), base.rfind('@')) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &base[..from + 2], &base[to + 1..]),
        (None, Some(to)) => base[to + 1..].to_owned(),
        _ => base.to_owned(),
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs: Vec<&str> = pairs.filter(|pair| !pair.contains("password")).collect();
    if !pairs.is_empty() {
        shown.push('?');
        shown.push_str(&pairs.join("&"));
    }
    shown
}

fn is_plain(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || c == '_';
    name.starts_with(letters)
        && name.len() <= 63
        && name.chars().all(|c| letters(c) || c.is_ascii_digit())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.first_chunk::<2>().filter(|_| *first == b'%');
        let byte =
            hex.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What the driver reads in the query of an address.
const KNOWN: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];
const STATEMENTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://ada:s3cret@db/trails",
            "postgres://ada:s3cret@db/trails?password=s3cret&sslmode=require",
            "postgres://ada:s3cret@db:99999/trails",
            "postgres://ada:s3cret@db/trails?nonsense=1",
            "postgres:ada:s3cret@db",
            "postgres://ada:s3@cret@db/trails?schema=1",
            "postgres://ada:3/s3cret@db",
        ] {
            let said = match PostgresPlace::parse(url) {
                Ok(place) => format!("{place} {place:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!said.contains("cret"), "{said}");
        }
    }

    #[test]
    fn a_schema_and_a_folder_are_read() {
        let url = "postgres:///trails?host=/run/postgresql&schema=loans&state=/var/lib/a%20b";
        let place = PostgresPlace::parse(url).unwrap();
        assert_eq!(place.state(), Some(Path::new("/var/lib/a b")));
        let shown = "postgres:///trails?host=/run/postgresql&schema=loans";
        assert_eq!(place.to_string(), shown);
        for wrong in ["schema=Loans", "schema=a;b", "schema=", "shcema=loans"] {
            let url = format!("postgres:///trails?{wrong}");
            let error = PostgresPlace::parse(&url).unwrap_err().to_string();
            assert!(error.contains("is not"), "{error}");
        }
    }
}
