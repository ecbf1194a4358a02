//! A folder with a trail that may be copied, lost and put back.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use contextrail::log::VerifierKey;
use contextrail::notary::Attesters;
use contextrail::record::{Draft, ManualClock, Receipt};
use contextrail::trail::{Trail, TrailError, TrailOptions};
use serde_json::json;

use crate::sample::{context, id, time};

pub(super) struct Place(tempfile::TempDir);

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A place with a trail of one context, so that there is a key of its log.
    pub(super) async fn begun() -> (Self, VerifierKey) {
        let place = Self::new();
        let trail = place.open(Attesters::default()).await;
        record(&trail, 1).await.unwrap();
        trail.close().await;
        let keys = trail.notary().verifier_keys().await.unwrap();
        (place, keys.into_iter().next_back().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) async fn open(&self, attesters: Attesters) -> Trail {
        // Times in the far future do no harm here: they are not compared with those of witnesses.
        let options = TrailOptions::new()
            .clock(Arc::new(ManualClock::new(time(1_000))))
            .attesters(attesters);
        let url = format!("sqlite://{}", self.path("trail.db").display());
        options.open(&url).await.unwrap()
    }

    /// Records the contexts of these numbers, and closes the trail.
    pub(super) async fn fill(&self, attesters: Attesters, numbers: std::ops::RangeInclusive<u64>) {
        let trail = self.open(attesters).await;
        for number in numbers {
            record(&trail, number).await.unwrap();
        }
        trail.close().await;
        let waits = fs::metadata(self.path("trail.db-wal")).map_or(0, |it| it.len());
        assert_eq!(waits, 0, "a closed trail is one file");
    }

    /// Copies the database and the heads.
    pub(super) fn save(&self) {
        for name in ["trail.db", "trail.db.heads"] {
            fs::copy(self.path(name), self.path(&format!("{name}.old"))).unwrap();
        }
    }

    /// Puts the copies back, as somebody would who knows where both are.
    pub(super) fn restore(&self) {
        for name in ["trail.db", "trail.db.heads"] {
            fs::copy(self.path(&format!("{name}.old")), self.path(name)).unwrap();
        }
    }
}

pub(super) async fn record(trail: &Trail, number: u64) -> Result<Receipt, TrailError> {
    trail
        .record(Draft::new(id(number), context(json!({}))))
        .await
}

/// Longer than anything on this machine should take.
pub(super) const LONG: Duration = Duration::from_secs(60);
