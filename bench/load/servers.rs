//! The servers under load, each a process of its own, and what it takes of the machine.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};

use crate::support::Browser;
use crate::support::world::{MASTER_KEY, World};

/// A running server; killed when dropped, with the processes that it started.
pub struct Server {
    pub name: &'static str,
    pub address: SocketAddr,
    /// What it was started with, for the report.
    pub command: String,
    child: Child,
}

/// A port that was free a moment ago.
pub fn free_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

/// Does what autovacuum does within a minute, and the tests' cluster runs without: without a count of rows PostgreSQL
/// joins ten thousand one by one, and it reads past every old version of a row that was changed often.
pub fn vacuum(database: &str) {
    if database.starts_with("postgres:") {
        let mut conn = PgConnection::establish(database).expect("reach PostgreSQL");
        conn.batch_execute("VACUUM (ANALYZE)").expect("clean up");
    }
}

/// Starts a program and waits until it listens.
pub fn start(name: &'static str, address: SocketAddr, command: &mut Command) -> Result<Server, String> {
    use std::os::unix::process::CommandExt;
    let log = tempfile::NamedTempFile::new().and_then(|file| file.keep().map_err(|e| e.error));
    let (log, path) = log.map_err(|e| e.to_string())?;
    let shown = format!("{command:?}").replace(env!("CARGO_MANIFEST_DIR"), ".");
    let again = log.try_clone().map_err(|e| e.to_string())?;
    let child = command.stdin(Stdio::null()).stdout(log).stderr(again).process_group(0).spawn();
    let mut server = Server {
        name,
        address,
        command: shown,
        child: child.map_err(|e| format!("{name} does not start: {e}"))?,
    };
    let began = Instant::now();
    loop {
        if std::net::TcpStream::connect(address).is_ok() {
            let _ = std::fs::remove_file(path);
            return Ok(server);
        }
        let ended = server.child.try_wait().map_err(|e| e.to_string())?.is_some();
        if ended || began.elapsed() > Duration::from_secs(60) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            return Err(format!("{name} does not listen: {}", text.lines().last().unwrap_or("no word")));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Server {
    /// One of the limits.
    pub fn hello(kind: &'static str, name: &'static str, length: usize) -> Self {
        let address = free_port();
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["hello", kind, &address.to_string(), &length.to_string()]);
        start(name, address, &mut command).expect("start the limit")
    }

    /// `anteroom serve` on the world's database, in a data folder of its own.
    pub fn anteroom(name: &'static str, w: &World, folder: &Path) -> Self {
        let address = free_port();
        let database = w.database.text();
        vacuum(&database);
        let mut command = anteroom(&database, &w.mailbox.url(), folder, address);
        start(name, address, &mut command).expect("start anteroom")
    }

    /// Memory of it and of all that it started, in MB: what is shared counts in parts (PSS).
    pub fn memory(&self) -> f64 {
        let kilobytes: u64 = self
            .processes()
            .iter()
            .filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok())
            .filter_map(|text| {
                let line = text.lines().find(|line| line.starts_with("Pss:"))?.to_owned();
                line.split_whitespace().nth(1)?.parse::<u64>().ok()
            })
            .sum();
        kilobytes as f64 / 1_024.0
    }

    /// Seconds on a processor since it was started.
    pub fn cpu(&self) -> f64 {
        let nanos: u64 = self
            .processes()
            .iter()
            .flat_map(|pid| std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten())
            .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
            .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
            .sum();
        nanos as f64 / 1e9
    }

    /// Itself and the rest of its process group.
    fn processes(&self) -> Vec<u32> {
        let group = self.child.id();
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok())
            .filter(|pid| {
                let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                // After the name in brackets: state, parent, group.
                let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
                rest.split_whitespace().nth(2).and_then(|g| g.parse::<u32>().ok()) == Some(group)
            })
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for pid in self.processes() {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn anteroom(database: &str, smtp: &str, folder: &Path, address: SocketAddr) -> Command {
    let key = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(MASTER_KEY);
    std::fs::write(folder.join("secret.key"), key).expect("write the key file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ANTEROOM_")) {
        command.env_remove(name);
    }
    command
        .arg("serve")
        .args(["--listen", &address.to_string(), "--public-url", &format!("http://{address}")])
        .arg("--data")
        .arg(folder)
        .args(["--database-url", database, "--smtp-url", smtp, "--log-level", "error"])
        .args(["--connections", "8192", "--connections-per-address", "8192"]);
    command
}

/// Milliseconds from the start of the program to its first answer.
pub fn cold_start(database: &str, smtp: &str, folder: &Path, runtime: &tokio::runtime::Runtime) -> f64 {
    let address = free_port();
    let began = Instant::now();
    let mut command = anteroom(database, smtp, folder, address);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start anteroom");
    let took = loop {
        let answer = runtime.block_on(Browser::new(address).try_send("GET", "/riverbend/sign-in", None));
        if answer.is_ok_and(|page| page.status() == 200) {
            break began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it does not start");
        std::thread::sleep(Duration::from_micros(500));
    };
    let _ = child.kill();
    let _ = child.wait();
    took.as_secs_f64() * 1_000.0
}

/// Where the peers stand, ready to run.
pub struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// Copies both beside the build and installs what they need; done once.
    pub fn prepare() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self { folder: root.join("target/bench/peers") }.with_sources(&root.join("bench/peers"))
    }

    fn with_sources(self, sources: &Path) -> Self {
        std::fs::create_dir_all(&self.folder).expect("the peers' folder");
        let copied = Command::new("cp")
            .arg("-r")
            .arg(sources.join("django"))
            .arg(sources.join("fastify"))
            .arg(&self.folder)
            .status();
        assert!(copied.is_ok_and(|status| status.success()), "the peers cannot be copied");
        self
    }

    /// Fastify with so many workers; says why where it cannot run here.
    pub fn fastify(&self, name: &'static str, workers: &str) -> Result<Server, String> {
        let folder = self.folder.join("fastify");
        if !folder.join("node_modules/fastify").is_dir() {
            run("npm", Command::new("npm").current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]))?;
        }
        let file = folder.join(format!("{workers}.sqlite3"));
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
        }
        run(
            "node",
            Command::new("node").current_dir(&folder).args(["server.js", "seed"]).env("SQLITE", &file),
        )?;
        let address = free_port();
        let mut command = Command::new("node");
        command
            .current_dir(&folder)
            .arg("cluster.js")
            .env("SQLITE", &file)
            .env("PORT", address.port().to_string())
            .env("WORKERS", workers)
            .env("CSRF_KEY", "00".repeat(32))
            .env("NODE_ENV", "production");
        let server = start(name, address, &mut command)?;
        // Its workers begin to listen one after the other.
        std::thread::sleep(Duration::from_secs(2));
        Ok(server)
    }

    /// Where its mails are kept.
    pub fn fastify_database(&self, workers: &str) -> PathBuf {
        self.folder.join("fastify").join(format!("{workers}.sqlite3"))
    }

    /// Django under gunicorn, two processes of four threads.
    pub fn django(&self, name: &'static str) -> Result<Server, String> {
        let folder = self.folder.join("django");
        let venv = self.folder.join("venv");
        if !venv.join("bin/gunicorn").is_file() {
            run("python3", Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
            run(
                "pip",
                Command::new(venv.join("bin/pip")).current_dir(&folder).args([
                    "install",
                    "--quiet",
                    "-r",
                    "requirements.txt",
                ]),
            )?;
        }
        let file = self.django_database();
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
        }
        for step in ["migrate", "seed"] {
            let mut command = Command::new(venv.join("bin/python"));
            run("python", command.current_dir(&folder).args(["manage.py", step]).env("SQLITE", &file))?;
        }
        let address = free_port();
        let mut command = Command::new(venv.join("bin/gunicorn"));
        command
            .current_dir(&folder)
            .args(["wsgi:application", "-w", "2", "-k", "gthread", "--threads", "4", "--keep-alive", "60"])
            .args(["-b", &address.to_string()])
            .env("SQLITE", &file);
        let server = start(name, address, &mut command)?;
        std::thread::sleep(Duration::from_secs(2));
        Ok(server)
    }

    /// Where its mails are kept.
    pub fn django_database(&self) -> PathBuf {
        self.folder.join("django/bench.sqlite3")
    }
}

fn run(name: &str, command: &mut Command) -> Result<(), String> {
    let log =
        File::options().create(true).append(true).open(std::env::temp_dir().join("anteroom-bench-peers.log"));
    let log = log.map_err(|e| e.to_string())?;
    let again = log.try_clone().map_err(|e| e.to_string())?;
    match command.stdin(Stdio::null()).stdout(log).stderr(again).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed ({status})")),
        Err(e) => Err(format!("{name} is not here: {e}")),
    }
}
