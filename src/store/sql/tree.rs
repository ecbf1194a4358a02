//! The Merkle tree of a log: its head, its edge and its tiles.

use std::collections::BTreeMap;

use sqlx::Row;

use super::SqlStore;
use super::backend::Backend;
use super::read::{index, sql_int};
use crate::log::{Edge, Hash, TILE_WIDTH, TileId};
use crate::record::Tenant;
use crate::seal::entry_hash;
use crate::store::{LogHead, StoreError};

sql_impl! {
    impl SqlStore {
        /// The head of the log, whose row is held until the transaction ends.
        pub(super) async fn locked_head(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
        ) -> Result<LogHead, StoreError> {
            let sql = format!("select size, root from head where tenant = $1{}", DB::FOR_UPDATE);
            let row = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(tenant)
                .fetch_one(connection)
                .await
                .map_err(|e| self.fault(e))?;
            self.head_row(&row, tenant)
        }

        pub(super) async fn read_head(&self, tenant: &Tenant) -> Result<LogHead, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            let Some(tenant) = self.tenant_in(&mut connection, tenant).await? else {
                return Ok(LogHead::empty());
            };
            let row = sqlx::query("select size, root from head where tenant = $1")
                .bind(tenant)
                .fetch_optional(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            let row = row.ok_or_else(|| self.damaged("head", tenant.to_string(), "it is missing"))?;
            self.head_row(&row, tenant)
        }

        fn head_row(&self, row: &DB::Row, tenant: i64) -> Result<LogHead, StoreError> {
            let size: i64 = row.try_get(0).map_err(|e| self.fault(e))?;
            let root: Vec<u8> = row.try_get(1).map_err(|e| self.fault(e))?;
            let name = || tenant.to_string();
            Ok(LogHead {
                size: index(size, "head", name).map_err(|e| e.at(&self.place))?,
                root: root
                    .try_into()
                    .map_err(|_| self.damaged("head", name(), "its root is not 32 bytes"))?,
            })
        }

        /// Moves the head from `from` to that of `edge`, or fails when somebody else has moved it.
        pub(super) async fn move_head(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            from: LogHead,
            edge: &Edge,
        ) -> Result<(), StoreError> {
            let moved: Option<i64> = sqlx::query_scalar(
                "update head set size = $1, root = $2 where tenant = $3 and size = $4 returning size",
            )
            .bind(sql_int(edge.size()))
            .bind(edge.root().to_vec())
            .bind(tenant)
            .bind(sql_int(from.size))
            .fetch_optional(connection)
            .await
            .map_err(|e| self.fault(e))?;
            moved.map(|_| ()).ok_or_else(|| StoreError::Busy {
                place: self.place.clone(),
            })
        }

        /// The edge of a log whose head is `head`.
        ///
        /// # Errors
        ///
        /// [`StoreError::CorruptRow`] when tiles and entries do not have the root of the head:
        /// nothing may be appended to a log that is not the one its head speaks of.
        pub(super) async fn edge(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            head: LogHead,
        ) -> Result<Edge, StoreError> {
            let known = self.edges.lock().expect("no holder of this lock panics").get(&tenant).cloned();
            if let Some(edge) = known {
                if edge.size() == head.size && edge.root() == head.root {
                    return Ok(edge);
                }
                if edge.size() >= head.size {
                    return Err(StoreError::RolledBack {
                        place: self.place.clone(),
                        known: edge.size(),
                        found: head.size,
                    });
                }
                // Somebody else has appended.
            }
            let tiles = self.tiles_in(connection, tenant, &Edge::tiles(head.size)).await?;
            let damaged = |what: &str| self.damaged("head", tenant.to_string(), what);
            let edge = Edge::resume(head.size, &tiles).map_err(|error| damaged(&error.to_string()))?;
            if edge.root() == head.root {
                Ok(edge)
            } else {
                Err(damaged("its root is not that of the log: run `contextrail verify`"))
            }
        }

        /// Remembers the edge of a log as it was committed.
        pub(super) fn keep_edge(&self, tenant: i64, edge: Edge) {
            self.edges.lock().expect("no holder of this lock panics").insert(tenant, edge);
        }

        /// Those of the tiles `ids` that are there, or wider ones in their place.
        pub(super) async fn tiles_in(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            ids: &[TileId],
        ) -> Result<BTreeMap<TileId, Vec<Hash>>, StoreError> {
            let mut tiles = BTreeMap::new();
            for id in ids {
                let stored: Option<Vec<u8>> = sqlx::query_scalar(
                    "select hashes from tile where tenant = $1 and level = $2 and tile_index = $3",
                )
                .bind(tenant)
                .bind(i64::from(id.level()))
                .bind(sql_int(id.index()))
                .fetch_optional(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
                let hashes = match stored {
                    Some(bytes) => bytes.as_chunks::<32>().0.to_vec(),
                    None if id.level() == 0 => self.last_leaves(connection, tenant, *id).await?,
                    None => continue,
                };
                tiles.insert(*id, hashes);
            }
            Ok(tiles)
        }

        /// The leaf hashes of a tile that is not full yet: those of its entries.
        async fn last_leaves(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            id: TileId,
        ) -> Result<Vec<Hash>, StoreError> {
            let first = id.index() * u64::from(TILE_WIDTH);
            let entries: Vec<Vec<u8>> = sqlx::query_scalar(
                "select entry from record where tenant = $1 and log_index >= $2 and log_index < $3 \
                 order by log_index",
            )
            .bind(tenant)
            .bind(sql_int(first))
            .bind(sql_int(first + u64::from(id.width())))
            .fetch_all(connection)
            .await
            .map_err(|e| self.fault(e))?;
            Ok(entries.iter().map(|entry| entry_hash(entry)).collect())
        }
    }
}
