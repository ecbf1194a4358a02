//! A PostgreSQL cluster of one's own, made from the installed programs: for tests, and for benchmarks.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

/// A user whom the server asks for a password, once there is one of this name.
pub(crate) const WITH_PASSWORD: &str = "ada";

/// A server in a folder of its own. It ends with the cluster, and with the tests whatever ends them.
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    server: Mutex<Option<Child>>,
    /// Ends the server when its standard input is closed: by the tests, or by their end.
    watchdog: Child,
}

impl Cluster {
    /// The one that the tests of this binary share, each in a schema of its own.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(""))
    }

    /// A new one, for a test that stops it or sets it up in its own way: lines of postgresql.conf.
    pub(crate) fn start(settings: &str) -> Self {
        let cluster = Self::prepare();
        let made = command("initdb")
            .args([
                "--no-instructions",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
            ])
            .args(["--locale=C", "--no-sync", "--pgdata"])
            .arg(cluster.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {made:?}");
        cluster.configure(&format!(
            "listen_addresses = '127.0.0.1'\nfsync = on\nmax_connections = 300\nshared_buffers = 64MB\n\
             log_min_messages = warning\n{settings}"
        ));
        let hba = cluster.data().join("pg_hba.conf");
        let trusting = fs::read_to_string(&hba).unwrap();
        fs::write(
            &hba,
            format!("host all {WITH_PASSWORD} 127.0.0.1/32 scram-sha-256\n{trusting}"),
        )
        .unwrap();
        cluster.run();
        cluster
    }

    /// A standby of it, which streams from it under the name `name`.
    pub(crate) fn standby(&self, name: &str) -> Self {
        let standby = Self::prepare();
        let from = format!(
            "host=127.0.0.1 port={} user=postgres application_name={name}",
            self.port
        );
        let made = command("pg_basebackup")
            .args(["--dbname", &from, "--write-recovery-conf", "--no-sync"])
            .args(["--checkpoint=fast", "--wal-method=stream", "--pgdata"])
            .arg(standby.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "pg_basebackup: {made:?}");
        standby.configure("");
        standby.run();
        standby
    }

    /// A folder and a port for a server that is still to be made.
    fn prepare() -> Self {
        let folder = tempfile::Builder::new().prefix("ctr-pg").tempdir().unwrap();
        let folder = folder.keep();
        // The user of the server looks into it.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let (uid, gid) = owner();
        let home = folder.join("server");
        fs::create_dir(&home).unwrap();
        chown(&home, Some(uid), Some(gid)).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            port: free.local_addr().unwrap().port(),
            server: Mutex::new(None),
            watchdog: watchdog(&folder),
            folder,
        }
    }

    /// Adds lines to its settings: the last of a name counts.
    fn configure(&self, settings: &str) {
        let mut conf = fs::OpenOptions::new()
            .append(true)
            .open(self.data().join("postgresql.conf"))
            .unwrap();
        let home = self.folder.join("server");
        write!(
            conf,
            "{settings}\nport = {}\nunix_socket_directories = '{}'\n",
            self.port,
            home.display()
        )
        .unwrap();
    }

    /// Starts the server, and waits until it answers.
    pub(crate) fn run(&self) {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .unwrap();
        let child = command("postgres")
            .arg("-D")
            .arg(self.data())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        *self.server.lock().unwrap() = Some(child);
        for _ in 0..600 {
            if command("pg_isready")
                .args([
                    "--quiet",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    &self.port.to_string(),
                ])
                .status()
                .unwrap()
                .success()
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("the server does not answer:\n{log}");
    }

    /// Ends the server at once, without a word to anybody: `kill -9` of it and of its children.
    pub(crate) fn kill(&self) {
        let mut server = self.server.lock().unwrap().take().unwrap();
        let children = format!("/proc/{0}/task/{0}/children", server.id());
        let children = fs::read_to_string(children).unwrap_or_default();
        server.kill().unwrap();
        server.wait().unwrap();
        for child in children.split_whitespace() {
            // Those that have ended by themselves are not there.
            drop(
                Command::new("kill")
                    .args(["-9", child])
                    .stderr(Stdio::null())
                    .status(),
            );
        }
    }

    /// Ends the server in good order, as for a restart: connections are closed, and it stops.
    pub(crate) fn stop(&self) {
        let mut server = self.server.lock().unwrap().take().unwrap();
        let id = server.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        server.wait().unwrap();
    }

    /// Has the server read its settings again, with `settings` behind those that are there.
    pub(crate) async fn set(&self, settings: &str) {
        for sql in [settings, "select pg_reload_conf()"] {
            self.execute(sql).await;
        }
    }

    /// Runs a statement as the owner of everything.
    pub(crate) async fn execute(&self, sql: &str) {
        let mut connection = self.connect("").await;
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Makes the user [`WITH_PASSWORD`], if it is not there.
    pub(crate) async fn user_with_password(&self) {
        let sql = format!(
            "do $$ begin create role {WITH_PASSWORD} login password 'the right one'; \
             exception when duplicate_object or unique_violation then null; end $$"
        );
        self.execute(&sql).await;
    }

    /// Gives `folder` to the user that servers run as.
    pub(crate) fn give(folder: &Path) {
        let (uid, gid) = owner();
        chown(folder, Some(uid), Some(gid)).unwrap();
    }

    /// A connection in `schema`, as the owner of everything.
    pub(crate) async fn connect(&self, schema: &str) -> PgConnection {
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
        let mut connection = PgConnection::connect(&url).await.unwrap();
        if !schema.is_empty() {
            let sql = AssertSqlSafe(format!("set search_path = {schema}"));
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
        connection
    }

    /// The name of a schema that nobody else uses.
    pub(crate) fn new_schema() -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The address of a trail in `schema`, over the loopback interface.
    pub(crate) fn url(&self, schema: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/postgres?schema={schema}",
            self.port
        )
    }

    /// The same over the socket of the server.
    pub(crate) fn socket_url(&self, schema: &str) -> String {
        let socket = self.folder.join("server");
        format!(
            "postgres://postgres@localhost:{}/postgres?host={}&schema={schema}",
            self.port,
            socket.display()
        )
    }

    /// The same as another user.
    pub(crate) fn url_as(&self, user: &str, schema: &str) -> String {
        self.url(schema)
            .replacen("postgres@", &format!("{user}@"), 1)
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn data(&self) -> PathBuf {
        self.folder.join("server/data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        self.watchdog.wait().ok();
        if let Some(mut server) = self.server.lock().unwrap().take() {
            server.wait().ok();
        }
    }
}

/// A process that outlives the tests by as long as it takes to end the server and remove its files.
fn watchdog(folder: &Path) -> Child {
    // why: the id is that of a server of this folder and of no other process that has it since.
    let script = r#"
        cat > /dev/null
        pid=$(head -n 1 "$1/server/data/postmaster.pid" 2> /dev/null)
        if [ -n "$pid" ] && tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -qF "$1/"; then
            kill -QUIT "$pid"
            while [ -d "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status" 2> /dev/null; do sleep 0.05; done
        fi
        rm -rf "$1"
    "#;
    Command::new("sh")
        .args(["-c", script, "watchdog"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // What is meant for the tests, such as an interrupt, is not meant for it.
        .process_group(0)
        .spawn()
        .unwrap()
}

/// A program of PostgreSQL, run as somebody who is not root: it refuses to run as root.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(programs().join(program));
    if is_root() {
        let (uid, gid) = owner();
        command.uid(uid).gid(gid);
    }
    command.current_dir("/");
    command
}

/// The folder of the newest version that is installed.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let versions = fs::read_dir("/usr/lib/postgresql")
            .ok()
            .into_iter()
            .flatten();
        let versions = versions.filter_map(|entry| {
            let folder = entry.ok()?.path();
            let version: u32 = folder.file_name()?.to_str()?.parse().ok()?;
            Some((version, folder.join("bin")))
        });
        let newest = versions
            .filter(|(_, bin)| bin.join("initdb").exists())
            .max();
        newest
            .expect("install PostgreSQL to run these tests: apt-get install postgresql")
            .1
    })
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uid.and_then(|line| line.split_whitespace().nth(1)) == Some("0")
}

/// Who the server runs as: the user `postgres` where the tests run as root, else whoever runs them.
fn owner() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let status = fs::metadata("/proc/self").unwrap();
    if !is_root() {
        use std::os::unix::fs::MetadataExt as _;
        return (status.uid(), status.gid());
    }
    let account = accounts.lines().find(|line| line.starts_with("postgres:"));
    let account = account.expect("the package of PostgreSQL makes a user postgres");
    let mut ids = account.split(':').skip(2).map(|id| id.parse().unwrap());
    (ids.next().unwrap(), ids.next().unwrap())
}
