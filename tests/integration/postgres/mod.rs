//! What only a trail on PostgreSQL has: a schema that is migrated, settings, many writers.

pub(crate) mod cluster;
mod crash;
mod failover;
mod processes;
mod refusal;
mod schema;
mod writers;

use contextrail::store::{PostgresPlace, PostgresStore};

use cluster::Cluster;

impl Cluster {
    /// The place of a new trail, migrated.
    pub(crate) async fn new_place(&self) -> PostgresPlace {
        let place = PostgresPlace::parse(&self.url(&Self::new_schema())).unwrap();
        let fresh = crate::sample::trail_id();
        PostgresStore::migrate(&place, fresh).await.unwrap();
        place
    }
}
