//! A throw-away PostgreSQL: one cluster a test process, made when the first test asks for it, in a
//! temporary folder, reached by a Unix socket. It ends with the process, however that ends: a shell
//! holds the other end of a pipe, and when the pipe closes it stops the server and removes the folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use anteroom::platform::db::{DatabaseUrl, migrate};

/// A running cluster with a migrated template.
pub struct Cluster {
    folder: PathBuf,
    next: AtomicU32,
    /// What the schema of a migrated database looks like.
    schema: OnceLock<String>,
    /// Migrated databases of tests that are over, with no row left: to make one takes most of a second.
    empty: Mutex<Vec<String>>,
    /// Its standard input is the pipe; it must live as long as the process.
    _keeper: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// The process's cluster.
pub fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(Cluster::start)
}

const TEMPLATE: &str = "anteroom_template";

/// A hash of every table, index, column, constraint, trigger and function.
const SCHEMA: &str = "
    SELECT md5(string_agg(part, ' ' ORDER BY part)) AS word FROM (
        SELECT relname || relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT attrelid::regclass || '.' || attname || atttypid || attnotnull FROM pg_attribute
            WHERE attnum > 0 AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
        UNION ALL SELECT conrelid::regclass || ' ' || conname FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT tgrelid::regclass || ' ' || tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ) AS parts (part)";

/// Neither foreign keys nor the triggers that keep rows from being deleted are asked.
const DELETE_ROWS: &str = "
    SET session_replication_role = replica;
    DO $$
    DECLARE one regclass;
    BEGIN
        FOR one IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND relname <> '__diesel_schema_migrations' AND pg_relation_size(oid) > 0
        LOOP
            EXECUTE 'DELETE FROM ' || one;
        END LOOP;
    END $$;";

