//! A trail for readers that need one.

use std::sync::Arc;

use contextrail::record::{Actor, ActorKind, ActorMethod, ManualClock, SequentialIds, Timestamp};
use contextrail::trail::{Trail, TrailOptions};

/// The time at which everything happens.
pub(super) fn now() -> Timestamp {
    Timestamp::from_micros(1_763_000_000_000_000).expect("it is a time")
}

pub(super) fn somebody() -> Actor {
    Actor {
        id: "dora".parse().expect("it is a name"),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    }
}

pub(super) fn options() -> TrailOptions {
    TrailOptions::new()
        .clock(Arc::new(ManualClock::new(now())))
        .ids(Arc::new(SequentialIds::default()))
        .actor(somebody())
}

/// Does `work` on a trail in memory that nobody has used, in which nothing is wrong afterwards.
pub(super) fn on_trail<F: Future<Output = ()>>(
    options: TrailOptions,
    work: impl FnOnce(Trail) -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has threads");
    runtime.block_on(async {
        let trail = options.open_in_memory().await.expect("memory can be used");
        work(trail.clone()).await;
        let verified = trail.verify(0, Arc::new(|_| {})).await;
        let verified = verified.expect("memory can be read");
        assert!(verified.ok, "{:?}", verified.verification.findings);
        trail.close().await;
    });
}
