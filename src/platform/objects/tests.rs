use std::path::PathBuf;

use super::*;
use crate::kernel::clock::Timestamp;
use crate::kernel::rng::SystemRng;

const NOW: Timestamp = Timestamp::from_micros(1_796_137_200_000_000);

fn object(key: u8) -> Object {
    Object {
        practice: PracticeId::fresh(&SystemRng, NOW),
        blob: BlobId::fresh(&SystemRng, NOW),
        key: BlobKey::for_test(key),
    }
}

/// Bytes that differ from place to place.
fn plain(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at / 251 + at) as u8).collect()
}

fn known(object: &Object, plain: &[u8]) -> Stored {
    let sha256 = hex::encode(Sha256::digest(plain));
    Stored { object: object.clone(), size: plain.len() as u64, sha256 }
}

async fn put(objects: &Objects, object: &Object, plain: &[u8]) {
    let mut writer = objects.write(object.clone());
    // Pieces that end nowhere near a chunk's end.
    for piece in plain.chunks(50_001) {
        writer.add(piece).await.unwrap();
    }
    writer.finish().await.unwrap();
}

async fn read(objects: &Objects, stored: &Stored) -> Vec<u8> {
    objects.check(stored).await.unwrap();
    let parts: Vec<Bytes> = objects.read(stored.clone()).try_collect().await.unwrap();
    parts.concat()
}

fn at(folder: PathBuf) -> Objects {
    Objects::at(ObjectsUrl::Folder(folder))
}

fn part_of(objects: &Objects, object: &Object, part: u32) -> PathBuf {
    let ObjectsUrl::Folder(folder) = objects.url.as_ref() else { panic!("a folder") };
    folder.join(part_name(object, part).as_ref())
}

#[tokio::test]
async fn an_object_is_read_as_it_was_written_whatever_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let objects = at(folder.path().join("objects"));
    let part = chunks::CHUNK * PART as usize;
    for size in [1, chunks::CHUNK - 1, chunks::CHUNK, chunks::CHUNK + 1, part, part + 1, 2 * part + 70_000] {
        let (object, plain) = (object(7), plain(size));
        put(&objects, &object, &plain).await;
        assert_eq!(read(&objects, &known(&object, &plain)).await, plain, "{size}");
        let on_disk = std::fs::read(part_of(&objects, &object, 0)).unwrap();
        assert!(
            size < 100 || !on_disk.windows(32).any(|w| w == &plain[..32]),
            "nothing stands there in clear"
        );
        assert!(objects.list().await.unwrap().contains(&(object.practice, object.blob)));
        objects.remove(&object.practice, &object.blob).await.unwrap();
        objects.remove(&object.practice, &object.blob).await.unwrap();
    }
    assert_eq!(objects.list().await.unwrap(), []);
}

#[tokio::test]
async fn case_16_one_flipped_byte_anywhere_or_a_swapped_object_is_damage_and_nothing_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let objects = at(folder.path().to_owned());
    let size = chunks::CHUNK * 66 + 5;
    let (one, two) = (object(7), Object { blob: object(7).blob, ..object(7) });
    let (first, mut second) = (plain(size), plain(size));
    second[0] ^= 1;
    put(&objects, &one, &first).await;
    put(&objects, &two, &second).await;
    let stored = known(&one, &first);
    for (part, chunks_here) in [(0, 64), (1, 3)] {
        let path = part_of(&objects, &one, part);
        let sealed = std::fs::read(&path).unwrap();
        for chunk in 0..chunks_here {
            let mut changed = sealed.clone();
            changed[chunk * (chunks::CHUNK + 16) + 3] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            let outcome = objects.check(&stored).await;
            assert!(matches!(outcome, Err(ObjectError::Damaged(_))), "chunk {chunk} of part {part}");
        }
        std::fs::write(&path, &sealed[..sealed.len() - 1]).unwrap();
        assert!(matches!(objects.check(&stored).await, Err(ObjectError::Damaged(_))), "cut");
        std::fs::write(&path, &sealed).unwrap();
    }
    objects.check(&stored).await.unwrap();
    // The other object's bytes under this one's name, with the same key.
    for part in [0, 1] {
        std::fs::copy(part_of(&objects, &two, part), part_of(&objects, &one, part)).unwrap();
    }
    assert!(matches!(objects.check(&stored).await, Err(ObjectError::Damaged(_))), "swapped");
    std::fs::remove_file(part_of(&objects, &two, 1)).unwrap();
    assert!(matches!(objects.check(&known(&two, &second)).await, Err(ObjectError::Damaged(_))), "gone");
    let wrong_hash = Stored { sha256: known(&one, &first).sha256, ..known(&two, &second) };
    put(&objects, &Object { blob: object(7).blob, ..two.clone() }, &second).await;
    assert!(objects.check(&wrong_hash).await.is_err());
}

#[tokio::test]
async fn a_part_is_never_written_over_and_what_a_crash_left_of_one_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let objects = at(folder.path().to_owned());
    let object = object(7);
    put(&objects, &object, b"first").await;
    let mut again = objects.write(object.clone());
    again.add(b"second").await.unwrap();
    assert!(again.finish().await.is_err());
    assert_eq!(read(&objects, &known(&object, b"first")).await, b"first");
    // The name under which the store writes before it links.
    let staged = PathBuf::from(format!("{}#1", part_of(&objects, &object, 1).display()));
    std::fs::write(&staged, b"half").unwrap();
    objects.remove(&object.practice, &object.blob).await.unwrap();
    assert!(!staged.exists());
}
