//! A folder with a trail in it, whose database is a file there or lies on a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use contextrail::trail::TrailOptions;

use crate::postgres::cluster::Cluster;

pub(crate) struct Home {
    folder: Arc<tempfile::TempDir>,
    /// The address of the trail on the server.
    server: Option<String>,
}

impl Home {
    pub(crate) fn on_file() -> Self {
        Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            server: None,
        }
    }

    pub(crate) async fn on_server() -> Self {
        let home = Self {
            server: Some(Cluster::shared().url(&Cluster::new_schema())),
            ..Self::on_file()
        };
        home.options().migrate(&home.url()).await.unwrap();
        home
    }

    /// The same one, for another process.
    pub(crate) fn again(&self) -> Self {
        Self {
            folder: Arc::clone(&self.folder),
            server: self.server.clone(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the names of the files of the trail begin with.
    pub(crate) fn base(&self) -> PathBuf {
        let name = if self.server.is_some() {
            "trail"
        } else {
            "trail.db"
        };
        self.folder().join(name)
    }

    pub(crate) fn url(&self) -> String {
        let file = || format!("sqlite://{}", self.base().display());
        self.server.clone().unwrap_or_else(file)
    }

    pub(crate) fn options(&self) -> TrailOptions {
        TrailOptions::new().state(self.folder())
    }
}

/// Makes each case two tests: on a file, and on a server. A case takes what is made from a [`Home`].
macro_rules! on_both {
    ([$($case:ident),+ $(,)?]) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(crate::home::Home::on_file().into()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs PostgreSQL"]
                async fn $case() {
                    super::$case(crate::home::Home::on_server().await.into()).await;
                }
            )+
        }
    };
}
pub(crate) use on_both;
