//! What lies in the store of files, looked at and changed behind the application's back: in a folder, or in a bucket of
//! a server that speaks S3 and checks who asks. There is one server a test process, started when the first test asks
//! for it; it ends with the process, because its standard input does.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use anteroom::kernel::secrets::Secret;
use anteroom::platform::config::{Bucket, ObjectsUrl};
use serde_json::Value;

/// The server, and what it said first.
struct Server {
    bucket: Bucket,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _running: Child,
}

static SERVER: OnceLock<Server> = OnceLock::new();

fn server() -> &'static Server {
    SERVER.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/python/bin/python");
        assert!(python.is_file(), "moto is not here: `cargo xtask test` fetches it");
        let mut running = Command::new(python)
            .arg(root.join("tests/support/bucket.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python starts");
        let (asks, says) = (running.stdin.take().expect("a pipe"), running.stdout.take().expect("a pipe"));
        let mut says = BufReader::new(says);
        let said = line(&mut says);
        let text = |key: &str| said[key].as_str().expect("a text").to_owned();
        let bucket = Bucket {
            name: text("bucket"),
            prefix: String::new(),
            endpoint: Some(text("url")),
            region: "us-east-1".into(),
            key_id: text("id"),
            secret: Secret::new(text("key")),
        };
        Server { bucket, talk: Mutex::new((asks, says)), _running: running }
    })
}

fn line(says: &mut BufReader<ChildStdout>) -> Value {
    let mut said = String::new();
    says.read_line(&mut said).expect("the server of the bucket says something");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

fn ask(command: &str) -> Value {
    let mut talk = server().talk.lock().expect("a lock");
    writeln!(talk.0, "{command}").expect("the server of the bucket reads");
    line(&mut talk.1)
}

/// The test's bucket, under a prefix of its own.
pub fn bucket(prefix: &str) -> Bucket {
    Bucket { prefix: prefix.to_owned(), ..server().bucket.clone() }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { files(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

/// The names of the parts of files that lie there, as the other functions take them.
pub fn names(at: &ObjectsUrl) -> Vec<String> {
    match at {
        ObjectsUrl::Folder(folder) => {
            let mut found = Vec::new();
            files(folder, &mut found);
            found.into_iter().map(|path| path.to_string_lossy().into_owned()).collect()
        }
        ObjectsUrl::Bucket(bucket) => {
            let said = ask(&format!("names {}/", bucket.prefix));
            let names = said.as_array().expect("a list").iter();
            names.map(|name| name.as_str().expect("a name").to_owned()).collect()
        }
    }
}

/// The name of a part, by what it is called below its place.
pub fn name(at: &ObjectsUrl, below: &str) -> String {
    match at {
        ObjectsUrl::Folder(folder) => folder.join(below).to_string_lossy().into_owned(),
        ObjectsUrl::Bucket(bucket) => format!("{}/{below}", bucket.prefix),
    }
}

/// The bytes of a part.
pub fn read(at: &ObjectsUrl, name: &str) -> Vec<u8> {
    match at {
        ObjectsUrl::Folder(_) => std::fs::read(name).expect("a file"),
        ObjectsUrl::Bucket(_) => {
            hex::decode(ask(&format!("read {name}")).as_str().expect("digits")).expect("digits")
        }
    }
}

/// Writes a part, also over one that is there.
pub fn write(at: &ObjectsUrl, name: &str, bytes: &[u8]) {
    match at {
        ObjectsUrl::Folder(_) => {
            std::fs::create_dir_all(Path::new(name).parent().expect("a folder")).expect("a folder");
            std::fs::write(name, bytes).expect("a file");
        }
        ObjectsUrl::Bucket(_) => assert_eq!(ask(&format!("write {name} {}", hex::encode(bytes))), "written"),
    }
}
