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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::chunks::parts;
use self::chunks::{Chunks, PART};
pub use self::key_store::{BlobKey, blob_key, new_blob_key};
pub use self::object::{Object, Stored};
use self::place::fault;
use crate::kernel::ids::{BlobId, PracticeId};
use crate::platform::config::values::ObjectsUrl;
use crate::platform::fault::Fault;

/// Plain bytes of a part; the last one may be shorter.
pub const PART_BYTES: u64 = PART as u64 * chunks::CHUNK as u64;

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
    /// Room for small objects that are on their way out.
    kept: Arc<Semaphore>,
}

/// Bytes of an object that is kept in memory on its way out, and how many such objects at once.
const KEPT_BYTES: u64 = 2 * PART_BYTES;
const KEPT_AT_ONCE: usize = 16;

/// The bytes of an object that were found to be what was stored.
pub struct Checked {
    read: Vec<Bytes>,
    again: Option<(Objects, Stored)>,
    kept: Option<OwnedSemaphorePermit>,
}

impl Checked {
    /// Part by part.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, ObjectError>> + Send + 'static {
        let Self { read, again, kept } = self;
        let again = again.map(|(objects, stored)| objects.read(stored));
        // The room is free again once the last part is on its way.
        let read = stream::iter(read).map(move |part| {
            let _kept = &kept;
            Ok(part)
        });
        read.chain(stream::iter(again).flatten())
    }
}

impl Objects {
    /// The store at this place.
    pub fn at(url: ObjectsUrl) -> Self {
        Self {
            url: Arc::new(url),
            opened: Arc::default(),
            answers: Arc::new(AtomicBool::new(true)),
            kept: Arc::new(Semaphore::new(KEPT_AT_ONCE)),
        }
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

    /// Writes one part of an object of this size by itself: the bytes that [`part_length`] says. Parts may come in any
    /// order, and the same bytes may come again; other bytes than those that are there are not taken.
    pub async fn write_part(
        &self,
        object: &Object,
        size: u64,
        part: u32,
        plain: &[u8],
    ) -> Result<PartWritten, Fault> {
        if part_length(size, part) != Some(plain.len() as u64) {
            return Err(Fault::other("a part of a file has another length than its place says"));
        }
        let sealed = Chunks::of(object).seal_part(part, size, plain)?;
        self.put(&part_name(object, part), Bytes::from(sealed)).await
    }

    async fn put(&self, name: &Name, sealed: Bytes) -> Result<PartWritten, Fault> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let store = self.store()?;
        let unstored = |error| fault("a file cannot be stored", error);
        match store.put_opts(name, PutPayload::from(sealed.clone()), options).await {
            Ok(put) => {
                let found = store.head(name).await.map_err(unstored)?;
                if found.size != sealed.len() as u64 || found.e_tag != put.e_tag {
                    return Err(Fault::other("a part of a file is not in the store as it was written"));
                }
                Ok(PartWritten::There)
            }
            // The answer to a first try may have been lost on the line: then it is there, byte for byte.
            Err(object_store::Error::AlreadyExists { .. }) => {
                let there = async { store.get(name).await?.bytes().await }.await.map_err(unstored)?;
                Ok(if there == sealed { PartWritten::There } else { PartWritten::OthersThere })
            }
            Err(error) => Err(unstored(error)),
        }
    }

    /// Reads an object from its beginning to its end and compares it with what is known of it, without keeping
    /// more than a part in memory. Nothing of an object is shown before.
    pub async fn check(&self, stored: &Stored) -> Result<(), ObjectError> {
        if self.hash(stored).await? != stored.sha256 {
            return Err(ObjectError::Damaged("its hash is another".into()));
        }
        Ok(())
    }

    /// Reads an object, compares it with what is known of it, and gives its bytes: those of a small one as they were read,
    /// those of a larger one read a second time, so that no more than a part of it is in memory.
    pub async fn open(&self, stored: Stored) -> Result<Checked, ObjectError> {
        let kept = if stored.size <= KEPT_BYTES { self.kept.clone().try_acquire_owned().ok() } else { None };
        let Some(kept) = kept else {
            self.check(&stored).await?;
            return Ok(Checked { read: Vec::new(), again: Some((self.clone(), stored)), kept: None });
        };
        let (mut hash, mut read) = (Sha256::new(), Vec::new());
        for part in 0..chunks::parts(stored.size) {
            let plain = self.part(&stored, part).await?;
            hash.update(&plain);
            read.push(Bytes::from(plain));
        }
        if hex::encode(hash.finalize()) != stored.sha256 {
            return Err(ObjectError::Damaged("its hash is another".into()));
        }
        Ok(Checked { read, again: None, kept: Some(kept) })
    }

    /// SHA-256 of what is stored of an object, as 64 hexadecimal digits, whatever is known of it.
    pub async fn hash(&self, stored: &Stored) -> Result<String, ObjectError> {
        let mut hash = Sha256::new();
        for part in 0..chunks::parts(stored.size) {
            hash.update(&self.part(stored, part).await?);
        }
        Ok(hex::encode(hash.finalize()))
    }

    /// The plain bytes, part by part.
    pub fn read(
        &self,
        stored: Stored,
    ) -> impl Stream<Item = Result<Bytes, ObjectError>> + Send + 'static + use<> {
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

/// Plain bytes of a part, from 0, of a file of this size; `None` where it has no such part.
pub fn part_length(size: u64, part: u32) -> Option<u64> {
    let from = u64::from(part) * PART_BYTES;
    (part < parts(size)).then(|| (size - from).min(PART_BYTES))
}

/// What came of a part that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartWritten {
    /// Its bytes are in the store, since now or since before.
    There,
    /// Other bytes are, and stay.
    OthersThere,
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
        if self.objects.put(&part_name(&self.object, self.part), sealed).await? == PartWritten::OthersThere {
            return Err(Fault::other("a part of a file is in the store already, with other bytes"));
        }
        self.part += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
