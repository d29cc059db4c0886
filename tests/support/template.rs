//! A SQLite file that already holds the two practices and their staff: made once for each build of a
//! test binary, and copied for each story.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use diesel::prelude::*;

/// Copies the template to `to`; `make` fills a new one at the path that it is given.
pub async fn copy(to: &Path, make: impl AsyncFnOnce(&Path)) {
    let template = path();
    if !template.exists() {
        // Other processes may run tests of the same binary.
        let lock = File::create(template.with_extension("lock")).expect("the template's lock");
        lock.lock().expect("lock the template");
        if !template.exists() {
            remove_older(&template);
            let folder = tempfile::tempdir_in(folder()).expect("a folder for the template");
            let fresh = folder.path().join("template.db");
            make(&fresh).await;
            write_log_back(&fresh);
            std::fs::rename(&fresh, &template).expect("put the template in its place");
        }
    }
    std::fs::copy(&template, to).expect("copy the template");
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// Another build of this binary gets another template: what it holds is made by the code under test.
fn path() -> PathBuf {
    let binary = std::env::current_exe().expect("the test binary");
    let built = std::fs::metadata(&binary).and_then(|m| m.modified()).expect("when it was built");
    let nanos = built.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    folder().join(format!("{}-{nanos}.db", prefix(&binary)))
}

fn prefix(binary: &Path) -> String {
    let name = binary.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    format!("template-{}", name.rsplit_once('-').map_or(name.as_str(), |(name, _)| name))
}

fn remove_older(template: &Path) {
    let prefix = prefix(&std::env::current_exe().expect("the test binary"));
    for entry in std::fs::read_dir(folder()).expect("the folder of templates").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = name.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with('-'));
        if is_ours && name.ends_with(".db") && entry.path() != template {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Moves what stands in the write-ahead log into the file, so that the file alone is whole.
fn write_log_back(file: &Path) {
    #[derive(QueryableByName)]
    struct Outcome {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        busy: i32,
    }
    let mut conn = SqliteConnection::establish(&file.to_string_lossy()).expect("open the template");
    let outcome: Outcome =
        diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(&mut conn).expect("a checkpoint");
    assert_eq!(outcome.busy, 0, "somebody still uses the template");
}
