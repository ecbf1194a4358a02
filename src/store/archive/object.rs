//! An archive, or a place for heads, in a folder, or in whatever the `object_store` crate reaches.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};

use super::{Archive, ArchiveError};

/// An archive in a folder, or in an object store.
#[derive(Debug)]
pub struct ObjectArchive {
    place: String,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Folder(PathBuf),
    Objects {
        store: Arc<dyn ObjectStore>,
        prefix: Path,
    },
}

impl ObjectArchive {
    /// The archive in this folder, which has to be there when it is used: one that is not mounted
    /// must not be made anew.
    #[must_use]
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            place: format!("folder {}", path.display()),
            kept: Kept::Folder(path),
        }
    }

    /// The archive under `prefix` of `store`; `place` says to people where that is, without secrets.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str, place: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            kept: Kept::Objects {
                store,
                prefix: Path::from(prefix),
            },
        }
    }

    /// The archive in the bucket `url`, `s3://BUCKET/PREFIX`. The variables of the environment that begin with
    /// `AWS_` say how to get at it, as they do for other programs: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_REGION`, and `AWS_ENDPOINT_URL` for a store that is not Amazon's.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Away`] when they do not.
    #[cfg(feature = "s3")]
    pub fn bucket(url: &str) -> Result<Self, ArchiveError> {
        use object_store::aws::AmazonS3Builder;

        crate::http::know_a_provider();
        let away = |source: crate::store::BoxError| ArchiveError::Away {
            place: format!("bucket {url}"),
            segment: None,
            source,
        };
        let rest = url.strip_prefix("s3://").unwrap_or(url);
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_retry(object_store::RetryConfig {
                max_retries: RETRIES,
                retry_timeout: RETRYING,
                ..object_store::RetryConfig::default()
            })
            .build()
            .map_err(|error| away(error.into()))?;
        Ok(Self::new(Arc::new(store), prefix, format!("bucket {url}")))
    }

    fn store(&self) -> Result<(Arc<dyn ObjectStore>, Path), ArchiveError> {
        match &self.kept {
            Kept::Folder(path) => {
                let store = LocalFileSystem::new_with_prefix(path).map_err(|it| self.away(it))?;
                Ok((Arc::new(store.with_fsync(true)), Path::default()))
            }
            Kept::Objects { store, prefix } => Ok((Arc::clone(store), prefix.clone())),
        }
    }

    /// The store, and where the file `name` is in it.
    fn locate(&self, name: &str) -> Result<(Arc<dyn ObjectStore>, Path), ArchiveError> {
        let (store, prefix) = self.store()?;
        let path = name.split('/').fold(prefix, Path::join);
        Ok((store, path))
    }

    fn away(&self, error: Error) -> ArchiveError {
        ArchiveError::Away {
            place: self.place.clone(),
            segment: None,
            source: error.into(),
        }
    }
}

/// A store that is away is said to be so before anybody's patience ends.
#[cfg(feature = "s3")]
const RETRIES: usize = 3;
#[cfg(feature = "s3")]
const RETRYING: std::time::Duration = std::time::Duration::from_secs(20);

#[async_trait]
impl Archive for ObjectArchive {
    fn place(&self) -> String {
        self.place.clone()
    }

    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let (store, path) = self.locate(name)?;
        let options = PutOptions::from(PutMode::Create);
        match store.put_opts(&path, bytes.into(), options).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(self.away(error)),
        }
    }

    async fn size(&self, name: &str) -> Result<Option<u64>, ArchiveError> {
        let (store, path) = self.locate(name)?;
        match store.head(&path).await {
            Ok(object) => Ok(Some(object.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.away(error)),
        }
    }

    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>, ArchiveError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let (store, path) = self.locate(name)?;
        let bytes = store.get_range(&path, range).await;
        Ok(bytes.map_err(|error| self.away(error))?.into())
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError> {
        let (store, path) = self.locate(folder)?;
        let listed = store.list_with_delimiter(Some(&path)).await;
        let listed = listed.map_err(|error| self.away(error))?;
        let names = listed
            .objects
            .iter()
            .filter_map(|it| it.location.filename());
        Ok(names.map(|name| format!("{folder}/{name}")).collect())
    }

    async fn folders(&self, folder: &str) -> Result<Vec<String>, ArchiveError> {
        let (store, path) = self.locate(folder)?;
        let listed = store.list_with_delimiter(Some(&path)).await;
        let listed = listed.map_err(|error| self.away(error))?;
        let names = listed.common_prefixes.iter();
        let names = names.filter_map(|it| it.filename());
        Ok(names.map(|name| format!("{folder}/{name}")).collect())
    }
}
