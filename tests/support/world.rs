//! A whole application, and the people of two practices.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anteroom::app;
use anteroom::features::access::actions::{
    self, Act, Key, NewCredential, RegisterOrder, Registered, Sent, Target,
};
use anteroom::features::charts::{self};
use anteroom::features::people::{Typed, TypedAddress, TypedPerson};
use anteroom::features::practice::{self, NewPractice, Practice};
use anteroom::kernel::civil::BirthDate;
use anteroom::kernel::clock::{Clock, MovableClock, Timestamp};
use anteroom::kernel::ids::{AccessId, AccountId, ChartId, PersonId, PracticeId, StaffId};
use anteroom::kernel::rng::{Rng, SystemRng};
use anteroom::kernel::secrets::{Secret, Token};
use anteroom::platform::audit::readings::Readings;
use anteroom::platform::audit::{Actor, By};
use anteroom::platform::buckets::Buckets;
use anteroom::platform::config::ObjectsUrl;
use anteroom::platform::confined::{Confined, Limits};
use anteroom::platform::crypto::Keys;
use anteroom::platform::db::schema::staff_member;
use anteroom::platform::db::{Conn, DatabaseUrl, Db, PracticeScope, Scoped, System, migrate};
use anteroom::platform::hashing::{HashCost, PasswordHashing, Standing, Turn};
use anteroom::platform::i18n::Language;
use anteroom::platform::live::Live;
use anteroom::platform::mail::Relay;
use anteroom::platform::mail::receiver::{ReceivedMail, Receiver};
use anteroom::platform::objects::Objects;
use anteroom::platform::outbox::{Pace, Worker};
use anteroom::platform::pay::local::Local;
use anteroom::platform::pay::{PayProvider, Stripe};
use anteroom::platform::permissions::Role;
use anteroom::platform::scanner::Scanner;
use anteroom::platform::server::{self, Patience};
use anteroom::platform::state::{App, AppState, PublicMetrics, Settings};
use anteroom::platform::stop::{self, Stopper};
use anteroom::platform::web::session::{self, Audience};
use anteroom::platform::web::touches::Touches;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tokio::sync::Notify;

use super::browser::Browser;
use super::{postgres, template};

/// Everybody's password, staff and clients alike.
pub const PASSWORD: &str = "quiet green river stones";

/// Signs what is posted to the bounce hook.
pub const BOUNCE_SECRET: &str = "a secret that only the test and the mail server know";

/// Tuesday, December 1, 2026, 10:00 AM in New York: where every world's clock begins.
pub const BEGINNING: Timestamp = Timestamp::from_micros(1_796_137_200_000_000);

/// Which database a story runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Engine {
    /// Its word in `ANTEROOM_TEST_ENGINES`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// Did `ANTEROOM_TEST_ENGINES` leave it in?
    pub fn is_wanted(self) -> bool {
        match std::env::var("ANTEROOM_TEST_ENGINES").as_deref() {
            Err(_) | Ok("" | "both") => true,
            Ok(word @ ("sqlite" | "postgres")) => word == self.word(),
            Ok(other) => panic!("ANTEROOM_TEST_ENGINES is sqlite, postgres or both, not {other:?}"),
        }
    }

    /// A fresh, migrated database.
    pub fn fresh_database(self) -> Database {
        match self {
            Self::Sqlite => {
                let folder = temporary_folder();
                let url = DatabaseUrl::Sqlite(folder.join("anteroom.db"));
                migrate(&url).expect("migrate the test's database");
                Database { url, folder: Some(folder) }
            }
            Self::Postgres => Database { url: postgres::cluster().fresh_database(), folder: None },
        }
    }
}

fn temporary_folder() -> PathBuf {
    tempfile::Builder::new().prefix("anteroom-test-").tempdir().expect("a temporary folder").keep()
}

/// A test's database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its address.
    pub url: DatabaseUrl,
    /// Its folder, on SQLite.
    pub folder: Option<PathBuf>,
}

impl Database {
    /// The same database, opened once more with a clock of its own.
    pub fn at(&self, clock: Arc<MovableClock>) -> Db {
        Db::open(&self.url, 2, clock, Arc::new(SystemRng)).expect("open the database once more")
    }

