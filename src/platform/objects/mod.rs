//! Where the bytes of files live. An object is a file's bytes, encrypted chunk by chunk ([`chunks`]) under a key
//! of its own, in parts of 4 MiB named `practice/blob/part`. Parts are written once and never over, and each is on
//! the disk with its folder before it counts (`fsync`).

mod chunks;
mod key_store;
mod object;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use sha2::{Digest, Sha256};

use self::chunks::{Chunks, PART};
pub use self::key_store::{BlobKey, blob_key, new_blob_key};
pub use self::object::{Object, Stored};
use crate::kernel::ids::{BlobId, PracticeId};
use crate::platform::fault::{Fault, classify_error};

/// Why the bytes of an object cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// They are not what was stored: changed, moved, cut, or gone.
    #[error("a stored file is damaged: {0}")]
    Damaged(String),
    /// The store cannot be read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The store: a folder, opened when it is first used.
#[derive(Clone, Debug)]
pub struct Objects {
    folder: Arc<PathBuf>,
    opened: Arc<OnceLock<LocalFileSystem>>,
}

fn fault(what: &str, error: object_store::Error) -> Fault {
    classify_error(Fault::Other(what.to_owned(), Some(error.into())))
}

impl Objects {
    /// The store in this folder.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder: Arc::new(folder), opened: Arc::default() }
    }

    /// Opens the folder, and makes it readable by its owner alone if it is not there.
    pub fn open(&self) -> Result<&LocalFileSystem, Fault> {
        if let Some(store) = self.opened.get() {
            return Ok(store);
        }
        let folder = self.folder.as_path();
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
        Ok(self.opened.get_or_init(|| store))
    }

    /// Begins to write an object.
    pub fn write(&self, object: Object) -> Writer {
        Writer {
            chunks: Chunks::of(&object),
            object,
            objects: self.clone(),
            plain: Vec::new(),
            sealed: Vec::new(),
            chunk: 0,
            part: 0,
        }
    }

    /// Reads an object from its beginning to its end and compares it with what is known of it, without keeping
    /// more than a part in memory. Nothing of an object is shown before.
    pub async fn check(&self, stored: &Stored) -> Result<(), ObjectError> {
        let mut hash = Sha256::new();
        for part in 0..chunks::parts(stored.size) {
            hash.update(&self.part(stored, part).await?);
        }
        if hex::encode(hash.finalize()) != stored.sha256 {
            return Err(ObjectError::Damaged("its hash is another".into()));
        }
        Ok(())
    }

    /// The plain bytes, part by part.
    pub fn read(&self, stored: Stored) -> impl Stream<Item = Result<Bytes, ObjectError>> + Send + 'static {
        let objects = self.clone();
        stream::iter(0..chunks::parts(stored.size)).then(move |part| {
            let (objects, stored) = (objects.clone(), stored.clone());
            async move { Ok(Bytes::from(objects.part(&stored, part).await?)) }
        })
    }

    async fn part(&self, stored: &Stored, part: u32) -> Result<Vec<u8>, ObjectError> {
        let name = part_name(&stored.object, part);
        let sealed = match self.open()?.get(&name).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        let sealed = match sealed {
            Ok(sealed) => sealed,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(ObjectError::Damaged(format!("its part {part} is not there")));
            }
            Err(error) => return Err(fault("a stored file cannot be read", error).into()),
        };
        Chunks::of(&stored.object)
            .open_part(part, stored.size, &sealed)
            .ok_or_else(|| ObjectError::Damaged(format!("its part {part} does not open")))
    }

    /// Deletes every part of an object. One that is not there is no error.
    pub async fn remove(&self, practice: &PracticeId, blob: &BlobId) -> Result<(), Fault> {
        let store = self.open()?;
        let names: Vec<Name> = store
            .list(Some(&folder_name(practice, blob)))
            .map_ok(|found| found.location)
            .try_collect()
            .await
            .map_err(|error| fault("stored files cannot be listed", error))?;
        for name in names {
            match store.delete(&name).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(fault("a stored file cannot be deleted", error)),
            }
        }
        // What a crash left of a part that was being written is no object, so it is not in the list.
        let folder = self.folder.join(practice.to_string()).join(blob.to_string());
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder))
            .await
            .map_err(|error| Fault::Ended(error.to_string()))?;
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Fault::Other("a stored file's folder cannot be deleted".into(), Some(error.into())))
            }
            _ => Ok(()),
        }
    }

    /// Every object that has a part, for the search for those that nothing refers to.
    pub async fn list(&self) -> Result<Vec<(PracticeId, BlobId)>, Fault> {
        let mut found: Vec<(PracticeId, BlobId)> = self
            .open()?
            .list(None)
            .try_filter_map(|object| async move { Ok(read_name(&object.location)) })
            .try_collect()
            .await
            .map_err(|error| fault("stored files cannot be listed", error))?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

fn folder_name(practice: &PracticeId, blob: &BlobId) -> Name {
    Name::from_iter([practice.to_string(), blob.to_string()])
}

fn part_name(object: &Object, part: u32) -> Name {
    Name::from_iter([object.practice.to_string(), object.blob.to_string(), format!("{part:05}")])
}

fn read_name(name: &Name) -> Option<(PracticeId, BlobId)> {
    let mut parts = name.parts();
    let practice = parts.next()?.as_ref().parse().ok()?;
    Some((practice, parts.next()?.as_ref().parse().ok()?))
}

/// Writes one object, from the first byte to the last.
pub struct Writer {
    objects: Objects,
    object: Object,
    chunks: Chunks,
    /// Bytes of the chunk at hand.
    plain: Vec<u8>,
    /// Sealed chunks of the part at hand.
    sealed: Vec<u8>,
    chunk: u32,
    part: u32,
}

impl Writer {
    /// Adds bytes. Returns how many parts are stored.
    pub async fn add(&mut self, mut bytes: &[u8]) -> Result<u32, Fault> {
        while !bytes.is_empty() {
            // A full chunk waits for the byte after it, because the last one is marked.
            if self.plain.len() == chunks::CHUNK {
                self.seal_chunk(chunks::Place::Inside)?;
                if self.chunk.is_multiple_of(PART) {
                    self.put_part().await?;
                }
            }
            let room = (chunks::CHUNK - self.plain.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.plain.extend_from_slice(now);
            bytes = later;
        }
        Ok(self.part)
    }

    /// Which of the practice's keys the object is encrypted under.
    pub fn key_generation(&self) -> i32 {
        self.object.key.generation
    }

    /// The end.
    pub async fn finish(mut self) -> Result<(), Fault> {
        self.seal_chunk(chunks::Place::Last)?;
        self.put_part().await
    }

    fn seal_chunk(&mut self, place: chunks::Place) -> Result<(), Fault> {
        self.sealed.extend(self.chunks.seal(self.chunk, place, &self.plain)?);
        self.plain.clear();
        self.chunk += 1;
        Ok(())
    }

    async fn put_part(&mut self) -> Result<(), Fault> {
        let payload = PutPayload::from(std::mem::take(&mut self.sealed));
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.objects
            .open()?
            .put_opts(&part_name(&self.object, self.part), payload, options)
            .await
            .map_err(|error| fault("a file cannot be stored", error))?;
        self.part += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
