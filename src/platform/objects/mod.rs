//! Where the bytes of files live: a folder, or a bucket that speaks S3 ([`place`]). An object is a file's bytes,
//! encrypted chunk by chunk ([`chunks`]) under a key of its own, in parts of 4 MiB named `practice/blob/part`. Parts
//! are written once and never over, and each is on the disk with its folder before it counts (`fsync`); its length and
//! its tag are read back.

mod chunks;
mod http;
mod key_store;
mod object;
mod place;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use object_store::path::Path as Name;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use sha2::{Digest, Sha256};

use self::chunks::{Chunks, PART};
pub use self::key_store::{BlobKey, blob_key, new_blob_key};
pub use self::object::{Object, Stored};
use self::place::fault;
use crate::kernel::ids::{BlobId, PracticeId};
use crate::platform::config::values::ObjectsUrl;
use crate::platform::fault::Fault;

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

/// The store, opened when it is first used.
#[derive(Clone, Debug)]
pub struct Objects {
    url: Arc<ObjectsUrl>,
    opened: Arc<OnceLock<Arc<dyn ObjectStore>>>,
    answers: Arc<AtomicBool>,
}

impl Objects {
    /// The store at this place.
    pub fn at(url: ObjectsUrl) -> Self {
        Self { url: Arc::new(url), opened: Arc::default(), answers: Arc::new(AtomicBool::new(true)) }
    }

    fn store(&self) -> Result<&Arc<dyn ObjectStore>, Fault> {
        if let Some(store) = self.opened.get() {
            return Ok(store);
        }
        let store = place::open(&self.url)?;
        Ok(self.opened.get_or_init(|| store))
    }

    /// Tries at the start that the store does what it must: it lists, it writes, it does not write over what is there,
    /// it reads and deletes. The object that it is tried with has this name.
    pub async fn try_out(&self, name: &str) -> Result<(), Fault> {
        let store = self.store()?;
        let ObjectsUrl::Bucket(_) = self.url.as_ref() else { return Ok(()) };
        self.probe().await?;
        let name = Name::from_iter([TRIED, name]);
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = async |words: &'static str| store.put_opts(&name, PutPayload::from(words), create()).await;
        put("first").await.map_err(|error| fault("the store of files takes nothing", error))?;
        let again = put("second").await;
        let read = async { store.get(&name).await?.bytes().await }.await;
        store.delete(&name).await.map_err(|error| fault("the store of files deletes nothing", error))?;
        match (again, read) {
            (Err(object_store::Error::AlreadyExists { .. }), Ok(read)) if read == "first" => Ok(()),
            (Err(object_store::Error::AlreadyExists { .. }), Err(error)) => {
                Err(fault("the store of files gives nothing back", error))
            }
            (Ok(_) | Err(object_store::Error::AlreadyExists { .. }), _) => Err(Fault::other(
                "the store of files writes over what is there: it does not know the header If-None-Match",
            )),
            (Err(error), _) => Err(fault("the store of files does not know the header If-None-Match", error)),
        }
    }

    /// Asks the store whether it is there.
    pub async fn probe(&self) -> Result<(), Fault> {
        let asked = async {
            let mut few = self.store()?.list(Some(&Name::from(TRIED)));
            few.try_next().await.map_err(|error| fault("the store of files does not answer", error))
        };
        let outcome = asked.await;
        self.answers.store(outcome.is_ok(), Ordering::Relaxed);
        outcome.map(drop)
    }

    /// Was it there when it was asked last?
    pub fn is_answering(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
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
        let sealed = match self.store()?.get(&name).await {
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
        let store = self.store()?;
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
        let ObjectsUrl::Folder(folder) = self.url.as_ref() else { return Ok(()) };
        let folder = folder.join(practice.to_string()).join(blob.to_string());
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
            .store()?
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

/// Under this name the store is tried, beside those of the practices.
const TRIED: &str = "start";

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
        let sealed = Bytes::from(std::mem::take(&mut self.sealed));
        let name = part_name(&self.object, self.part);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let store = self.objects.store()?;
        let unstored = |error| fault("a file cannot be stored", error);
        match store.put_opts(&name, PutPayload::from(sealed.clone()), options).await {
            Ok(put) => {
                let found = store.head(&name).await.map_err(unstored)?;
                if found.size != sealed.len() as u64 || found.e_tag != put.e_tag {
                    return Err(Fault::other("a part of a file is not in the store as it was written"));
                }
            }
            // The answer to a first try may have been lost on the line: then it is there, byte for byte.
            Err(error @ object_store::Error::AlreadyExists { .. }) => {
                let there = async { store.get(&name).await?.bytes().await }.await.map_err(unstored)?;
                if there != sealed {
                    return Err(unstored(error));
                }
            }
            Err(error) => return Err(unstored(error)),
        }
        self.part += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
