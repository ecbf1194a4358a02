//! A standby takes over from a server that is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use contextrail::record::{Actor, ActorKind, ActorMethod, Body};
use contextrail::store::StoreError;
use contextrail::trail::{Evidence, Trail, TrailError, TrailOptions};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::cluster::Cluster;
use super::crash::{Outages, Writer, all_are_there, draft, kills, made, tell};
use crate::moments::Moments;
use crate::sample::id;

/// An address that leads to whichever server is the primary, as a name or a proxy does.
struct Route {
    port: u16,
    target: Arc<AtomicU16>,
    _task: tokio::task::JoinSet<()>,
}

impl Route {
    async fn to(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(cluster.port()));
        let to = Arc::clone(&target);
        let mut task = tokio::task::JoinSet::new();
        task.spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (mut from, _) = listener.accept().await.unwrap();
                let port = to.load(Ordering::Relaxed);
                open.spawn(async move {
                    // Nobody there is told by closing the connection.
                    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await {
                        drop(copy_bidirectional(&mut from, &mut server).await);
                    }
                });
            }
        });
        Self {
            port,
            target,
            _task: task,
        }
    }

    fn lead_to(&self, cluster: &Cluster) {
        self.target.store(cluster.port(), Ordering::Relaxed);
    }

    /// The address of a trail on `cluster`, by way of this one.
    fn url(&self, cluster: &Cluster, url: &str) -> String {
        let port = |port: u16| format!("127.0.0.1:{port}/");
        url.replace(&port(cluster.port()), &port(self.port))
    }
}

/// Waits until `sql`, asked of `cluster`, is true.
async fn until(cluster: &Cluster, sql: &str) {
    let mut connection = cluster.connect("").await;
    for _ in 0..600 {
        let sql = sqlx::AssertSqlSafe(format!("select ({sql})::bool"));
        let is_so: Option<bool> = sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        if is_so == Some(true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{sql} never came true");
}

/// Has commits wait for the standby of this name.
async fn is_synchronous(primary: &Cluster, name: &str) {
    primary
        .set(&format!(
            "alter system set synchronous_standby_names = '{name}'"
        ))
        .await;
    let sql = format!(
        "select exists (select 1 from pg_stat_replication where application_name = '{name}' and sync_state = 'sync')"
    );
    until(primary, &sql).await;
}

async fn promote(standby: &Cluster) {
    standby.execute("select pg_promote(true, 60)").await;
    until(standby, "not pg_is_in_recovery()").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_synchronous_standby_that_takes_over_has_all_that_was_acknowledged() {
    let mut primary = Cluster::start("");
    let state = tempfile::tempdir().unwrap();
    let direct = made(&primary, state.path()).await;
    let route = Route::to(&primary).await;
    let url = route.url(&primary, &direct);
    let mut standby = primary.standby("standby0");
    is_synchronous(&primary, "standby0").await;
    let (mut one, mut two) = (
        Writer::start(&url, state.path(), 1),
        Writer::start(&url, state.path(), 1 << 40),
    );
    let (mut moments, mut outages) = (Moments::new(), Outages::default());
    for round in 1..=kills() {
        two.says(20).await;
        one.writes(&mut moments).await;
        let since = Instant::now();
        primary.kill();
        one.hears().await;
        two.hears().await;
        promote(&standby).await;
        route.lead_to(&standby);
        // Both go on by themselves, on the other server.
        outages.end(since, [&mut one, &mut two]).await;
        one.says(20).await;
        two.says(20).await;
        let name = format!("standby{round}");
        let next = standby.standby(&name);
        is_synchronous(&standby, &name).await;
        primary = std::mem::replace(&mut standby, next);
    }
    let mut acknowledged = one.kill().await;
    acknowledged.extend(two.kill().await);
    let stored = all_are_there(&url, state.path(), &acknowledged).await;
    let what = format!("a synchronous standby promoted, {outages}");
    tell("promote-standby", kills(), &what, &acknowledged, stored);
}

fn people() -> Vec<Actor> {
    let person = |name: &str| Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    };
    vec![person("grace"), person("joan")]
}

async fn record(trail: &Trail, numbers: std::ops::Range<u64>) {
    for number in numbers {
        trail.record(draft(number)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn an_asynchronous_standby_that_takes_over_is_frozen_until_its_log_is_succeeded() {
    let primary = Cluster::start("");
    let state = tempfile::tempdir().unwrap();
    let direct = made(&primary, state.path()).await;
    let route = Route::to(&primary).await;
    let url = route.url(&primary, &direct);
    let open = || async {
        let options = TrailOptions::new().state(state.path());
        let options = options.evidence(Evidence::Required);
        options.open(&url).await.unwrap()
    };
    let (writer, beside) = (open().await, open().await);
    record(&writer, 1..21).await;
    let standby = primary.standby("late");
    // What comes now does not reach it.
    standby.set("alter system set primary_conninfo = ''").await;
    until(&primary, "select count(*) = 0 from pg_stat_replication").await;
    record(&writer, 21..31).await;
    let signed = writer.checkpoint().await.unwrap();
    assert_eq!(signed.head().size, 30);
    primary.kill();
    promote(&standby).await;
    route.lead_to(&standby);

    // Who wrote there knows when it appends or signs; who did not, when it looks at the heads.
    match writer.record(draft(31)).await.unwrap_err() {
        TrailError::Frozen(_) => {}
        TrailError::Store(error) => {
            let StoreError::RolledBack { known, found, .. } = &*error else {
                panic!("{error}")
            };
            assert_eq!((*known, *found), (30, 20));
        }
        error => panic!("{error}"),
    }
    assert!(beside.checkpoint().await.is_err());
    let frozen = beside.record(draft(32)).await.unwrap_err();
    assert!(matches!(frozen, TrailError::Frozen(_)), "{frozen}");
    for trail in [writer, beside] {
        trail.close().await;
    }

    let trail = open().await;
    let frozen = trail.notary().frozen().unwrap();
    assert_eq!((frozen.known.size, frozen.found.size), (30, 20));
    assert!(
        frozen.to_string().contains("entries are missing"),
        "{frozen}"
    );
    let refused = trail.record(draft(33)).await.unwrap_err();
    assert!(matches!(refused, TrailError::Frozen(_)), "{refused}");
    let reason = "the standby that took over lacked the newest";
    let receipt = trail.succeed(reason, people()).await.unwrap();
    trail.close().await;

    let trail = open().await;
    assert_eq!(trail.notary().frozen(), None);
    let stored = trail.read(receipt.id).await.unwrap().unwrap();
    let Body::Succession(succession) = &stored.record().body else {
        panic!("{stored:?}")
    };
    assert_eq!((succession.lost_from, succession.lost_to), (20, 30));
    record(&trail, 40..50).await;
    assert!(trail.read(id(25)).await.unwrap().is_none());
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    assert!(verified.ok, "{:?}", verified.verification.findings);
    assert_eq!(verified.verification.records, 20 + 1 + 10);
    trail.close().await;
}