    /// A database of SQLite's in which both practices stand already.
    async fn from_template() -> Self {
        let folder = temporary_folder();
        let path = folder.join("anteroom.db");
        let make = async |path: &Path| {
            let url = DatabaseUrl::Sqlite(path.to_owned());
            migrate(&url).expect("migrate the template");
            let clock = Arc::new(MovableClock::frozen(BEGINNING));
            let objects = ObjectsUrl::Folder(path.with_extension("objects"));
            let usual = settings("http://127.0.0.1".into());
            let nobody = Arc::new(Stripe::at("http://127.0.0.1:1"));
            let app =
                application(&url, objects, clock, HashCost::Test, usual, (nobody, the_program(), None)).await;
            new_houses(&app).await;
        };
        template::copy(&path, make).await;
        Self { url: DatabaseUrl::Sqlite(path), folder: Some(folder) }
    }

    /// The folder in which the bytes of files lie, the same for every process on this database.
    pub fn objects(&self) -> PathBuf {
        match (&self.folder, &self.url) {
            (Some(folder), _) => folder.join("objects"),
            (None, DatabaseUrl::Sqlite(path)) => path.with_extension("objects"),
            (None, DatabaseUrl::Postgres(url)) => {
                // Beside the cluster, which is another one in each run and is removed at its end.
                let name = url.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
                let cluster =
                    url.split("host=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
                PathBuf::from(cluster).join(format!("objects-{name}"))
            }
        }
    }

    /// As the command line and the configuration write it.
    pub fn text(&self) -> String {
        match &self.url {
            DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            DatabaseUrl::Postgres(url) => url.clone(),
        }
    }
}

/// Removes a test's database.
pub fn take_down(database: Database) {
    let _ = std::fs::remove_dir_all(database.objects());
    if let Some(folder) = database.folder {
        let _ = std::fs::remove_dir_all(folder);
    }
    if let DatabaseUrl::Postgres(url) = database.url {
        postgres::cluster().take_back(&url);
    }
}

/// Counts the rows of PostgreSQL's tables, as autovacuum does elsewhere, which is off in the tests' cluster. Statements
/// that were planned while their tables were empty would read them from end to end.
pub async fn count_rows(db: &Db) {
    let count = |system: &mut System<'_>| match system.conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => Ok(conn.batch_execute("ANALYZE")?),
    };
    db.system_write(count).await.expect("count the rows");
}

/// A staff member.
#[derive(Clone, Debug)]
pub struct Member {
    /// Whose.
    pub staff_id: StaffId,
    /// Name.
    pub name: String,
    /// Sign-in name; the password is [`PASSWORD`].
    pub email: String,
    /// Role.
    pub role: Role,
}

/// A practice and its staff, one of each role.
#[derive(Clone, Debug)]
pub struct House {
    /// The practice's row.
    pub practice: Practice,
    /// Opened by the operator, for actions that a test calls directly.
    pub scope: PracticeScope,
    /// One of each role.
    pub staff: Vec<Member>,
}

impl House {
    /// Its part of every public address.
    pub fn slug(&self) -> &str {
        &self.practice.slug
    }

    /// The member with this role.
    pub fn member(&self, role: Role) -> &Member {
        self.staff.iter().find(|m| m.role == role).expect("a member of each role")
    }

    /// Who acts when a test calls an action as this member.
    pub fn by(&self, role: Role) -> By {
        let member = self.member(role);
        By { actor: Actor::Staff(member.staff_id, member.name.clone()), source: "127.0.0.1".into() }
    }
}

/// A client with a chart.
#[derive(Clone, Debug)]
pub struct Client {
    /// The chart.
    pub chart_id: ChartId,
    /// The client.
    pub person_id: PersonId,
    /// Its number.
    pub number: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// `YYYY-MM-DD`.
    pub born: String,
    /// The address on the face sheet; empty for none.
    pub email: String,
}