impl Cluster {
    fn start() -> Self {
        let bin = binaries().unwrap_or_else(|| {
            panic!(
                "PostgreSQL's server programs (initdb, pg_ctl) are not here: install the package postgresql, \
                 or set ANTEROOM_TEST_ENGINES=sqlite"
            )
        });
        let folder = tempfile::Builder::new()
            .prefix("anteroom-pg-")
            .tempdir()
            .expect("a temporary folder for PostgreSQL")
            .keep();
        // PostgreSQL refuses to run as root, so root lends it another user.
        let user = other_user();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).expect("give the folder away");
        }
        // Its socket stands in here, and the tests must reach it.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("open the folder");
        let data = folder.join("data");
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(bin.join(program));
            command.args(arguments).current_dir(&folder).stdin(Stdio::null());
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            let output = command.output().unwrap_or_else(|e| panic!("{program} does not start: {e}"));
            assert!(
                output.status.success(),
                "{program} failed:\n{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        };
        let data_text = data.to_string_lossy().into_owned();
        run(
            "initdb",
            &["-D", &data_text, "-U", "anteroom", "-A", "trust", "--locale=C", "-E", "UTF8", "--no-sync"],
        );
        // fsync stays on: the tests are about what is kept. autovacuum is off: it counts the empty
        // tables at some moment, and from then on PostgreSQL plans with other indexes.
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 400\n\
             shared_buffers = 64MB\nfsync = on\nsynchronous_commit = on\ntimezone = 'UTC'\n\
             log_min_messages = warning\nautovacuum = off\nmax_wal_size = 1GB\n",
            folder.display()
        );
        let conf = data.join("postgresql.conf");
        let old = fs::read_to_string(&conf).expect("the new cluster's settings");
        fs::write(&conf, old + &settings).expect("write the settings");
        let keeper = keep_until_we_end(&bin, &data, &folder, user);
        let log = folder.join("log").to_string_lossy().into_owned();
        run("pg_ctl", &["-D", &data_text, "-l", &log, "-w", "-t", "60", "start"]);
        let cluster = Self {
            folder,
            next: AtomicU32::new(0),
            schema: OnceLock::new(),
            empty: Mutex::default(),
            _keeper: keeper,
        };
        cluster.run_sql(&format!("CREATE DATABASE {TEMPLATE}"));
        migrate(&cluster.url(TEMPLATE)).expect("migrate the template");
        let schema = cluster.look(TEMPLATE, SCHEMA).expect("read the schema of the template");
        cluster.schema.set(schema).expect("it is read once");
        cluster
    }

    fn url(&self, database: &str) -> DatabaseUrl {
        DatabaseUrl::Postgres(format!("postgres:///{database}?host={}&user=anteroom", self.folder.display()))
    }

    fn connect(&self, database: &str) -> diesel::ConnectionResult<diesel::PgConnection> {
        use diesel::Connection as _;
        let DatabaseUrl::Postgres(url) = self.url(database) else { panic!("a PostgreSQL database") };
        diesel::PgConnection::establish(&url)
    }

    fn run_sql(&self, sql: &str) {
        use diesel::prelude::*;
        let mut conn = self.connect("postgres").expect("reach the test cluster");
        diesel::sql_query(sql).execute(&mut conn).unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// The one text that a query gives.
    fn look(&self, database: &str, sql: &str) -> Option<String> {
        use diesel::prelude::*;
        #[derive(diesel::QueryableByName)]
        struct Word {
            #[diesel(sql_type = diesel::sql_types::Text)]
            word: String,
        }
        let mut conn = self.connect(database).ok()?;
        diesel::sql_query(sql).get_result::<Word>(&mut conn).ok().map(|row| row.word)
    }

    /// A migrated database without rows, for one test.
    pub fn fresh_database(&self) -> DatabaseUrl {
        if let Some(name) = self.empty.lock().expect("a lock").pop() {
            return self.url(&name);
        }
        let name = format!("t{}", self.next.fetch_add(1, Ordering::SeqCst));
        self.run_sql(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"));
        self.url(&name)
    }

    /// An empty database that nobody has migrated.
    pub fn empty_database(&self) -> DatabaseUrl {
        let name = format!("t{}", self.next.fetch_add(1, Ordering::SeqCst));
        self.run_sql(&format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// Takes a test's database back: the next test gets it without its rows, unless its schema is another now.
    pub fn take_back(&self, url: &str) {
        let name = url.trim_start_matches("postgres:///").split('?').next().unwrap_or_default();
        if self.delete_rows(name).is_ok() && self.look(name, SCHEMA).as_ref() == self.schema.get() {
            self.empty.lock().expect("a lock").push(name.to_owned());
        } else {
            self.run_sql(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }

    fn delete_rows(&self, database: &str) -> Result<(), String> {
        use diesel::connection::SimpleConnection as _;
        self.run_sql(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        ));
        let mut conn = self.connect(database).map_err(|e| e.to_string())?;
        conn.batch_execute(DELETE_ROWS).map_err(|e| e.to_string())
    }
}

/// The folder with `initdb` and `pg_ctl`: the newest of Debian's, or the path's.
pub fn binaries() -> Option<PathBuf> {
    let has_both = |folder: &Path| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file();
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| has_both(folder))
        .collect();
    found.sort_by_key(|folder| {
        folder.iter().rev().nth(1).and_then(|v| v.to_string_lossy().parse::<u32>().ok()).unwrap_or(0)
    });
    found.pop().or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| has_both(folder))
    })
}

/// Who we are; 0 is root.
pub fn effective_uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").map_or(1, |m| m.uid())
}

/// Who runs PostgreSQL when we are root: `postgres`, else `nobody`.
fn other_user() -> Option<(u32, u32)> {
    if effective_uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(find("postgres").or_else(|| find("nobody")).expect("a user besides root to run PostgreSQL as"))
}

fn keep_until_we_end(bin: &Path, data: &Path, folder: &Path, user: Option<(u32, u32)>) -> Child {
    let script = format!(
        "trap '' INT TERM HUP; cat >/dev/null; '{}' -D '{}' -m immediate -w stop >/dev/null 2>&1; \
         rm -rf '{}'",
        bin.join("pg_ctl").display(),
        data.display(),
        folder.display()
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // Its own group, so that Ctrl-C at the terminal leaves it time to tidy up.
    command.process_group(0);
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/").spawn().expect("a shell that stops PostgreSQL at the end")
}
