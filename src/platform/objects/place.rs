//! Opens what the bytes of files lie in: a folder of this machine, or a bucket that speaks S3.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};

use crate::platform::config::values::{Bucket, ObjectsUrl};
use crate::platform::fault::{Fault, classify_error};
use crate::platform::objects::http::Connector;

/// What the store refused, with why.
pub(super) fn fault(what: &str, error: object_store::Error) -> Fault {
    classify_error(Fault::Other(what.to_owned(), Some(error.into())))
}

/// Opens it. A folder that is not there is made, readable by its owner alone; a bucket is not asked yet.
pub(super) fn open(url: &ObjectsUrl) -> Result<Arc<dyn ObjectStore>, Fault> {
    match url {
        ObjectsUrl::Folder(folder) => open_folder(folder),
        ObjectsUrl::Bucket(bucket) => open_bucket(bucket),
    }
}

fn open_folder(folder: &Path) -> Result<Arc<dyn ObjectStore>, Fault> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|error| {
        Fault::Other(format!("the folder {} cannot be used", folder.display()), Some(error.into()))
    })?;
    let store = LocalFileSystem::new_with_prefix(folder)
        .map_err(|error| fault("the store of files cannot be opened", error))?
        // Off by default: a power cut would lose files that were acknowledged.
        .with_fsync(true);
    Ok(Arc::new(store))
}

fn open_bucket(bucket: &Bucket) -> Result<Arc<dyn ObjectStore>, Fault> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        .with_access_key_id(&bucket.key_id)
        .with_secret_access_key(bucket.secret.reveal())
        .with_http_connector(Connector)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // Not every server knows how to delete many at once.
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig {
            backoff: BackoffConfig { max_backoff: Duration::from_secs(2), ..BackoffConfig::default() },
            max_retries: 3,
            retry_timeout: Duration::from_secs(15),
        });
    if let Some(endpoint) = &bucket.endpoint {
        // The setting takes plain HTTP for this machine alone.
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    let store = builder.build().map_err(|error| fault("the bucket cannot be used", error))?;
    Ok(match bucket.prefix.as_str() {
        "" => Arc::new(store),
        prefix => Arc::new(PrefixStore::new(store, prefix)),
    })
}