/// See the module.
pub struct World {
    /// The application's state, as handlers have it.
    pub app: AppState,
    /// The clock that everything asks; it stands still until it is moved.
    pub clock: Arc<MovableClock>,
    /// Which engine.
    pub engine: Engine,
    /// Its database.
    pub database: Database,
    /// Where the bytes of files lie.
    pub objects: ObjectsUrl,
    /// Where the application listens.
    pub address: SocketAddr,
    /// "Riverbend Counseling", slug `riverbend`.
    pub riverbend: House,
    /// "Twin Oaks Counseling", slug `twinoaks`.
    pub twinoaks: House,
    /// The mail server that everything is sent to.
    pub mailbox: Arc<Receiver>,
    /// The payment provider; no practice has an account there before a story gives it one.
    pub provider: Arc<Local>,
    worker: std::sync::Mutex<Option<Worker>>,
    sends: bool,
    /// How many mails of each address the story has looked at.
    read: std::collections::BTreeMap<String, usize>,
    _stopper: Stopper,
}

/// What a world is made with, for stories that need it otherwise.
pub struct Plan {
    /// Which engine.
    pub engine: Engine,
    /// The origin; `None` for the plain address that it listens on.
    pub public_url: Option<String>,
    /// Whether `/metrics` is on the public listener.
    pub metrics: PublicMetrics,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// The price of a password's hash.
    pub hash_cost: HashCost,
    /// An existing database, for a second process on it.
    pub database: Option<Database>,
    /// The clock.
    pub clock: Arc<MovableClock>,
    /// Does this process send mail? The worker starts when the story first asks for a mail.
    pub sends: bool,
    /// An existing mail server.
    pub mailbox: Option<Arc<Receiver>>,
    /// An existing payment provider.
    pub provider: Option<Arc<Local>>,
    /// What parses files of strangers.
    pub confined: Confined,
    /// What looks for viruses in files.
    pub scanner: Option<Scanner>,
    /// Where the bytes of files lie; `None` for the database's folder.
    pub objects: Option<ObjectsUrl>,
}

impl Plan {
    /// The usual one.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            public_url: None,
            metrics: PublicMetrics::Shown,
            trusted_proxies: Vec::new(),
            hash_cost: HashCost::Test,
            database: None,
            clock: Arc::new(MovableClock::frozen(BEGINNING)),
            sends: true,
            mailbox: None,
            provider: None,
            confined: the_program(),
            scanner: None,
            objects: None,
        }
    }
}

/// The program as it is built: the process of a story is a test.
fn the_program() -> Confined {
    Confined::by(env!("CARGO_BIN_EXE_anteroom").into(), Limits::USUAL)
}

/// How long a mail may take.
const MAIL_PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// The 32 bytes of every test's key file.
pub const MASTER_KEY: [u8; 32] = [42; 32];

impl World {
    /// A fresh world on an engine.
    pub async fn open(engine: Engine) -> Self {
        Self::planned(Plan::new(engine)).await
    }

    /// A world as planned.
    pub async fn planned(plan: Plan) -> Self {
        // The template's practices are as old as the usual clock, and their staff's passwords as cheap.
        let from_template = plan.database.is_none()
            && plan.engine == Engine::Sqlite
            && plan.clock.now() == BEGINNING
            && matches!(plan.hash_cost, HashCost::Test);
        let has_houses = plan.database.is_some() || from_template;
        let database = match plan.database {
            Some(database) => database,
            None if from_template => Database::from_template().await,
            None => tokio::task::spawn_blocking(move || plan.engine.fresh_database())
                .await
                .expect("a database for the test"),
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the address");
        let clock = plan.clock;
        let usual = settings(plan.public_url.unwrap_or_else(|| format!("http://{address}")));
        let settings = Settings { trusted_proxies: plan.trusted_proxies, metrics: plan.metrics, ..usual };
        let provider = match plan.provider {
            Some(provider) => provider,
            None => {
                let started = Local::start(([127, 0, 0, 1], 0).into(), clock.clone()).await;
                Arc::new(started.expect("a payment provider"))
            }
        };
        let pay = Arc::new(Stripe::at(provider.origin()));
        let around: (Arc<dyn PayProvider>, Confined, Option<Scanner>) = (pay, plan.confined, plan.scanner);
        let objects = plan.objects.unwrap_or_else(|| ObjectsUrl::Folder(database.objects()));
        let app =
            application(&database.url, objects.clone(), clock.clone(), plan.hash_cost, settings, around)
                .await;
        let (stopper, stop) = stop::signal();
        let patience = Patience { connections_per_address: 4_096, ..Patience::default() };
        tokio::spawn(server::serve(listener, app::router(app.clone()), patience, stop));
        let mailbox = match plan.mailbox {
            Some(mailbox) => mailbox,
            None => Arc::new(Receiver::start(([127, 0, 0, 1], 0).into()).await.expect("a mail server")),
        };
        let (riverbend, twinoaks) = if has_houses {
            (existing_house(&app, "riverbend").await, existing_house(&app, "twinoaks").await)
        } else {
            new_houses(&app).await
        };
        Self {
            app,
            clock,
            engine: plan.engine,
            database,
            objects,
            address,
            riverbend,
            twinoaks,
            mailbox,
            provider,
            worker: std::sync::Mutex::default(),
            sends: plan.sends,
            read: std::collections::BTreeMap::new(),
            _stopper: stopper,
        }
    }

    /// A second process's view of the same database: its own pool, its own socket, the same clock.
    pub async fn neighbour(&self) -> World {
        let mut plan = Plan::new(self.engine);
        plan.database = Some(self.database.clone());
        plan.objects = Some(self.objects.clone());
        plan.clock = self.clock.clone();
        plan.mailbox = Some(self.mailbox.clone());
        plan.provider = Some(self.provider.clone());
        World::planned(plan).await
    }

    /// Where pages that are open hear of a change here from now on: in this process, and in the other one on PostgreSQL.
    /// SQLite has one process that serves.
    pub fn nodes(&self, other: &World) -> Vec<SocketAddr> {
        for world in [self, other] {
            world.app.live.share(&world.app.db).expect("the processes tell each other of changes");
        }
        if self.app.db.is_postgres() { vec![self.address, other.address] } else { vec![self.address] }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A browser that nobody has used.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A browser in which Riverbend's member of this role is signed in.
    pub async fn staff(&self, role: Role) -> Browser {
        self.staff_of(&self.riverbend, role).await
    }

    /// A browser in which this member is signed in.
    pub async fn staff_of(&self, house: &House, role: Role) -> Browser {
        let subject = house.member(role).staff_id.to_string();
        self.signed_in(&house.scope, Audience::Staff, subject).await
    }

    /// A browser with a session of this subject, opened as a sign-in opens it.
    pub async fn signed_in(&self, scope: &PracticeScope, audience: Audience, subject: String) -> Browser {
        let token = self
            .app
            .db
            .write(scope, move |c| session::open(c, audience, &subject, "127.0.0.1", "a test"))
            .await
            .expect("open a session");
        let mut headers = axum::http::HeaderMap::new();
        session::set_cookie(&self.app.settings, audience, scope.id(), &token, &mut headers);
        let mut browser = self.browser();
        for cookie in headers.get_all("set-cookie") {
            browser.take_cookie(cookie.to_str().expect("a cookie in ASCII"));
        }
        browser
    }

    /// A chart at Riverbend: born April 12, 1990, `first.last@example.com` on the face sheet.
    pub async fn chart(&mut self, first: &str, last: &str) -> Client {
        let email = format!("{}.{}@example.com", plain(first), plain(last));
        self.chart_with(first, last, "1990-04-12", &email).await
    }

    /// A chart at Riverbend; an empty `born` or `email` for none.
    pub async fn chart_with(&mut self, first: &str, last: &str, born: &str, email: &str) -> Client {
        let scope = self.riverbend.scope.clone();
        self.chart_at(&scope, first, last, born, email).await
    }

    /// A chart at any practice, made as staff make it.
    pub async fn chart_at(
        &mut self,
        scope: &PracticeScope,
        first: &str,
        last: &str,
        born: &str,
        email: &str,
    ) -> Client {
        let mut person =
            TypedPerson { first_name: first.into(), last_name: last.into(), ..TypedPerson::default() };
        if !born.is_empty() {
            person = person.born(born);
        }
        if !email.is_empty() {
            person.emails.push(TypedAddress::mailable(email));
        }
        self.chart_of(scope, Typed { client: person, ..Typed::default() }).await
    }

    /// A chart with this face sheet.
    pub async fn chart_of(&mut self, scope: &PracticeScope, sheet: Typed) -> Client {
        let today = self.now().in_zone(&self.riverbend.practice.zone()).date();
        let checked = sheet.check(today).unwrap_or_else(|e| panic!("the face sheet is refused: {e:?}"));
        let house = if scope.id() == self.twinoaks.scope.id() { &self.twinoaks } else { &self.riverbend };
        let made = charts::create(&self.app, scope, house.by(Role::FrontDesk), checked)
            .await
            .expect("no fault")
            .unwrap_or_else(|e| panic!("the chart is refused: {e:?}"));
        let client = sheet.client;
        let born = format!("{}-{}-{}", client.birth_year, client.birth_month, client.birth_day);
        Client {
            chart_id: made.chart,
            person_id: made.person,
            number: made.number,
            born: if client.birth_year.is_empty() { String::new() } else { born },
            email: client.emails.first().map(|a| a.value.clone()).unwrap_or_default(),
            first_name: client.first_name,
            last_name: client.last_name,
        }
    }

    /// Riverbend's front desk invites the client.
    pub async fn invite(&self, client: &Client) -> Sent {
        let (target, act) =
            (Target::Owner(client.chart_id.clone()), Act::Invite { address: None, confirmed: Vec::new() });
        actions::act(&self.app, &self.riverbend.scope, self.riverbend.by(Role::FrontDesk), target, act)
            .await
            .expect("no fault")
            .expect("no refusal")
            .link
            .expect("a link was made")
            .sent
    }

    /// Waits for the next mail to this address that the story has not looked at.
    #[track_caller]
    pub fn mail_to<'a>(&'a mut self, address: &'a str) -> impl Future<Output = ReceivedMail> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            self.start_sending();
            let read = self.read.entry(address.to_lowercase()).or_default();
            let began = std::time::Instant::now();
            loop {
                if let Some(mail) = self.mailbox.mails_to(address).get(*read) {
                    *read += 1;
                    return mail.clone();
                }
                if began.elapsed() > MAIL_PATIENCE {
                    let all: Vec<String> = self
                        .mailbox
                        .mails()
                        .iter()
                        .map(|m| format!("{} to {}", m.subject, m.to.join(", ")))
                        .collect();
                    panic!(
                        "{caller}: no mail came to {address} (looked at {read} before); there are {all:#?}"
                    );
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }

    /// Waits until nothing is queued or on its way, then says how many mails to this address there
    /// are that the story has not looked at.
    pub async fn unread_to(&mut self, address: &str) -> usize {
        self.mail_has_settled().await;
        let read = self.read.get(&address.to_lowercase()).copied().unwrap_or(0);
        self.mailbox.mails_to(address).len() - read
    }

    /// Waits until nothing is queued or on its way.
    pub async fn mail_has_settled(&self) {
        use anteroom::platform::db::schema::outbox;
        self.start_sending();
        let began = std::time::Instant::now();
        loop {
            let left: i64 = self
                .look(|c| {
                    outbox::table.filter(outbox::state.eq_any(["queued", "sending"])).count().get_result(c)
                })
                .await;
            if left == 0 {
                return;
            }
            assert!(began.elapsed() < MAIL_PATIENCE, "{left} mails do not leave");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Stops the worker that sends mail, in good order.
    pub async fn stop_sending(&self) {
        let worker = self.worker.lock().expect("the worker").take();
        if let Some(worker) = worker {
            worker.stop().await;
        }
    }

    /// Starts it, unless it runs already or another process is to send.
    pub fn start_sending(&self) {
        let mut worker = self.worker.lock().expect("the worker");
        if self.sends && worker.is_none() {
            let relay = Relay::parse(&self.mailbox.url()).expect("the mail server's URL");
            *worker = Some(Worker::start(self.app.clone(), relay, Pace::default()));
        }
    }

    /// The path of the link in a mail, such as `/riverbend/i/…`.
    #[track_caller]
    pub fn link_in(&self, mail: &ReceivedMail) -> String {
        let link = mail.link().unwrap_or_else(|| panic!("no link in this mail:\n{}", mail.text));
        let path = link.strip_prefix(&self.app.settings.public_url);
        path.unwrap_or_else(|| panic!("{link} is not of {}", self.app.settings.public_url)).to_owned()
    }

    /// Invites the client; the reader of the mail answers "this isn't me" on the link's page.
    pub async fn invite_and_refuse(&mut self, client: &Client) {
        self.invite(client).await;
        let mail = self.mail_to(&client.email).await;
        let mut reader = self.browser();
        let page = reader.get(&format!("{}/decline", self.link_in(&mail))).await;
        reader.submit(&page, "decline", &[("answer", "not-me")]).await.must_be(303);
    }

    /// Invites the client, takes the link out of the mail and registers with [`PASSWORD`], by the
    /// actions and not by the pages. Gives the account.
    pub async fn register(&mut self, client: &Client) -> (Sent, AccountId) {
        let sent = self.invite(client).await;
        let mail = self.mail_to(&client.email).await;
        let link = self.link_in(&mail);
        let account = self.register_by(&link, client).await;
        (sent, account)
    }

    /// Registers the client through a link that is already out.
    pub async fn register_by(&self, link: &str, client: &Client) -> AccountId {
        let token = link.rsplit('/').next().and_then(Token::read).expect("a link ends with its token");
        let order = RegisterOrder {
            key: Key::Token(token),
            last_name: client.last_name.clone(),
            birth_date: BirthDate::from_iso(&client.born, jiff::civil::date(2100, 1, 1)).expect("a date"),
            credential: NewCredential::Password(Secret::new(PASSWORD.to_owned())),
            nonce: format!("nonce of {}", client.chart_id),
            language: Language::English,
            ip_bucket: "127.0.0.1".into(),
            device: None,
            session: None,
        };
        let by = By { actor: Actor::LinkHolder, source: "127.0.0.1".into() };
        match actions::register(&self.app, &self.riverbend.scope, by, order).await.expect("no fault") {
            Registered::Welcome { account, .. } => account,
            other => panic!("registration was refused: {other:?}"),
        }
    }

    /// A registered client's browser, signed in.
    pub async fn registered(&mut self, client: &Client) -> Browser {
        let (_, account) = self.register(client).await;
        let scope = self.riverbend.scope.clone();
        self.signed_in(&scope, Audience::Client, account.to_string()).await
    }

    /// Runs one unit on the database, outside every practice.
    pub async fn look<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut anteroom::platform::db::Conn) -> QueryResult<T> + Send + 'static,
    ) -> T {
        let mut unit = Some(unit);
        let read = self.app.db.system_read(move |system| {
            let unit = unit.take().expect("a look into the database is not run again");
            Ok(unit(system.conn)?)
        });
        read.await.expect("look into the database")
    }

    /// Runs the jobs that are due now; returns how many of them changed a chart.
    pub async fn run_due_jobs(&self) -> usize {
        let (_stopper, stop) = anteroom::platform::stop::signal();
        let round = anteroom::platform::jobs::run_due(&self.app, &app::JOBS, &stop).await;
        round.expect("no fault").changed
    }

    /// Writes down who has opened which chart, as a worker does every second.
    pub async fn readings_are_written(&self) {
        self.app.readings.write(&self.app.db, self.now()).await.expect("no fault");
    }

    /// Changes the database behind the application's back.
    pub async fn tamper(
        &self,
        mut unit: impl FnMut(&mut anteroom::platform::db::Conn) -> QueryResult<usize> + Send + 'static,
    ) -> usize {
        self.app.db.system_write(move |system| Ok(unit(system.conn)?)).await.expect("change the database")
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

/// What the operator of every test has set.
fn settings(public_url: String) -> Settings {
    Settings {
        public_url,
        trusted_proxies: Vec::new(),
        mail_sender: "portal@anteroom.example.org".into(),
        bounce_domain: "bounce.anteroom.example.org".into(),
        security_contact: Some("mailto:security@example.org".into()),
        bounce_secret: Some(Secret::new(BOUNCE_SECRET.to_owned())),
        api_per_minute: 600,
        metrics: PublicMetrics::Shown,
    }
}

/// The state that handlers are given, on this database.
async fn application(
    url: &DatabaseUrl,
    objects: ObjectsUrl,
    clock: Arc<MovableClock>,
    hash_cost: HashCost,
    settings: Settings,
    (pay, confined, scanner): (Arc<dyn PayProvider>, Confined, Option<Scanner>),
) -> AppState {
    let rng: Arc<dyn Rng> = Arc::new(SystemRng);
    let keys = Keys::from_master(&MASTER_KEY);
    let opened = {
        let (url, clock, rng) = (url.clone(), clock.clone(), rng.clone());
        tokio::task::spawn_blocking(move || Db::open(&url, 6, clock, rng))
    };
    let db = opened.await.expect("the task ran").expect("open the database");
    db.use_audit_key(keys.key_for("audit"));
    Arc::new(App {
        confined,
        scanner,
        db,
        objects: Objects::at(objects),
        clock,
        rng,
        hashing: PasswordHashing::new(&keys, hash_cost).expect("password hashing"),
        keys,
        settings,
        buckets: Buckets::default(),
        live: Live::default(),
        pay,
        pay_bell: Arc::new(Notify::new()),
        outbox_bell: Arc::new(Notify::new()),
        mail_hooks: app::mail_hooks(),
        touches: Touches::default(),
        readings: Readings::default(),
        navigation: &anteroom::features::NAVIGATION,
    })
}

async fn new_houses(app: &AppState) -> (House, House) {
    (
        new_house(app, "riverbend", "Riverbend Counseling", "example.org").await,
        new_house(app, "twinoaks", "Twin Oaks Counseling", "example.net").await,
    )
}

async fn new_house(app: &AppState, slug: &str, name: &str, domain: &str) -> House {
    let new = NewPractice {
        slug: slug.into(),
        name: name.into(),
        time_zone: anteroom::kernel::zone::Zone::read("America/New_York").expect("a zone"),
        language: Language::English,
        email: format!("desk@{slug}.{domain}"),
        phone: "555-0100".into(),
    };
    let hash = app
        .hashing
        .hash(
            Turn::of(&PracticeId::fresh(app.rng.as_ref(), app.now()), Standing::Known),
            &Secret::new(PASSWORD.to_owned()),
            app.rng.as_ref(),
        )
        .await
        .expect("hash the staff's password")
        .expect("room in the queue");
    let (practice, staff) = app
        .db
        .system_write(move |system| {
            let id = practice::create(system, &new)?;
            let scope = PracticeScope::for_operator(id);
            let mut c = system.within(&scope);
            let staff = insert_staff(&mut c, &new.slug, &hash)?;
            Ok((practice::load(&mut c)?, staff))
        })
        .await
        .expect("make a practice");
    let scope = PracticeScope::for_operator(practice.practice_id);
    House { practice, scope, staff }
}

async fn existing_house(app: &AppState, slug: &'static str) -> House {
    let (practice, staff) = app
        .db
        .system_read(move |system| {
            let practice = practice::find_by_slug(system, slug)?.expect("the practice is there");
            let rows: Vec<(StaffId, String, String, Role)> = staff_member::table
                .filter(staff_member::practice_id.eq(practice.practice_id))
                .select((staff_member::staff_id, staff_member::name, staff_member::email, staff_member::role))
                .load(system.conn)?;
            let staff = rows
                .into_iter()
                .map(|(staff_id, name, email, role)| Member { staff_id, name, email, role })
                .collect();
            Ok((practice, staff))
        })
        .await
        .expect("find the practice");
    let scope = PracticeScope::for_operator(practice.practice_id);
    House { practice, scope, staff }
}

const STAFF: [(Role, &str, &str); 4] = [
    (Role::Administrator, "Robin Hale", "robin"),
    (Role::Clinician, "Casey Moreno", "casey"),
    (Role::FrontDesk, "Dana Whitfield", "dana"),
    (Role::Biller, "Jo Lindqvist", "jo"),
];

fn insert_staff(
    c: &mut Scoped<'_>,
    slug: &str,
    hash: &str,
) -> Result<Vec<Member>, anteroom::platform::fault::Fault> {
    let mut made = Vec::new();
    for (role, name, local) in STAFF {
        let member = Member {
            staff_id: StaffId::fresh(c.rng(), c.now()),
            name: name.into(),
            email: format!("{local}@{slug}.example.org"),
            role,
        };
        c.insert(
            staff_member::table,
            (
                staff_member::staff_id.eq(member.staff_id),
                staff_member::email.eq(&member.email),
                staff_member::email_key.eq(member.email.to_lowercase()),
                staff_member::name.eq(&member.name),
                staff_member::role.eq(role),
                staff_member::state.eq("active"),
                staff_member::password_hash.eq(Some(hash)),
                staff_member::version.eq(1i64),
                staff_member::created_at.eq(c.now()),
            ),
        )?;
        made.push(member);
    }
    Ok(made)
}
